import { type HttpServerConfig, httpServerProperties } from '@millrace/transport';

/** The checked configuration of receiver `zipkin`. */
export interface ZipkinReceiverConfig extends HttpServerConfig {
  readonly parse_string_tags: boolean;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...httpServerProperties({ endpoint: 'localhost:9411' }),
    parse_string_tags: {
      type: 'boolean',
      default: false,
      description: 'Make numbers and booleans of tags whose text is one; otherwise all tags become strings.',
    },
  },
};
