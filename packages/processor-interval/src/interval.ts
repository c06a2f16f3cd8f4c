import { lend } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, PipelineError, Stage, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { walk } from '@millrace/wire';
import type { MemoryAccount, Walk } from '@millrace/wire';
import type { IntervalConfig } from './config.ts';
import { LastPoints } from './last-points.ts';

/** Collects points and sends the last of each series on, once in every interval and at the end. */
export class Interval implements Stage {
  readonly #config: IntervalConfig;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #intervalMs: number;
  #points: LastPoints | undefined;
  #walk: Walk | undefined;
  #account: MemoryAccount | undefined;
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;

  constructor(config: IntervalConfig, next: Consumer, context: Context) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
    this.#intervalMs = durationMs(config.interval);
  }

  start({ pool, memory }: Host): void {
    this.#points = new LastPoints(this.#config.pass_through, pool);
    this.#walk = walk([this.#points], (_, error) =>
      this.#context.logger.error('Collecting a data point failed; it is kept as it was.', { error: String(error) }),
    );
    this.#account = memory.account();
    this.#schedule();
  }

  consume(batch: Batch): Consumed {
    const points = this.#points!;
    const before = points.collected;
    const result = this.#walk!.run(batch);
    this.#context.items.hold(points.collected - before);
    this.#account?.set(points.sizeBytes);
    if (result === undefined) return undefined;
    return result === batch ? this.#next.consume(batch) : lend(this.#next, result);
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }

  async shutdown(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#sending;
    await this.#send();
    this.#account?.set(0);
    this.#account = undefined;
  }

  #schedule(): void {
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#schedule();
      this.#sending ??= this.#send().finally(() => {
        this.#sending = undefined;
      });
    }, this.#intervalMs);
  }

  /** What was replaced is absorbed; what the next component refuses is dropped. */
  async #send(): Promise<void> {
    if (this.#points === undefined) return;
    const { items, logger } = this.#context;
    const { collected } = this.#points;
    const batch = this.#points.take();
    if (batch === undefined) return;
    const sent = batch.items;
    items.hold(-collected);
    items.absorb(collected - sent);
    try {
      await lend(this.#next, batch);
    } catch (error) {
      items.drop(sent, 'refused');
      logger.error('Metrics export failed', { error: error instanceof Error ? error.message : String(error), dropped_items: sent });
    }
  }
}
