import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, Signal, Stage } from '@millrace/api';
import type { MemoryLimiter } from './memory-limiter.ts';

const refused = new PipelineError('data refused due to high memory usage', { kind: 'retryable' });

/** What the Collector's metrics call the items of a signal. */
const nouns: Readonly<Record<Signal, readonly [name: string, text: string, unit: string]>> = {
  traces: ['spans', 'spans', '{spans}'],
  metrics: ['metric_points', 'metric points', '{datapoints}'],
  logs: ['log_records', 'log records', '{records}'],
  profiles: ['profile_samples', 'profile samples', '{samples}'],
};

/** Passes batches on, or refuses them while its limiter says so. */
export class MemoryLimiterProcessor implements Stage {
  readonly #limiter: MemoryLimiter;
  readonly #next: Consumer;
  #joined = false;
  #acceptedItems = 0;
  #refusedItems = 0;

  constructor(limiter: MemoryLimiter, next: Consumer, { meter, id, signal = 'traces' }: Pick<Context, 'meter' | 'id' | 'signal'>) {
    this.#limiter = limiter;
    this.#next = next;
    const [noun, text, unit] = nouns[signal];
    const count = (what: string, description: string, read: () => number): void =>
      meter
        .createObservableCounter(`processor_memory_limiter_${what}_${noun}`, { description, unit })
        .addCallback((result) => result.observe(read(), { processor: id }));
    count('accepted', `Number of ${text} successfully pushed into the next component in the pipeline.`, () => this.#acceptedItems);
    count('refused', `Number of ${text} that were rejected by the next component in the pipeline.`, () => this.#refusedItems);
  }

  start(host: Host): void {
    this.#joined = true;
    this.#limiter.join(host);
  }

  consume(batch: Batch): Consumed {
    const { items } = batch;
    if (this.#limiter.exceeded) {
      this.#refusedItems += items;
      throw refused;
    }
    this.#acceptedItems += items;
    return this.#next.consume(batch);
  }

  refusing(): PipelineError | undefined {
    return this.#limiter.exceeded ? refused : this.#next.refusing?.();
  }

  shutdown(): void {
    if (!this.#joined) return;
    this.#joined = false;
    this.#limiter.leave();
  }
}
