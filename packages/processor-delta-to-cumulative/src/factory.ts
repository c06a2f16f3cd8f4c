import type { ProcessorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { SeriesStage } from '@millrace/timeseries';
import { configSchema } from './config.ts';
import type { DeltaToCumulativeConfig } from './config.ts';
import { SumVisitor } from './sum-visitor.ts';

/** Stale series are looked for so often. */
const sweepMs = 60_000;

/** Processor `deltatocumulative`: adds deltas up to cumulative sums and histograms. */
export const factory: ProcessorFactory<DeltaToCumulativeConfig> = {
  kind: 'processor',
  type: 'deltatocumulative',
  stability: { metrics: 'alpha' },
  configSchema,
  // The points of a series may come to any worker.
  scope: 'process',
  validateConfig({ max_stale: stale, max_streams: streams = 1 }) {
    const problems: string[] = [];
    if (durationMs(stale) <= 0) problems.push(`max_stale must be a positive duration (got ${stale})`);
    if (streams < 0) problems.push(`max_streams must be a positive number (got ${streams})`);
    return problems;
  },
  create: (config, next, context) =>
    new SeriesStage(new SumVisitor(config, context), { staleMs: durationMs(config.max_stale), sweepMs }, next, context),
};
