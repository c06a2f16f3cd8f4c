import type { Batch, Consumed, Consumer, PipelineError } from '@millrace/api';
import type { LedgerEntry, TransportCount } from './item-ledger.ts';

/**
 * The connection of two components: counts what the sender passed on and the receiver took in, when it is taken. An end that keeps its own
 * books (a fan-out, a group of visitors) is left undefined.
 */
export class Edge implements Consumer {
  readonly #next: Consumer;
  readonly #from: LedgerEntry | undefined;
  readonly #to: LedgerEntry | undefined;
  readonly #transport: TransportCount | undefined;

  constructor(from: LedgerEntry | undefined, to: LedgerEntry | undefined, next: Consumer, transport?: TransportCount) {
    this.#from = from;
    this.#to = to;
    this.#next = next;
    this.#transport = transport;
  }

  over(transport: string): Consumer {
    return new Edge(this.#from, this.#to, this.#next, this.#to?.transport(transport));
  }

  consume(batch: Batch): Consumed {
    const { items } = batch;
    let consumed: Consumed;
    try {
      consumed = this.#next.consume(batch);
    } catch (error) {
      this.#refused(items);
      throw error;
    }
    if (consumed === undefined) {
      this.#count(items);
      return undefined;
    }
    return consumed.then(
      () => this.#count(items),
      (error: unknown) => {
        this.#refused(items);
        throw error;
      },
    );
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }

  #count(items: number): void {
    if (this.#from !== undefined) this.#from.out += items;
    if (this.#to !== undefined) this.#to.in += items;
    if (this.#transport !== undefined) this.#transport.in += items;
  }

  #refused(items: number): void {
    if (this.#to !== undefined) this.#to.refused += items;
    if (this.#transport !== undefined) this.#transport.refused += items;
  }
}
