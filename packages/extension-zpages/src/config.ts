import { httpServerProperties } from '@millrace/transport';
import type { HttpServerConfig } from '@millrace/transport';

/** The checked configuration of extension `zpages`. */
export interface ZPagesConfig extends HttpServerConfig {
  readonly expvar: { readonly enabled: boolean };
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...httpServerProperties({ endpoint: 'localhost:55679' }),
    expvar: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'The page /debug/expvarz.',
      properties: { enabled: { type: 'boolean', default: false, description: 'Whether memory and command line are shown as JSON.' } },
    },
  },
};
