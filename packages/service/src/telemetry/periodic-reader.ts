import type { Clock, Timer } from '@millrace/api';

/** What a periodic reader does with what it reads. */
export interface PeriodicReaderOptions {
  readonly intervalMs: number;
  /** After which reading and sending together are given up. 0: never. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Reads once and sends. */
  readonly run: () => Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly close: () => Promise<void>;
}

/** Runs at intervals, never twice at a time, and once more when it is stopped. */
export class PeriodicReader {
  readonly #options: PeriodicReaderOptions;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: PeriodicReaderOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, intervalMs } = this.#options;
    this.#timer = clock.setTimeout(() => {
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        if (!this.#stopped) this.start();
      });
    }, intervalMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
    await this.#run();
    await this.#options.close();
  }

  async #run(): Promise<void> {
    const { clock, timeoutMs, run, onError } = this.#options;
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const timer =
      timeoutMs === 0
        ? undefined
        : clock.setTimeout(() => reject(new Error(`own metrics were not sent within ${timeoutMs} ms`)), timeoutMs);
    try {
      await Promise.race([run(), expired]);
    } catch (error) {
      onError(error);
    } finally {
      timer?.cancel();
    }
  }
}
