import { Worker } from 'node:worker_threads';
import { createBatch, isPipelineError, lend } from '@millrace/api';
import type { BufferPool, Consumer } from '@millrace/api';
import type { LedgerTotals } from '../item-ledger.ts';
import type { MainMessage, SentError, SentStatus, WorkerMessage } from './messages.ts';

/** How long a worker may live beyond its work. */
const lingerMs = 500;

/** What the workers are started with and connected to. */
export interface WorkerPoolOptions {
  /** The script that a worker runs; it calls `runWorker`. */
  readonly script: URL;
  /** Threads besides the main one. */
  readonly threads: number;
  /** What each worker is told, beside its `index` from 1 on. Must be able to be copied. */
  readonly workerData: () => object;
  /** The stages of the main thread that workers send to, by the name of the instance. */
  readonly stages: ReadonlyMap<string, Consumer>;
  readonly pool: BufferPool;
  readonly onStatus: (worker: number, report: SentStatus) => void;
  /** A worker cannot go on. */
  readonly onFailure: (error: Error) => void;
}

/** What a stopped worker leaves. */
export interface WorkerEnd {
  readonly items: readonly LedgerTotals[];
  readonly errors: readonly string[];
}

/** The threads of a service besides its own: started together, asked together, stopped together. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  #workers: Connection[] = [];

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Resolves when every worker is ready; rejects with the reason why one is not. */
  async start(): Promise<void> {
    const { threads } = this.#options;
    this.#workers = Array.from({ length: threads }, (_, i) => new Connection(this.#options, i + 1));
    await Promise.all(this.#workers.map((worker) => worker.ready));
  }

  /** One copied answer of every worker that still runs. */
  async call(what: string): Promise<unknown[]> {
    return (await Promise.all(this.#workers.map((worker) => worker.call(what)))).filter((answer) => answer !== undefined);
  }

  /** Asks every worker to stop and drain within the time; what does not answer is terminated. */
  async stop(withinMs: number): Promise<WorkerEnd[]> {
    return Promise.all(this.#workers.map((worker) => worker.stop(withinMs)));
  }
}

/** One worker and the batches that it lends to the main thread. */
class Connection {
  readonly ready: Promise<void>;
  readonly #options: WorkerPoolOptions;
  readonly #index: number;
  readonly #worker: Worker;
  readonly #calls = new Map<number, (value: unknown) => void>();
  readonly #stopped = Promise.withResolvers<WorkerEnd>();
  readonly #started = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  #nextCall = 0;
  #running = true;
  #stopping = false;

  constructor(options: WorkerPoolOptions, index: number) {
    this.#options = options;
    this.#index = index;
    this.ready = this.#started.promise;
    this.#worker = new Worker(options.script, { workerData: { ...options.workerData(), index }, name: `worker ${index}` });
    this.#worker.on('message', (message: WorkerMessage) => this.#receive(message));
    this.#worker.on('error', (error: unknown) => this.#ended(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', (code) => this.#ended(new Error(`worker ${index} ended with code ${code}`)));
  }

  call(what: string): Promise<unknown> {
    if (!this.#running) return Promise.resolve();
    const id = this.#nextCall++;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#calls.set(id, resolve);
    this.#post({ kind: 'call', id, what });
    return promise;
  }

  async stop(withinMs: number): Promise<WorkerEnd> {
    this.#stopping = true;
    if (!this.#running) return this.#stopped.promise;
    this.#post({ kind: 'stop', withinMs });
    const terminate = (): void => void this.#worker.terminate();
    // Draining obeys the time by itself; the rest is for what hangs.
    let timer = setTimeout(terminate, withinMs + lingerMs);
    const end = await this.#stopped.promise;
    clearTimeout(timer);
    // Time to write its last log lines, not to wait for what it left open.
    timer = setTimeout(terminate, lingerMs);
    await this.#exited.promise;
    clearTimeout(timer);
    return end;
  }

  #post(message: MainMessage): void {
    this.#worker.postMessage(message);
  }

  #receive(message: WorkerMessage): void {
    switch (message.kind) {
      case 'batch':
        return this.#lend(message);
      case 'ready':
        return this.#started.resolve();
      case 'status':
        return this.#options.onStatus(this.#index, message.report);
      case 'failed':
        return this.#failed(new Error(message.message));
      case 'answer':
        this.#calls.get(message.id)?.(message.value);
        this.#calls.delete(message.id);
        return undefined;
      case 'stopped':
        return this.#stopped.resolve(message);
    }
  }

  #lend({ id, stage, memory, signal, start, end, items, client }: Extract<WorkerMessage, { kind: 'batch' }>): void {
    const next = this.#options.stages.get(stage);
    let settled = false;
    let released = false;
    const settle = (error?: unknown): void => {
      settled = true;
      this.#post({ kind: 'settled', id, released, ...(error !== undefined && { error: sent(error) }) });
    };
    const lease = this.#options.pool.adopt(memory, () => {
      released = true;
      if (settled) this.#post({ kind: 'released', id });
    });
    const batch = createBatch(signal, lease, start, end, items, client);
    if (next === undefined) {
      batch.release();
      return settle(new Error(`the main thread has no stage "${stage}"`));
    }
    try {
      const consumed = lend(next, batch);
      if (consumed === undefined) settle();
      else
        void consumed.then(
          () => settle(),
          (error: unknown) => settle(error),
        );
    } catch (error) {
      settle(error);
    }
  }

  #failed(error: Error): void {
    this.#started.reject(error);
    this.#options.onFailure(error);
  }

  #ended(error: Error): void {
    if (!this.#running) return;
    this.#running = false;
    this.#exited.resolve();
    for (const resolve of this.#calls.values()) resolve(undefined);
    this.#calls.clear();
    this.#stopped.resolve({ items: [], errors: [error.message] });
    if (!this.#stopping) this.#failed(error);
  }
}

function sent(error: unknown): SentError {
  if (!isPipelineError(error)) {
    return {
      message: error instanceof Error ? error.message : String(error),
      kind: 'retryable',
      retryAfterMs: undefined,
      grpcCode: undefined,
    };
  }
  const { message, kind, retryAfterMs, grpcCode } = error;
  return { message, kind, retryAfterMs, grpcCode };
}
