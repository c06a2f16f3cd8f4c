import type { ProcessorFactory } from '@millrace/api';
import { overrideProblems } from '@millrace/genai';
import { configSchema } from './config.ts';
import type { GenaiConfig } from './config.ts';
import { GenaiVisitor } from './genai-visitor.ts';

/** Processor `genai`: gives operations of generative AI one set of names, and adds what they used and cost. */
export const factory: ProcessorFactory<GenaiConfig> = {
  kind: 'processor',
  type: 'genai',
  stability: { traces: 'beta', logs: 'beta' },
  configSchema,
  validateConfig: ({ prices }) => overrideProblems(prices.overrides, 'prices::overrides'),
  visit: (config, context) => new GenaiVisitor(config, context),
};
