import type { ExtensionFactory } from '@millrace/api';
import { serverProblems } from '@millrace/transport';
import { configSchema } from './config.ts';
import type { ZPagesConfig } from './config.ts';
import { ZPages } from './zpages.ts';

/** Extension `zpages`: the running service as web pages. */
export const factory: ExtensionFactory<ZPagesConfig> = {
  kind: 'extension',
  type: 'zpages',
  scope: 'process',
  stability: 'beta',
  configSchema,
  validateConfig: (config) => serverProblems(config),
  create: (config, context) => new ZPages(config, context),
};
