import type { ConnectorFactory } from '@millrace/api';
import { Forward } from './forward.ts';

/** Connector `forward`: hands the batches of one pipeline to others of the same signal. */
export const factory: ConnectorFactory<object> = {
  kind: 'connector',
  type: 'forward',
  signals: {
    traces: { traces: 'beta' },
    metrics: { metrics: 'beta' },
    logs: { logs: 'beta' },
    profiles: { profiles: 'development' },
  },
  create: (_config, next) => new Forward(next.all),
};
