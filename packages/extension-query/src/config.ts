import { httpServerProperties } from '@millrace/transport';
import type { HttpServerConfig } from '@millrace/transport';

/** The checked configuration of extension `query`. Times are Go durations. */
export interface QueryConfig extends HttpServerConfig {
  readonly source?: string;
  readonly timeout: string;
  readonly lookback_delta: string;
  readonly max_samples: number;
  readonly max_concurrency: number;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...httpServerProperties({ endpoint: 'localhost:55690', timeouts: false }),
    source: {
      type: 'string',
      description: 'Id of the extension that has the metrics, such as `history`. Absent: the only one that has any.',
    },
    timeout: { type: 'string', format: 'duration', default: '2m', description: 'How long one query may take.' },
    lookback_delta: {
      type: 'string',
      format: 'duration',
      default: '5m',
      description: 'How old a sample may be at most that a query takes as the present value of its series.',
    },
    max_samples: {
      type: 'integer',
      minimum: 1,
      default: 50_000_000,
      description: 'How many samples one query may hold in memory; each series counts with all steps of a range query.',
    },
    max_concurrency: {
      type: 'integer',
      minimum: 1,
      default: 20,
      description: 'How many requests are worked on at the same time; more wait.',
    },
  },
};
