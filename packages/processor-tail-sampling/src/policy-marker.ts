import { key } from '@millrace/api';
import type { Batch, ScopeEdit, Visitor } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { Walk } from '@millrace/wire';

const policyKey = key('tailsampling.policy');
const compositeKey = key('tailsampling.composite_policy');
const cachedKey = key('tailsampling.cached_decision');

/** What is written into the scopes of a trace. */
export interface PolicyMark {
  /** ResourceSpans of the trace. */
  readonly groups: number;
  readonly policy: string | undefined;
  readonly composite?: string;
  readonly isCached?: boolean;
}

/** Writes into scopes why a trace is kept. */
export class PolicyMarker implements Visitor {
  readonly #walk: Walk;
  #marks: readonly PolicyMark[] = [];
  #next = 0;
  #groupsLeft = 0;

  constructor(report: (error: unknown) => void) {
    this.#walk = walk([this], (_, error) => report(error));
  }

  /** The batch with marks, for each trace in its order; takes the batch over. */
  mark(batch: Batch, marks: readonly PolicyMark[]): Batch {
    this.#marks = marks;
    this.#next = 0;
    this.#groupsLeft = 0;
    const marked = this.#walk.run(batch)!;
    if (marked !== batch) batch.release();
    return marked;
  }

  onResource(): void {
    while (this.#groupsLeft === 0) this.#groupsLeft = this.#marks[this.#next++].groups;
    this.#groupsLeft--;
  }

  onScope({ attributes }: ScopeEdit): void {
    const { policy, composite = '', isCached = false } = this.#marks[this.#next - 1];
    if (composite !== '') attributes.setString(compositeKey, composite);
    if (policy !== undefined) attributes.setString(policyKey, policy);
    if (isCached) attributes.setBoolean(cachedKey, true);
  }
}
