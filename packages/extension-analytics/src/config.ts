import { httpServerProperties } from '@millrace/transport';
import type { HttpServerConfig } from '@millrace/transport';

/** The checked configuration of extension `analytics`. */
export interface AnalyticsConfig extends HttpServerConfig {
  readonly source?: string;
  readonly baseline_model: string;
  readonly max_concurrency: number;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...httpServerProperties({ endpoint: 'localhost:55691', timeouts: false }),
    source: {
      type: 'string',
      description: 'Id of the extension that has the metrics, such as `history`. Absent: the only one that has any.',
    },
    baseline_model: {
      type: 'string',
      default: '',
      description: 'The model that savings are compared with, as `baseline_model` of the prices names it: it is named in answers.',
    },
    max_concurrency: {
      type: 'integer',
      minimum: 1,
      default: 100,
      description: 'How many requests are worked on at the same time; more are refused with 503.',
    },
  },
};
