import type { Host, MetricSource } from '@millrace/api';
import type { HistoryStore } from '@millrace/history';
import type { MetricReader } from './metric-reader.ts';
import type { Parameters, ParameterSchema } from './parameters.ts';

/** A JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** One row of an answer; its keys are the columns of the CSV. */
export type Row = Readonly<Record<string, unknown>>;

/** What an endpoint found: facts, and rows of which a page is sent. */
export interface Found {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly rows: readonly Row[];
  /** Default 200. */
  readonly status?: number;
}

/** One request. */
export interface Ask {
  readonly parameters: Parameters;
  readonly reader: MetricReader;
  readonly source: MetricSource;
  /** Undefined when no extension keeps traces. */
  readonly store: HistoryStore | undefined;
  readonly host: Host;
  readonly nowMs: number;
  /** The header, empty when there is none. */
  readonly accept: string;
  readonly baselineModel: string;
  readonly requests: RequestCounts;
}

/** What was asked so far. */
export interface RequestCounts {
  total: number;
  failed: number;
  readonly startedMs: number;
}

/** What a path answers, and what OpenAPI says about it. */
export interface Endpoint {
  readonly path: string;
  readonly summary: string;
  readonly parameters: Readonly<Record<string, ParameterSchema>>;
  /** The field of the answer that has the rows. */
  readonly rows: string;
  /** JSON Schemas by column. */
  readonly columns: Readonly<Record<string, Schema>>;
  /** JSON Schemas of the facts beside the rows. */
  readonly facts: Readonly<Record<string, Schema>>;
  /** Columns and facts that may be absent. */
  readonly optional?: readonly string[];
  /** Answers as Prometheus text instead of JSON when nothing else is asked for. */
  readonly text?: (ask: Ask) => Promise<{ readonly type: string; readonly body: string | Buffer }>;
  readonly find: (ask: Ask) => Promise<Found>;
}

/** The client asked for what there is not, or in a wrong way; `status` is that of HTTP. */
export class AskError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const text: Schema = { type: 'string' };
export const number: Schema = { type: 'number' };
export const integer: Schema = { type: 'integer' };
export const time: Schema = { type: 'string', format: 'date-time' };
export const flag: Schema = { type: 'boolean' };
/** Text by text. */
export const texts: Schema = { type: 'object', additionalProperties: text };

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
