import type { ExtensionFactory } from '@millrace/api';
import { parseEndpoint } from '@millrace/transport';
import { configSchema } from './config.ts';
import type { PprofConfig } from './config.ts';
import { Pprof } from './pprof.ts';

function validateConfig({ endpoint }: PprofConfig): string[] {
  try {
    parseEndpoint(endpoint);
    return [];
  } catch (error) {
    return [`endpoint: ${(error as Error).message}`];
  }
}

/** Extension `pprof`: profiles the running process. */
export const factory: ExtensionFactory<PprofConfig> = {
  kind: 'extension',
  type: 'pprof',
  scope: 'process',
  stability: 'beta',
  configSchema,
  validateConfig,
  create: (config, context) => new Pprof(config, context),
};
