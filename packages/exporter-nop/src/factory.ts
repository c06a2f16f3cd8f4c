import type { ExporterFactory } from '@millrace/api';

/** Exporter `nop`: takes everything and sends it nowhere. */
export const factory: ExporterFactory<object> = {
  kind: 'exporter',
  type: 'nop',
  stability: { traces: 'stable', metrics: 'stable', logs: 'stable', profiles: 'development' },
  create: (_config, context) => ({
    consume: (batch) => {
      context.items.absorb(batch.items);
      return undefined;
    },
  }),
};
