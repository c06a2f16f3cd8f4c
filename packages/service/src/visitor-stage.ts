import { lend } from '@millrace/api';
import type { Batch, Component, Consumed, Consumer, Host, Logger, PipelineError, ProcessorVisitor, Visitor } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { LedgerEntry } from './item-ledger.ts';

/** A processor that works item by item, with its books and log. */
export interface VisitorNode {
  readonly id: string;
  readonly visitor: ProcessorVisitor;
  readonly entry: LedgerEntry;
  readonly logger: Logger;
}

/** As many share a walk (see `walk`). */
export const maxVisitors = 31;

/** Whether a visitor must be the last of its group, so that nothing after it sees what it may still take back. */
export function endsGroup(visitor: Visitor): boolean {
  return visitor.traits?.refuses === true;
}

/** Whether a visitor must be the first of its group, because it looks at items before those ahead of it have. */
export function startsGroup(visitor: Visitor): boolean {
  return visitor.traits?.readsAhead === true;
}

/** Whether a visitor runs in a walk of its own, because its item hooks change what is above the items. */
export function standsAlone(visitor: Visitor): boolean {
  return visitor.traits?.editsUpward === true;
}

/**
 * Neighbouring visitors in one walk, whose result equals running them one after the other. An unchanged batch is passed on as it is. What
 * the visitors dropped or created is booked when the next component has taken the rest.
 */
export class VisitorStage implements Component, Consumer {
  readonly #nodes: readonly VisitorNode[];
  readonly #next: Consumer;
  readonly #walk: ReturnType<typeof walk>;

  constructor(nodes: readonly VisitorNode[], next: Consumer) {
    this.#nodes = nodes;
    this.#next = next;
    this.#walk = walk(
      nodes.map((node) => node.visitor),
      (visitor, error) =>
        nodes[visitor].logger.error('Processing an item failed; it is kept as it was.', {
          error: error instanceof Error ? error.message : String(error),
        }),
    );
  }

  async start(host: Host): Promise<void> {
    for (const { visitor } of this.#nodes) await visitor.start?.(host);
  }

  consume(batch: Batch): Consumed {
    const counts = this.#counts();
    const result = this.#walk.run(batch);
    const after = this.#counts();
    for (let i = 0; i < counts.length; i++) counts[i] = after[i] - counts[i];
    let consumed: Consumed;
    if (result === undefined) consumed = undefined;
    else if (result === batch) consumed = this.#next.consume(batch);
    else consumed = lend(this.#next, result);
    if (consumed === undefined) {
      this.#book(counts);
      return undefined;
    }
    return consumed.then(() => this.#book(counts));
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    for (const { visitor } of this.#nodes) await visitor.shutdown?.(signal);
  }

  /** The counters of the walk, and behind them, of each visitor, how many of the items that it dropped it failed on. */
  #counts(): Float64Array {
    const { counters } = this.#walk;
    const nodes = this.#nodes;
    const counts = new Float64Array(counters.length + nodes.length);
    counts.set(counters);
    for (let i = 0; i < nodes.length; i++) counts[counters.length + i] = nodes[i].visitor.failedItems ?? 0;
    return counts;
  }

  /** Books one batch: per visitor the items that reached it, that it dropped, that it made (see `Walk.counters`). */
  #book(counts: Float64Array): void {
    for (let i = 0; i < this.#nodes.length; i++) {
      const { entry, visitor } = this.#nodes[i];
      const [reached, dropped, created] = counts.subarray(3 * i);
      const failed = counts[3 * this.#nodes.length + i];
      entry.in += reached;
      if (failed > 0) entry.drop(failed, 'error');
      if (dropped > failed) entry.drop(dropped - failed, visitor.dropReason ?? 'filtered');
      if (created > 0) entry.create(created);
      // The last one's output is counted by the edge that follows, when it is taken; nothing follows when nothing is left.
      if (i < this.#nodes.length - 1) entry.out += reached - dropped + created;
    }
  }
}
