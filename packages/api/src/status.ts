import type { ComponentKind } from './component.ts';
import type { Signal } from '@millrace/wire';

/**
 * How a component fares, in the Collector's words: a recoverable error may go away by itself, a permanent one needs a person, a fatal one
 * ends the process.
 */
export type Status = 'Starting' | 'OK' | 'RecoverableError' | 'PermanentError' | 'FatalError' | 'Stopping' | 'Stopped';

/** The last status that a component reported. */
export interface StatusReport {
  readonly status: Status;
  /** Of the error states: what went wrong. */
  readonly error?: Error;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** One running component instance. */
export interface ComponentInfo {
  readonly kind: ComponentKind;
  /** The id as the user wrote it. */
  readonly id: string;
  /** Pipelines that it takes part in, such as `traces/in`; empty for extensions. */
  readonly pipelines: readonly string[];
  readonly report: StatusReport;
}

/** One pipeline as it is configured. */
export interface PipelineInfo {
  readonly id: string;
  readonly signal: Signal;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/** One finished span of the service itself. */
export interface OwnSpan {
  readonly name: string;
  /** Hexadecimal. */
  readonly traceId: string;
  readonly spanId: string;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly error: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What a component can see of the service that it runs in: for health checks and diagnostic pages. */
export interface ServiceInfo {
  readonly program: { readonly name: string; readonly version: string };
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly pipelines: readonly PipelineInfo[];
  /** Every component instance with its present status. */
  components(): readonly ComponentInfo[];
  /** Calls `changed` after each report of a component, in whichever thread. Returns the function that ends this. */
  watchStatus(changed: () => void): () => void;
  /** The feature gates that are known, in order of their ids. */
  readonly featureGates: readonly {
    readonly id: string;
    readonly enabled: boolean;
    readonly stage: string;
    readonly description: string;
  }[];
  /** The configuration in use, defaults included and secrets redacted. */
  printedConfig(format: 'yaml' | 'json'): string;
  /** The latest spans of the service itself, oldest first; empty unless its own traces are on. */
  recentSpans(): readonly OwnSpan[];
}
