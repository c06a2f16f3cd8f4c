import type { Batch, ExporterFactory, FactoryEntry, Stage } from '@millrace/api';
import { CallReader } from '@millrace/genai';
import { walk } from '@millrace/wire';
import type { TakeCall } from './span-calls.ts';

/**
 * Exporter `sdk`, which exists only in an application's process: calls of models in spans that came from elsewhere (through receiver `otlp`, say)
 * are recorded here, in `metricsText()` and `summary()`. Spans of scope `own` are recorded already.
 */
export function sdkExporter(own: string, take: TakeCall): FactoryEntry {
  const factory: ExporterFactory<object> = {
    kind: 'exporter',
    type: 'sdk',
    stability: { traces: 'beta' },
    create: (_, { items, logger }): Stage => {
      const reader = new CallReader();
      const reading = walk(
        [
          {
            onSpan: (span) => {
              if (span.scope.name === own) return;
              const call = reader.readSpan(span);
              if (call.level === 'none') return;
              const endMs = Number(span.endTimeUnixNano / 1000n) / 1000;
              take(call, { unixMs: endMs, durationMs: endMs - Number(span.startTimeUnixNano / 1000n) / 1000 });
            },
          },
        ],
        (_, error) => logger.error('A span could not be read.', { error: (error as Error).message }),
      );
      return {
        consume: (batch: Batch) => {
          reading.run(batch);
          items.absorb(batch.items);
          return undefined;
        },
      };
    },
  };
  return { kind: 'exporter', type: 'sdk', load: () => Promise.resolve({ factory: factory as never }) };
}
