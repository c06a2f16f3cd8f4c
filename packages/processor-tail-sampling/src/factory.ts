import type { ProcessorFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { TailSamplingConfig } from './config.ts';
import { Decider } from './decider.ts';
import { TailSampling } from './tail-sampling.ts';

const silent = (): void => {};

function validateConfig(config: TailSamplingConfig): string[] {
  try {
    const logger = { debug: silent, info: silent, warn: silent, error: silent };
    void new Decider(config, { logger, clock: { now: () => 0, setTimeout: () => ({ cancel: silent }) } });
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Processor `tail_sampling`: keeps whole traces by what happened in them. One instance sees the spans of all threads. */
export const factory: ProcessorFactory<TailSamplingConfig> = {
  kind: 'processor',
  type: 'tail_sampling',
  scope: 'process',
  stability: { traces: 'beta' },
  configSchema,
  validateConfig,
  create: (config, next, context) => new TailSampling(config, next, context),
};
