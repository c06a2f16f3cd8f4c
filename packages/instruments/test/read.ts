import { BufferPool, MemoryLedger } from '@millrace/wire';
import type { Batch } from '@millrace/wire';
import { encodeJson } from '@millrace/wire';

/** A pool for a test. */
export const pool = new BufferPool(new MemoryLedger(2 ** 28), { poison: true });

/** A point of OTLP/JSON, as far as tests look at it. */
export interface JsonPoint {
  readonly attributes?: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
  readonly scale?: number;
  readonly positive?: { readonly offset?: number; readonly bucketCounts: readonly string[] };
  readonly quantileValues?: readonly { readonly quantile: number; readonly value: number }[];
}

/** A metric of OTLP/JSON. */
export interface JsonMetric {
  readonly name: string;
  readonly unit?: string;
  readonly description?: string;
  readonly kind: string;
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
  readonly dataPoints: readonly JsonPoint[];
}

/** What a batch has, as OTLP/JSON; the batch is released. */
export function read(batch: Batch | undefined): { resource: unknown; scope: unknown; metrics: JsonMetric[] } {
  if (batch === undefined) return { resource: undefined, scope: undefined, metrics: [] };
  const { lease, length } = encodeJson(batch);
  const request = JSON.parse(lease.buffer.toString('utf8', 0, length)) as {
    resourceMetrics: [{ resource: unknown; scopeMetrics: [{ scope: unknown; metrics: Record<string, unknown>[] }] }];
  };
  lease.release();
  batch.release();
  const [{ resource, scopeMetrics }] = request.resourceMetrics;
  const metrics = scopeMetrics[0].metrics.map(({ name, unit, description, ...data }) => {
    const [kind, content] = Object.entries(data)[0]!;
    return { name, unit, description, kind, ...(content as object) } as JsonMetric;
  });
  return { resource, scope: scopeMetrics[0].scope, metrics };
}

/** A metric of a batch by its name. */
export function metric(batch: Batch | undefined, name: string): JsonMetric | undefined {
  return read(batch).metrics.find((one) => one.name === name);
}

/** The samples of a text: value by what stands before it. */
export function samples(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

/** A clock that a test moves. */
export class Clock {
  ms = 1_700_000_000_000;
  readonly now = (): number => this.ms;
}
