import type { MetricSource } from '@millrace/api';
import type { Engine } from '@millrace/promql';
import type { HttpExchange } from '@millrace/transport';
import type { Parameters } from './parameters.ts';

/** One request. */
export interface Request {
  readonly exchange: HttpExchange;
  readonly parameters: Parameters;
  /** Of a request that is no form. */
  readonly body: Buffer;
  /** `name` of `/api/v1/label/<name>/values`. */
  readonly labelName: string;
  readonly source: MetricSource;
  readonly engine: Engine;
  readonly nowMs: number;
  readonly lookbackMs: number;
  readonly samplesMax: number;
  readonly version: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** Answers a request. What it throws is answered as an error. */
export type Handler = (request: Request) => Promise<void> | void;
