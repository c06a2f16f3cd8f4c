import type { Batch } from '@millrace/wire';
import type { Consumed, Consumer } from '../consumer.ts';

/** A consumer that takes everything and keeps copies of the bytes. */
export class Sink implements Consumer {
  /** The encoded requests, in order of arrival. */
  readonly requests: Buffer[] = [];
  items = 0;
  /** When set, called first: throw to refuse, return a promise to take later. */
  before: ((batch: Batch) => Consumed) | undefined;

  consume(batch: Batch): Consumed {
    const held = batch.hold();
    const take = (): void => {
      this.requests.push(Buffer.from(held.bytes));
      this.items += held.items;
      held.release();
    };
    let pending: Consumed;
    try {
      pending = this.before?.(batch);
    } catch (error) {
      held.release();
      throw error;
    }
    if (pending === undefined) {
      take();
      return undefined;
    }
    return pending.then(take, (error: unknown) => {
      held.release();
      throw error;
    });
  }
}
