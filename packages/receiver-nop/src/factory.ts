import type { ReceiverFactory } from '@millrace/api';

/** Receiver `nop`: receives nothing, so that a pipeline can be fed by connectors alone or tried out. */
export const factory: ReceiverFactory<object> = {
  kind: 'receiver',
  type: 'nop',
  stability: { traces: 'stable', metrics: 'stable', logs: 'stable', profiles: 'development' },
  create: () => ({}),
};
