import { BatchBuilder } from '@millrace/wire';
import type { Batch, BufferPool } from '@millrace/wire';
import type { Report } from './rounds.ts';
import { gauges } from './statements.ts';

/** Forecasts as gauges, each under the resource of its series and at the time that they were made: what they are about is later. */
export function reportBatch(atMs: number, reports: readonly Report[], pool: BufferPool): Batch | undefined {
  const builder = new BatchBuilder('metrics', pool);
  const timeUnixNano = BigInt(Math.round(atMs)) * 1_000_000n;
  for (const { series, statements } of reports) {
    const scope = builder.resource(series.identity.resource).scope('forecast');
    for (const { gauge, unit, value, attributes } of statements) {
      if (!Number.isFinite(value)) continue;
      scope.metric({ name: gauge, description: gauges[gauge], unit, type: 'gauge' }).point({ timeUnixNano, asDouble: value, attributes });
    }
  }
  return builder.finish();
}
