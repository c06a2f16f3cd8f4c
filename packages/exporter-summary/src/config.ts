import { pricesSchema } from '@millrace/genai';
import type { PricesConfig } from '@millrace/genai';
import { httpServerProperties } from '@millrace/transport';
import type { HttpServerConfig } from '@millrace/transport';

/** The checked configuration of exporter `summary`. Times are Go durations. */
export interface SummaryConfig extends HttpServerConfig {
  readonly retention: string;
  readonly limit: number;
  readonly wait: string;
  readonly prices: PricesConfig;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...httpServerProperties({ endpoint: 'localhost:55681' }),
    retention: { type: 'string', format: 'duration', default: '168h', description: 'How long the sums of an hour are kept, in memory.' },
    limit: {
      type: 'integer',
      minimum: 1,
      default: 1000,
      description: 'Models, users, teams, ... that are told apart in an hour; the others are one: `(other)`.',
    },
    wait: {
      type: 'string',
      format: 'duration',
      default: '30s',
      description: 'How long the usage that an agent states waits, in the time of the events, for calls in its trace, which say the same.',
    },
    prices: pricesSchema,
  },
};
