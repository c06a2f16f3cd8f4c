import { lend, PipelineError } from '@millrace/api';
import type { Batch, BufferPool, Component, Consumer, Context, Host, Signal } from '@millrace/api';
import { durationMs } from '@millrace/config';
import type { SdkReceiverConfig } from './config.ts';
import type { Inlet } from './inlet.ts';
import { ItemBuffer } from './item-buffer.ts';
import type { EmittedLog } from './write-log.ts';
import type { EndedSpan } from './write-span.ts';

/** Takes the telemetry of the application around it, which comes through an `Inlet`. */
export class SdkReceiver implements Component {
  readonly #config: SdkReceiverConfig;
  readonly #next: ReadonlyMap<Signal, Consumer>;
  readonly #context: Context;
  readonly #inlet: Inlet;
  #spans: ItemBuffer | undefined;
  #logs: ItemBuffer | undefined;
  #host: Host | undefined;
  /** Batches that the application waits for. */
  readonly #awaited = new Set<Promise<void>>();

  constructor(config: SdkReceiverConfig, next: ReadonlyMap<Signal, Consumer>, context: Context, inlet: Inlet) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
    this.#inlet = inlet;
  }

  start(host: Host): void {
    this.#host = host;
    const { flush_interval: interval, max_batch_size: maxItems, max_buffer_mib: maxMib } = this.#config;
    const limits = { flushMs: durationMs(interval), maxItems, maxBytes: maxMib * 1024 * 1024 };
    const buffer = (signal: 'traces' | 'logs'): ItemBuffer | undefined => {
      const next = this.#next.get(signal);
      return next === undefined ? undefined : new ItemBuffer(signal, next, this.#context, host, limits);
    };
    this.#spans = buffer('traces');
    this.#logs = buffer('logs');
    this.#inlet.connect(this);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#inlet.disconnect(this);
    await Promise.all([this.#spans?.close(signal), this.#logs?.close(signal), ...this.#awaited]);
  }

  /** Whether a pipeline of the signal starts here. */
  wants(signal: Signal): boolean {
    return this.#next.has(signal);
  }

  span(span: EndedSpan): void {
    this.#spans?.take((batch) => batch.addSpan(span));
  }

  log(log: EmittedLog): void {
    this.#logs?.take((batch) => batch.addLog(log));
  }

  /** Passes on a batch that `make` puts together. Resolves when it was taken; rejects with a `PipelineError` when it was not. */
  async batch(signal: Signal, make: (pool: BufferPool) => Batch | undefined): Promise<void> {
    const next = this.#next.get(signal);
    if (next === undefined || this.#host === undefined) return;
    const refusal = next.refusing?.();
    if (refusal !== undefined) throw refusal;
    if (this.#host.memory.available === 0) throw new PipelineError('the memory for telemetry is used up', { kind: 'retryable' });
    const batch = make(this.#host.pool);
    if (batch === undefined) return;
    const taken = Promise.resolve(lend(next, batch));
    const settled = taken.catch(() => {});
    this.#awaited.add(settled);
    try {
      await taken;
    } finally {
      this.#awaited.delete(settled);
    }
  }

  /** Passes on what waits. */
  async flush(): Promise<void> {
    await Promise.all([this.#spans?.flush(), this.#logs?.flush()]);
  }
}
