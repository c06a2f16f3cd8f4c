import type { LogView, ProcessorFactory, SpanView } from '@millrace/api';
import { configSchema } from './config.ts';
import type { ProbabilisticSamplerConfig } from './config.ts';
import { seeded } from './hash.ts';
import { LogCarrier } from './log-carrier.ts';
import { Sampler } from './sampler.ts';
import { SpanCarrier } from './span-carrier.ts';
import { minProbability } from './threshold.ts';

function validateConfig({ sampling_percentage: percentage, sampling_precision: precision }: ProbabilisticSamplerConfig): string[] {
  const problems: string[] = [];
  const ratio = Math.fround(percentage) / 100;
  if (!Number.isFinite(ratio)) problems.push(`sampling rate is invalid: ${ratio > 0 ? '+Inf' : ratio < 0 ? '-Inf' : 'NaN'}%`);
  else if (ratio < 0) problems.push(`sampling rate is negative: ${Math.fround(percentage).toFixed(6)}%`);
  else if (ratio > 0 && ratio < minProbability) problems.push(`sampling rate is too small: ${percentage}%`);
  if (precision < 1) problems.push(`invalid sampling precision: ${precision}`);
  else if (precision > 14) problems.push(`sampling precision is too great, should be <= 14: ${precision}`);
  return problems;
}

const dropReason = 'not_sampled';

/** Processor `probabilistic_sampler`: keeps a share of the spans or log records, the same one wherever it decides about a trace. */
export const factory: ProcessorFactory<ProbabilisticSamplerConfig> = {
  kind: 'processor',
  type: 'probabilistic_sampler',
  stability: { traces: 'beta', logs: 'alpha' },
  configSchema,
  validateConfig,
  visit: (config, context) => {
    const seed = seeded(config.hash_seed);
    if (context.signal === 'logs') {
      const sampler = new Sampler<LogView>(config, new LogCarrier(config, seed), context);
      return { dropReason, onLog: (log) => sampler.sample(log) };
    }
    const sampler = new Sampler<SpanView>(config, new SpanCarrier(seed), context);
    return { dropReason, onSpan: (span) => sampler.sample(span) };
  },
};
