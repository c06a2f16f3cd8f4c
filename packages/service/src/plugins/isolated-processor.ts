import { Worker } from 'node:worker_threads';
import { createBatch, lend, PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, PluginSettings, Stage, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { pluginWorkerUrl } from './plugin-worker.ts';
import type { FromPlugin, PluginWorkerData, ToPlugin } from './plugin-worker.ts';

/** After a thread that could not start, the next one is tried no sooner. */
const restartPauseMs = 1_000;
const counters = { processor_plugin_errors: '{call}', processor_plugin_duration: 's' };

interface Job {
  readonly batch: Batch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A processor plugin in a thread of its own, which is given one batch at a time. A batch that takes too long, or whose thread dies, is treated
 * by `on_error`, and the thread is replaced.
 */
export class IsolatedProcessor implements Stage {
  readonly #url: string;
  readonly #config: PluginSettings;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #execArgv: string[] | undefined;
  readonly #timeoutMs: number;
  readonly #waiting: Job[] = [];
  /** What threads that are gone counted, and what the present one did. */
  readonly #counted: Record<string, number> = {};
  #counting: Readonly<Record<string, number>> = {};
  #restarts = 0;
  #worker: Worker | undefined;
  #ready = false;
  #current: Job | undefined;
  #timer: Timer | undefined;
  #noRestartBefore = 0;
  #stopping: Promise<void> | undefined;
  #idle: (() => void) | undefined;
  #stopped: (() => void) | undefined;

  /** `execArgv`: options of Node.js for the thread; default those of this process. */
  constructor(url: string, config: PluginSettings, next: Consumer, context: Context, execArgv?: readonly string[]) {
    this.#url = url;
    this.#config = config;
    this.#next = next;
    this.#context = context;
    this.#execArgv = execArgv === undefined ? undefined : [...execArgv];
    this.#timeoutMs = durationMs(config.isolate_timeout);
    this.#observe();
  }

  async start(): Promise<void> {
    await this.#spawn();
  }

  consume(batch: Batch): Consumed {
    const held = batch.hold();
    return new Promise<void>((resolve, reject) => {
      this.#waiting.push({ batch: held, resolve, reject });
      this.#pump();
    }).finally(() => held.release());
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopping ??= this.#shutdown(signal);
    return this.#stopping;
  }

  async #shutdown(signal: AbortSignal): Promise<void> {
    const timeIsUp = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (this.#current !== undefined || this.#waiting.length > 0)
      await Promise.race([timeIsUp, new Promise<void>((resolve) => (this.#idle = resolve))]);
    const worker = this.#worker;
    if (worker !== undefined && this.#ready && this.#current === undefined) {
      const stopped = new Promise<void>((resolve) => (this.#stopped = resolve));
      worker.postMessage({ kind: 'stop' } satisfies ToPlugin);
      await Promise.race([timeIsUp, stopped]);
    }
    this.#worker = undefined;
    this.#timer?.cancel();
    await worker?.terminate();
    for (const job of [this.#current, ...this.#waiting.splice(0)]) if (job !== undefined) this.#drop(job, 'shutdown');
    this.#current = undefined;
  }

  /** Starts a thread; settles when it is ready or cannot be. */
  #spawn(): Promise<void> {
    const { id, kind, signal, pipeline, program } = this.#context;
    const place = { id, kind, program, ...(signal !== undefined && { signal }), ...(pipeline !== undefined && { pipeline }) };
    const workerData: PluginWorkerData = { isolatedPlugin: this.#url, config: { ...this.#config, isolate: 'none' }, context: place };
    const worker = new Worker(new URL(pluginWorkerUrl), {
      workerData,
      name: id,
      ...(this.#execArgv !== undefined && { execArgv: this.#execArgv }),
    });
    this.#worker = worker;
    this.#ready = false;
    const started = Promise.withResolvers<void>();
    const lost = (error: Error): void => {
      started.reject(error);
      if (this.#worker === worker) this.#lost(error);
    };
    worker.on('message', (message: FromPlugin) => {
      if (this.#worker !== worker && message.kind !== 'log') return;
      if (message.kind === 'ready') {
        this.#ready = true;
        started.resolve();
        this.#pump();
      } else if (message.kind === 'failed') lost(new Error(message.message));
      else this.#receive(message);
    });
    worker.on('error', (error: unknown) => lost(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => lost(new Error('the thread of the plugin ended')));
    return started.promise;
  }

  /** Gives the thread its next batch. */
  #pump(): void {
    if (this.#current !== undefined) return;
    if (this.#waiting.length === 0) {
      this.#idle?.();
      return;
    }
    if (this.#worker === undefined && this.#context.clock.now() >= this.#noRestartBefore && this.#stopping === undefined) {
      this.#restarts++;
      this.#spawn().catch(() => {});
    }
    if (this.#worker === undefined) {
      for (const job of this.#waiting.splice(0)) this.#fail(job, new Error('the thread of the plugin cannot be started'));
      this.#idle?.();
      return;
    }
    if (!this.#ready) return;
    const job = this.#waiting.shift()!;
    this.#current = job;
    const { signal, bytes, items, client } = job.batch;
    // The pool's buffers are shared memory.
    const memory = bytes.buffer as ArrayBufferLike as SharedArrayBuffer;
    const start = bytes.byteOffset;
    this.#worker.postMessage({ kind: 'job', job: { signal, memory, start, end: start + bytes.length, items, client } } satisfies ToPlugin);
    this.#timer = this.#context.clock.setTimeout(() => this.#hangs(), this.#timeoutMs);
  }

  #hangs(): void {
    const worker = this.#worker;
    this.#lost(new Error(`the plugin took longer than ${this.#config.isolate_timeout} for a batch`), worker?.terminate());
  }

  /** The thread is gone, or going: what it worked on failed, the rest is for its successor. */
  #lost(error: Error, gone: Promise<unknown> = Promise.resolve()): void {
    this.#timer?.cancel();
    for (const [name, total] of Object.entries(this.#counting)) this.#counted[name] = (this.#counted[name] ?? 0) + total;
    this.#counting = {};
    if (!this.#ready) this.#noRestartBefore = this.#context.clock.now() + restartPauseMs;
    this.#worker = undefined;
    this.#ready = false;
    const job = this.#current;
    if (job === undefined) {
      this.#pump();
      return;
    }
    void gone.then(() => {
      this.#current = undefined;
      this.#fail(job, error);
      this.#pump();
    });
  }

  #receive(message: Extract<FromPlugin, { kind: 'done' | 'refused' | 'log' | 'stopped' }>): void {
    if (message.kind === 'log') this.#context.logger[message.level](message.message, message.attributes);
    if (message.kind === 'stopped') this.#stopped?.();
    if (message.kind !== 'done' && message.kind !== 'refused') return;
    const job = this.#current;
    this.#timer?.cancel();
    this.#current = undefined;
    this.#counting = message.totals;
    if (job === undefined) return;
    if (message.kind === 'refused') job.reject(new PipelineError(message.message, { kind: message.permanent ? 'permanent' : 'retryable' }));
    else this.#deliver(job, message);
    this.#pump();
  }

  #deliver(job: Job, { unchanged, bytes, items, dropped }: Extract<FromPlugin, { kind: 'done' }>): void {
    const { batch } = job;
    const book = (): void => {
      for (const [reason, count] of Object.entries(dropped)) this.#context.items.drop(count, reason);
    };
    if (unchanged || bytes === undefined) {
      this.#pass(job, unchanged ? () => this.#next.consume(batch) : () => undefined, book);
      return;
    }
    this.#pass(
      job,
      () => {
        const lease = batch.pool.lease(bytes.length);
        lease.buffer.set(bytes);
        return lend(this.#next, createBatch(batch.signal, lease, 0, bytes.length, items, batch.client));
      },
      book,
    );
  }

  #pass(job: Job, pass: () => Consumed, book: () => void): void {
    try {
      const consumed = pass();
      if (consumed === undefined) {
        book();
        job.resolve();
      } else consumed.then(book).then(job.resolve, job.reject);
    } catch (error) {
      job.reject(error);
    }
  }

  /** The batch could not be processed. */
  #fail(job: Job, error: Error): void {
    const { id, logger } = this.#context;
    this.#counted['processor_plugin_errors'] = (this.#counted['processor_plugin_errors'] ?? 0) + 1;
    switch (this.#config.on_error) {
      case 'keep':
        logger.error('Processing a batch failed; it is kept as it was.', { error: error.message, items: job.batch.items });
        this.#pass(
          job,
          () => this.#next.consume(job.batch),
          () => {},
        );
        break;
      case 'drop':
        logger.error('Processing a batch failed; it is dropped.', { error: error.message, items: job.batch.items });
        this.#drop(job, 'error');
        break;
      case 'reject':
        job.reject(new PipelineError(`processor "${id}" failed: ${error.message}`, { kind: 'retryable' }));
    }
  }

  #drop(job: Job, reason: string): void {
    this.#context.items.drop(job.batch.items, reason);
    job.resolve();
  }

  #observe(): void {
    const { meter, id } = this.#context;
    for (const [name, unit] of Object.entries(counters)) {
      meter
        .createObservableCounter(name, { unit })
        .addCallback((result) => result.observe((this.#counted[name] ?? 0) + (this.#counting[name] ?? 0), { processor: id }));
    }
    meter
      .createObservableCounter('processor_plugin_restarts', {
        description: 'Threads of an isolated plugin that were started because the one before was lost.',
        unit: '{thread}',
      })
      .addCallback((result) => result.observe(this.#restarts, { processor: id }));
  }
}
