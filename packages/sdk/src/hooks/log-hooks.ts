import type { EmittedLog, Inlet } from '@millrace/receiver-sdk';
import { answer } from './span-hooks.ts';
import type { ExportResult } from './span-hooks.ts';

/** `LogRecordProcessor` of @opentelemetry/sdk-logs. */
export interface LogRecordProcessorHook {
  onEmit(log: EmittedLog): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** `LogRecordExporter` of @opentelemetry/sdk-logs. */
export interface LogRecordExporterHook {
  export(logs: readonly EmittedLog[], done: (result: ExportResult) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Takes every log record as it is emitted, with what processors before it did to it. */
export function logRecordProcessor(inlet: Inlet): LogRecordProcessorHook {
  return { onEmit: (log) => inlet.log(log), forceFlush: () => inlet.flush(), shutdown: () => inlet.flush() };
}

/** For a batching processor of the application's own: says whether the pipelines took the records. */
export function logRecordExporter(inlet: Inlet): LogRecordExporterHook {
  return { export: (logs, done) => answer(inlet.logs(logs), done), forceFlush: () => inlet.flush(), shutdown: () => inlet.flush() };
}
