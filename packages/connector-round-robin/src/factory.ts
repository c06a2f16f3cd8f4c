import type { ConnectorFactory } from '@millrace/api';
import { RoundRobin } from './round-robin.ts';

/** Connector `roundrobin`: hands each batch to one of the pipelines behind it, in turn. */
export const factory: ConnectorFactory<object> = {
  kind: 'connector',
  type: 'roundrobin',
  signals: { traces: { traces: 'beta' }, metrics: { metrics: 'beta' }, logs: { logs: 'beta' } },
  create: (_config, next) => new RoundRobin([...next.byPipeline.values()]),
};
