import type { BatchLog, Consumed, Context, Host, PipelineError, Stage } from '@millrace/api';
import type { Batch } from '@millrace/wire';
import { type ExporterInstruments, openInstruments } from './instruments.ts';
import { LogLimiter } from './log-limiter.ts';
import { openStorage } from './open-storage.ts';
import type { Push } from './push-result.ts';
import type { JobResult } from './queued-batch.ts';
import { type Failure, type FailureReason, messageOf, type Outcome, Sender } from './sender.ts';
import { SendingQueue } from './sending-queue.ts';
import type { ExporterSettings } from './settings.ts';

/**
 * Why items are dropped: sending was given up; or `dead_letter`, it was given up, and the storage that `dead_letter` names has them;
 * `partial_success`, the destination took the batch but rejected these; `storage_damaged`, the storage could not give them back.
 */
export type DropReason = FailureReason | 'dead_letter' | 'partial_success' | 'storage_damaged';

/** What makes an exporter. */
export interface ExporterOptions {
  readonly context: Context;
  readonly config: ExporterSettings;
  /** One attempt to send a batch. */
  readonly push: Push;
  /** Opens what `push` needs; a rejection stops the program. */
  start?(host: Host): Promise<void> | void;
  /** Closes it; called once, after the last push. */
  shutdown?(): Promise<void> | void;
}

/**
 * Puts queue, retry and timeout (in this order) around an exporter's push, with the Collector's defaults, errors and log texts.
 *
 * With a queue, `consume` takes responsibility at once (or refuses, or waits); with `storage` when the storage has the data. What cannot be
 * delivered is dropped and counted with its `DropReason`. Without a queue, and with `wait_for_result`, `consume` settles with the outcome of the
 * push, retries included, and nothing is counted as dropped but what a destination that took the rest refused.
 *
 * Shutdown cuts the waiting for retries, tries everything that is queued once more, and closes the exporter; when its signal aborts, the
 * rest is dropped with reason `shutdown`. What is in a storage stays there for the next run.
 */
export function createExporter(options: ExporterOptions): Stage {
  return new Exporter(options);
}

class Exporter implements Stage {
  readonly #options: ExporterOptions;
  readonly #context: Context;
  readonly #sender: Sender;
  readonly #queue: SendingQueue | undefined;
  readonly #instruments: ExporterInstruments;
  readonly #log: LogLimiter;
  readonly #hint: string;
  /** The sender gets back what failed. */
  readonly #waited: boolean;
  readonly #stored: boolean;
  readonly #running = new Set<Promise<Outcome>>();
  #deadLetters: BatchLog | undefined;
  #enqueueFailed = 0;
  #started = false;
  #ending: Promise<void> | undefined;

  constructor(options: ExporterOptions) {
    const { config, context } = options;
    this.#options = options;
    this.#context = context;
    this.#log = new LogLimiter(context.logger, context.clock);
    this.#sender = new Sender(options.push, config, context, this.#log);
    const settings = config.sending_queue?.enabled === true ? config.sending_queue : undefined;
    const queue = settings === undefined ? undefined : new SendingQueue(settings, context, (batch) => this.#exportQueued(batch));
    this.#queue = queue;
    this.#waited = settings?.wait_for_result === true;
    this.#stored = settings?.storage !== undefined;
    this.#instruments = openInstruments(context, {
      inFlight: () => this.#sender.running,
      enqueueFailed: () => this.#enqueueFailed,
      ...(queue === undefined
        ? {}
        : { queue: { capacity: settings!.queue_size, used: () => queue.usedUnits, usedBytes: () => queue.usedBytes } }),
    });
    this.#hint =
      (config.retry_on_failure?.enabled === true ? '' : ' Try enabling retry_on_failure config option to retry on retryable errors.') +
      (settings !== undefined ? '' : ' Try enabling sending_queue to survive temporary failures.');
  }

  async start(host: Host): Promise<void> {
    const { id, kind, signal = 'traces' } = this.#context;
    const deadLetter = this.#options.config.sending_queue?.dead_letter;
    this.#started = true;
    await this.#options.start?.(host);
    if (this.#queue === undefined) return;
    if (deadLetter !== undefined) {
      const owner = { kind, id, name: `${signal}_dead_letter`, signal, pool: host.pool, appendOnly: true };
      this.#deadLetters = await openStorage(host, deadLetter).openLog(owner);
    }
    await this.#queue.start(host);
  }

  refusing(): PipelineError | undefined {
    const refusal = this.#queue?.refusing();
    // Whoever asks first sends nothing that could be refused, and nobody has counted its items.
    if (refusal !== undefined) this.#logRejected(refusal.message);
    return refusal;
  }

  consume(batch: Batch): Consumed {
    if (this.#queue === undefined) return this.#exportNow(batch);
    this.#instruments.enqueued(batch);
    let taken: Consumed;
    try {
      taken = this.#queue.offer(batch);
    } catch (error) {
      this.#notEnqueued(error, batch.items);
      throw error;
    }
    if (taken === undefined || this.#waited) return taken;
    const { items } = batch;
    return taken.catch((error: unknown) => {
      this.#notEnqueued(error, items);
      throw error;
    });
  }

  shutdown(signal: AbortSignal): Promise<void> {
    // A later call may bring an earlier end of the time.
    const cut = (): void => this.#cut();
    if (signal.aborted) cut();
    else signal.addEventListener('abort', cut, { once: true });
    this.#ending ??= this.#end();
    return this.#ending.finally(() => signal.removeEventListener('abort', cut));
  }

  async #end(): Promise<void> {
    this.#sender.stopRetrying();
    await this.#queue?.drain();
    await Promise.all(this.#running);
    await this.#deadLetters?.close();
    this.#instruments.close();
    if (this.#started) await this.#options.shutdown?.();
  }

  #cut(): void {
    this.#queue?.clear((items) => this.#context.items.drop(items, 'shutdown'));
    this.#sender.cut();
  }

  async #exportNow(batch: Batch): Promise<void> {
    const sending = this.#sender.send(batch);
    this.#running.add(sending);
    const outcome = await sending;
    this.#running.delete(sending);
    const { error } = this.#concludeWaited(outcome);
    if (error !== undefined) throw error;
  }

  async #exportQueued(batch: Batch): Promise<JobResult> {
    this.#instruments.sent(batch);
    const outcome = await this.#sender.send(batch);
    if (this.#waited) return this.#concludeWaited(outcome);
    this.#account(outcome);
    let accounted = outcome.delivered + outcome.rejected;
    let kept = false;
    for (const failure of outcome.failures) {
      if (this.#stored && failure.reason === 'shutdown') {
        kept = true;
      } else {
        accounted += failure.batch.items;
        await this.#drop(failure);
      }
      failure.batch.release();
    }
    return { accounted, kept };
  }

  /** For a sender that waits: it gets everything back when a part failed for now; what was refused for good beside delivered items is dropped. */
  #concludeWaited(outcome: Outcome): JobResult {
    const { delivered, rejected, failures } = outcome;
    const temporary = failures.find(({ reason }) => reason !== 'permanent');
    const failed = temporary ?? (delivered + rejected === 0 ? failures[0] : undefined);
    let dropped = 0;
    for (const { batch, text } of failures) {
      if (failed === undefined) {
        dropped += batch.items;
        this.#countDropped(batch.items, 'permanent', text);
      }
      batch.release();
    }
    if (failed === undefined) {
      this.#account(outcome);
      return { accounted: delivered + rejected + dropped };
    }
    const items = failures.reduce((sum, { batch }) => sum + batch.items, 0);
    this.#logRejected(failed.text, items);
    return { accounted: 0, error: failed.error };
  }

  /** The end of items that nobody waits for: the dead letters, or nothing. */
  async #drop({ batch, reason, text }: Failure): Promise<void> {
    if (this.#deadLetters !== undefined && reason !== 'shutdown') {
      try {
        await this.#deadLetters.append(batch);
        this.#countDropped(batch.items, 'dead_letter', text);
        return;
      } catch (error) {
        this.#log.log('error', 'Writing dead letters failed.', { error: messageOf(error), dropped_items: batch.items });
      }
    }
    this.#countDropped(batch.items, reason, text);
  }

  #countDropped(items: number, reason: DropReason, error: string): void {
    this.#context.items.drop(items, reason);
    const message =
      reason === 'dead_letter' ? 'Exporting failed. Keeping data as dead letters.' : `Exporting failed. Dropping data.${this.#hint}`;
    this.#log.log('error', message, { error, dropped_items: items });
  }

  #account({ delivered, rejected }: Outcome): void {
    if (delivered > 0) this.#context.items.absorb(delivered);
    if (rejected > 0) this.#context.items.drop(rejected, 'partial_success');
  }

  #notEnqueued(error: unknown, items: number): void {
    this.#enqueueFailed += items;
    this.#logRejected(messageOf(error), items);
  }

  #logRejected(error: string, items?: number): void {
    const attributes = items === undefined ? { error } : { error, rejected_items: items };
    this.#log.log('error', `Exporting failed. Rejecting data.${this.#hint}`, attributes);
  }
}
