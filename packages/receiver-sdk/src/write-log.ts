import type { ByteWriter } from '@millrace/wire';
import { writeAttributes, writeId, writeNumber, writeText, writeTime, writeValueField } from './write-attributes.ts';
import type { Attributes, HrTime, Resource, Scope, SpanIds } from './write-attributes.ts';

/** A log record: `ReadableLogRecord` of @opentelemetry/sdk-logs. */
export interface EmittedLog {
  readonly hrTime: HrTime;
  readonly hrTimeObserved?: HrTime | undefined;
  readonly spanContext?: SpanIds | undefined;
  readonly severityText?: string | undefined;
  readonly severityNumber?: number | undefined;
  readonly body?: unknown;
  readonly eventName?: string | undefined;
  readonly resource: Resource;
  readonly instrumentationScope: Scope;
  readonly attributes: Attributes;
  readonly droppedAttributesCount?: number | undefined;
}

/** Writes a log record as the content of an OTLP `LogRecord` message (opentelemetry/proto/logs/v1). Throws on ids that are none. */
export function writeLog(writer: ByteWriter, log: EmittedLog): void {
  writeTime(writer, 0x09, log.hrTime);
  writeNumber(writer, 0x10, log.severityNumber);
  if (log.severityText !== undefined && log.severityText !== '') writeText(writer, 0x1a, log.severityText);
  if (log.body !== undefined && log.body !== null) writeValueField(writer, 0x2a, log.body);
  writeAttributes(writer, 0x32, log.attributes);
  writeNumber(writer, 0x38, log.droppedAttributesCount);
  const ids = log.spanContext;
  if (ids !== undefined) {
    writer.byte(0x45);
    writer.fixed32(ids.traceFlags & 0xff);
    writeId(writer, 0x4a, ids.traceId, 16);
    writeId(writer, 0x52, ids.spanId, 8);
  }
  writeTime(writer, 0x59, log.hrTimeObserved ?? log.hrTime);
  if (log.eventName !== undefined && log.eventName !== '') writeText(writer, 0x62, log.eventName);
}
