import { isStorage } from '@millrace/api';
import type { Batch, Consumed, Context, Host, Timer } from '@millrace/api';
import type { Aggregator } from './aggregator.ts';
import { Journal } from './journal.ts';
import type { Moment } from './journal.ts';
import type { Rule } from './rule.ts';
import { StateReader } from './state-reader.ts';
import { Turn } from './turn.ts';
import type { WindowSender } from './window-sender.ts';
import { writeState } from './write-state.ts';

/** What checkpoints are of, and how often they are written. */
export interface CheckpointOptions {
  readonly aggregator: Aggregator;
  readonly rules: readonly Rule[];
  /** What has to be the same in the run that continues. */
  readonly fingerprint: string;
  readonly sender: WindowSender;
  readonly context: Context;
  readonly intervalMs: number;
  /** Counts a batch of an earlier run that came at a moment, where that is known. */
  readonly replay: (batch: Batch, moment: Moment | undefined) => Promise<void>;
}

/**
 * Keeps every batch in a log until a checkpoint covers it: the state of the open windows at one moment. Batches wait while a checkpoint is written, so that
 * nothing changes, but the event loop does not: it is written a turn at a time.
 */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  readonly #journal: Journal;
  #timer: Timer | undefined;
  /** While a checkpoint is written, batches wait. */
  #gate: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #inFlight = 0;
  #onQuiet: (() => void) | undefined;
  #isStopping = false;

  private constructor(journal: Journal, options: CheckpointOptions) {
    this.#journal = journal;
    this.#options = options;
  }

  /** Opens the log and continues where an earlier run was. */
  static async open(host: Host, storage: string, options: CheckpointOptions): Promise<Checkpoints> {
    const { aggregator, rules, fingerprint, context, replay } = options;
    const { id, kind, logger, pipeline, signal = 'metrics' } = context;
    const log = await host.extension(storage, isStorage).openLog({ kind, id, name: pipeline ?? signal, signal, pool: host.pool });
    const journal = new Journal(log, signal, host.pool);
    const state = new StateReader(aggregator, fingerprint, rules);
    try {
      await journal.recover((part) => state.read(part), replay, logger);
    } catch (error) {
      await journal.close();
      throw error;
    }
    if (state.refusal !== undefined) logger.warn(`${state.refusal}: the open windows of the earlier run are dropped.`);
    if (log.recovered.length > 0) logger.info('Continued the open windows of an earlier run.', { windows: aggregator.windows.openCount });
    const checkpoints = new Checkpoints(journal, options);
    checkpoints.#schedule();
    return checkpoints;
  }

  /** Keeps a batch, then processes it as of that moment; what was not processed is not kept. */
  async keep(batch: Batch, process: (batch: Batch, nowMs: number) => Consumed): Promise<void> {
    const { aggregator, context } = this.#options;
    const held = batch.hold();
    try {
      while (this.#gate !== undefined) await this.#gate;
      this.#inFlight++;
      try {
        const nowMs = context.clock.now();
        const stored = await this.#journal.append(held, { nowMs, eventMs: aggregator.maxTimeMs });
        try {
          await process(held, nowMs);
        } catch (error) {
          await this.#journal.forget(stored);
          throw error;
        }
      } finally {
        if (--this.#inFlight === 0) this.#onQuiet?.();
      }
    } finally {
      held.release();
    }
  }

  /** Resolves when nothing has to stay as it is any more; undefined when nothing has to. */
  get writing(): Promise<void> | undefined {
    return this.#gate;
  }

  #schedule(): void {
    const { context, intervalMs } = this.#options;
    this.#timer = context.clock.setTimeout(() => {
      void this.write().finally(() => {
        if (!this.#isStopping) this.#schedule();
      });
    }, intervalMs);
  }

  /** Writes a checkpoint, unless closed windows cannot be sent: they are no part of it. Never rejects. */
  async write(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#journal.size === 0) return;
    this.#writing = this.#write().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { aggregator, fingerprint, sender, context } = this.#options;
    // Closed windows may take long: batches need not wait for that.
    await this.#sent();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    try {
      while (this.#inFlight > 0) await new Promise<void>((quiet) => (this.#onQuiet = quiet));
      this.#onQuiet = undefined;
      await sender.pause();
      if (!aggregator.windows.isSettled) return;
      const sizeBytes = await this.#journal.checkpoint((to) => writeState(aggregator, fingerprint, to), new Turn(context.clock));
      context.logger.debug('Wrote the open windows to the storage.', { sizeBytes });
    } catch (error) {
      context.logger.error('The open windows could not be written to the storage.', { error: String(error) });
    } finally {
      this.#gate = undefined;
      resolve();
    }
  }

  /** Resolves when nothing is left to send, but no later than after an interval: data may close windows all the time. */
  async #sent(): Promise<void> {
    const { sender, context, intervalMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = context.clock.setTimeout(resolve, intervalMs);
    await Promise.race([sender.pause(), promise]);
    timer.cancel();
  }

  /** Writes the last checkpoint and closes the log. */
  async close(): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    await this.write();
    await this.#journal.close();
  }
}
