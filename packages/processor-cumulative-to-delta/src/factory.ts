import type { ProcessorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { SeriesStage } from '@millrace/timeseries';
import { configSchema } from './config.ts';
import type { CumulativeToDeltaConfig } from './config.ts';
import { DeltaVisitor } from './delta-visitor.ts';

const metricTypes = ['exponentialhistogram', 'histogram', 'sum'];

/** Processor `cumulativetodelta`: turns cumulative sums and histograms into deltas. */
export const factory: ProcessorFactory<CumulativeToDeltaConfig> = {
  kind: 'processor',
  type: 'cumulativetodelta',
  stability: { metrics: 'beta' },
  configSchema,
  // The points of a series may come to any worker.
  scope: 'process',
  validateConfig({ max_staleness: staleness, include, exclude }) {
    const problems: string[] = [];
    for (const [path, match] of Object.entries({ include, exclude })) {
      if (match === undefined) continue;
      if (match.metrics.length > 0 && match.match_type === '') problems.push(`${path}: match_type must be set if metrics are supplied`);
      if (match.metrics.length === 0 && match.match_type !== '') problems.push(`${path}: metrics must be supplied if match_type is set`);
      if (match.match_type !== '' && !['strict', 'regexp'].includes(match.match_type)) {
        problems.push(`${path}: unrecognized match_type: '${match.match_type}', valid types are: [regexp strict]`);
      }
      for (const type of match.metric_types) {
        if (metricTypes.includes(type.toLowerCase())) continue;
        problems.push(`${path}: found invalid metric type in ${path}.metric_types: ${type}. Valid values are [${metricTypes.join(' ')}]`);
      }
    }
    if (durationMs(staleness) < 0) problems.push('max_staleness: must not be negative');
    return problems;
  },
  create(config, next, context) {
    const staleMs = durationMs(config.max_staleness);
    return new SeriesStage(new DeltaVisitor(config, context), { staleMs, ...(staleMs > 0 && { sweepMs: staleMs }) }, next, context);
  },
};
