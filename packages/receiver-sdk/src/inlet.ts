import type { Batch, BufferPool, ReceiverFactory, Signal } from '@millrace/api';
import { BatchBuilder } from '@millrace/wire';
import { addMetrics } from './add-metrics.ts';
import type { CollectedMetrics } from './add-metrics.ts';
import { configSchema } from './config.ts';
import type { SdkReceiverConfig } from './config.ts';
import { ItemBatch } from './item-batch.ts';
import { SdkReceiver } from './sdk-receiver.ts';
import type { EmittedLog } from './write-log.ts';
import type { EndedSpan } from './write-span.ts';

/**
 * The way of an application's telemetry into the pipelines that run in its process: to every receiver that `factory` made and that runs. What
 * comes while none does goes nowhere.
 */
export class Inlet {
  /** Makes the receivers `sdk` of this application. */
  readonly factory: ReceiverFactory<SdkReceiverConfig> = {
    kind: 'receiver',
    type: 'sdk',
    stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
    scope: 'process',
    configSchema,
    create: (config, next, context) => new SdkReceiver(config, next, context, this),
  };
  readonly #receivers = new Set<SdkReceiver>();

  /** For `SdkReceiver` only. */
  connect(receiver: SdkReceiver): void {
    this.#receivers.add(receiver);
  }

  /** For `SdkReceiver` only. */
  disconnect(receiver: SdkReceiver): void {
    this.#receivers.delete(receiver);
  }

  /** Whether anybody takes this signal now. */
  wants(signal: Signal): boolean {
    for (const receiver of this.#receivers) if (receiver.wants(signal)) return true;
    return false;
  }

  /** Takes a span that has ended. Never throws, never waits: what does not fit is dropped and counted. */
  span(span: EndedSpan): void {
    for (const receiver of this.#receivers) receiver.span(span);
  }

  /** Takes a log record, as `span` takes a span. */
  log(log: EmittedLog): void {
    for (const receiver of this.#receivers) receiver.log(log);
  }

  /** Takes spans all together. Resolves when the pipelines took them; rejects with a `PipelineError` when they refuse. */
  spans(spans: readonly EndedSpan[]): Promise<void> {
    return this.batch('traces', (pool) => itemsBatch('traces', pool, (batch) => spans.forEach((span) => batch.addSpan(span))));
  }

  /** Takes log records all together, as `spans` takes spans. */
  logs(logs: readonly EmittedLog[]): Promise<void> {
    return this.batch('logs', (pool) => itemsBatch('logs', pool, (batch) => logs.forEach((log) => batch.addLog(log))));
  }

  /** Takes what a metric reader collected, as `spans` takes spans. */
  metrics(metrics: CollectedMetrics): Promise<void> {
    return this.batch('metrics', (pool) => {
      using builder = new BatchBuilder('metrics', pool);
      addMetrics(builder, metrics);
      return builder.finish();
    });
  }

  /** Takes a batch that `make` puts together; it is called once for each receiver. Resolves and rejects as `spans` does. */
  async batch(signal: Signal, make: (pool: BufferPool) => Batch | undefined): Promise<void> {
    await Promise.all([...this.#receivers].map((receiver) => receiver.batch(signal, make)));
  }

  /** Passes on what came one by one and waits for more. Resolves when it was taken or dropped, or after five seconds. */
  async flush(): Promise<void> {
    await Promise.all([...this.#receivers].map((receiver) => receiver.flush()));
  }
}

function itemsBatch(signal: 'traces' | 'logs', pool: BufferPool, add: (batch: ItemBatch) => void): Batch | undefined {
  const batch = new ItemBatch(signal, pool);
  try {
    add(batch);
    return batch.finish();
  } catch (error) {
    batch.finish()?.release();
    throw error;
  }
}
