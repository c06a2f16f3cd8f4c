import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Host, Stage } from '@millrace/api';
import type { MemoryLimiter } from './memory-limiter.ts';

const refused = new PipelineError('data refused due to high memory usage', { kind: 'retryable' });

/** Passes batches on, or refuses them while its limiter says so. */
export class MemoryLimiterProcessor implements Stage {
  readonly #limiter: MemoryLimiter;
  readonly #next: Consumer;
  #joined = false;

  constructor(limiter: MemoryLimiter, next: Consumer) {
    this.#limiter = limiter;
    this.#next = next;
  }

  start(host: Host): void {
    this.#joined = true;
    this.#limiter.join(host);
  }

  consume(batch: Batch): Consumed {
    if (this.#limiter.exceeded) throw refused;
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
