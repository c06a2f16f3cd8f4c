import type { Consumed, Context, Host, PipelineError, Stage } from '@millrace/api';
import type { Batch } from '@millrace/wire';
import { LogLimiter } from './log-limiter.ts';
import type { Push } from './push-result.ts';
import { messageOf, type Outcome, Sender } from './sender.ts';
import { SendingQueue } from './sending-queue.ts';
import type { ExporterSettings } from './settings.ts';

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
 * With a queue, `consume` takes responsibility at once (or refuses, or waits); what cannot be delivered is dropped and counted with its
 * `DropReason`. Without one, `consume` settles with the outcome of the push, retries included, and nothing is counted as dropped but
 * `partial_success`.
 *
 * Shutdown cuts the waiting for retries, tries everything that is queued once more, and closes the exporter; when its signal aborts, the
 * rest is dropped with reason `shutdown`.
 */
export function createExporter(options: ExporterOptions): Stage {
  return new Exporter(options);
}

class Exporter implements Stage {
  readonly #options: ExporterOptions;
  readonly #context: Context;
  readonly #sender: Sender;
  readonly #queue: SendingQueue | undefined;
  readonly #log: LogLimiter;
  readonly #hint: string;
  readonly #running = new Set<Promise<Outcome>>();
  #started = false;
  #ending: Promise<void> | undefined;

  constructor(options: ExporterOptions) {
    const { config, context } = options;
    this.#options = options;
    this.#context = context;
    this.#log = new LogLimiter(context.logger, context.clock);
    this.#sender = new Sender(options.push, config, context, this.#log);
    const queued = config.sending_queue?.enabled === true;
    if (queued) this.#queue = new SendingQueue(config.sending_queue, context, (batch) => this.#exportQueued(batch));
    this.#hint =
      (config.retry_on_failure?.enabled === true ? '' : ' Try enabling retry_on_failure config option to retry on retryable errors.') +
      (queued ? '' : ' Try enabling sending_queue to survive temporary failures.');
  }

  async start(host: Host): Promise<void> {
    this.#started = true;
    await this.#options.start?.(host);
    this.#queue?.start(host.memory);
  }

  refusing(): PipelineError | undefined {
    return this.#queue?.refusing();
  }

  consume(batch: Batch): Consumed {
    if (this.#queue === undefined) return this.#exportNow(batch);
    try {
      return this.#queue.offer(batch);
    } catch (error) {
      this.#logRejected(messageOf(error), batch.items);
      throw error;
    }
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
    if (this.#started) await this.#options.shutdown?.();
  }

  #cut(): void {
    this.#queue?.clear((batch) => this.#context.items.drop(batch.items, 'shutdown'));
    this.#sender.cut();
  }

  async #exportNow(batch: Batch): Promise<void> {
    const sending = this.#sender.send(batch);
    this.#running.add(sending);
    const outcome = await sending;
    this.#running.delete(sending);
    if (outcome.error !== undefined) {
      this.#logRejected(outcome.errorText!, batch.items);
      throw outcome.error;
    }
    this.#account(outcome);
  }

  async #exportQueued(batch: Batch): Promise<void> {
    const outcome = await this.#sender.send(batch);
    this.#account(outcome);
    if (outcome.error === undefined) return;
    const failed = batch.items - outcome.delivered - outcome.rejected;
    this.#context.items.drop(failed, outcome.reason!);
    this.#log.log('error', `Exporting failed. Dropping data.${this.#hint}`, { error: outcome.errorText, dropped_items: failed });
  }

  #account(outcome: Outcome): void {
    if (outcome.delivered > 0) this.#context.items.absorb(outcome.delivered);
    if (outcome.rejected > 0) this.#context.items.drop(outcome.rejected, 'partial_success');
  }

  #logRejected(error: string, items: number): void {
    this.#log.log('error', `Exporting failed. Rejecting data.${this.#hint}`, { error, rejected_items: items });
  }
}
