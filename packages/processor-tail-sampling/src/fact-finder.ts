import type { Batch, ResourceView, SpanView, Verdict, Visitor } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { Walk } from '@millrace/wire';
import { outcomes } from './fact.ts';
import type { Fact } from './fact.ts';

/** Finds the facts about traces that stand one after the other in a batch, in one walk. */
export class FactFinder implements Visitor {
  readonly #facts: readonly Fact[];
  readonly #walk: Walk;
  /** ResourceSpans of each trace. */
  #groups: readonly number[] = [];
  #trace = -1;
  #groupsLeft = 0;
  #base = 0;
  #open = 0;
  #outcomes = new Uint8Array(0);

  /** `report`: is given what a fact throws. */
  constructor(facts: readonly Fact[], report: (error: unknown) => void) {
    this.#facts = facts;
    this.#walk = walk([this], (_, error) => report(error));
  }

  /** Outcomes of all facts about the first trace, then the second ... `groups`: how many ResourceSpans each has. Valid until the next call. */
  find(batch: Batch, groups: readonly number[]): Uint8Array {
    const size = groups.length * this.#facts.length;
    if (this.#outcomes.length < size) this.#outcomes = new Uint8Array(size);
    else this.#outcomes.fill(0, 0, size);
    this.#groups = groups;
    this.#trace = -1;
    this.#groupsLeft = 0;
    this.#walk.run(batch);
    return this.#outcomes;
  }

  onResource(resource: ResourceView): Verdict {
    const facts = this.#facts;
    while (this.#groupsLeft === 0) {
      this.#trace++;
      this.#groupsLeft = this.#groups[this.#trace];
      this.#base = this.#trace * facts.length;
      this.#open = facts.length;
      for (const fact of facts) fact.begin?.();
    }
    this.#groupsLeft--;
    for (let i = 0; i < facts.length && this.#open > 0; i++) {
      if (this.#outcomes[this.#base + i] !== outcomes.open) continue;
      const outcome = facts[i].resource?.(resource) ?? outcomes.open;
      if (outcome !== outcomes.open) this.#close(i, outcome);
    }
    return this.#open === 0 ? 'skip' : undefined;
  }

  onSpan(span: SpanView): void {
    if (this.#open === 0) return;
    const facts = this.#facts;
    for (let i = 0; i < facts.length; i++) {
      if (this.#outcomes[this.#base + i] !== outcomes.open) continue;
      const outcome = facts[i].span(span);
      if (outcome !== outcomes.open) this.#close(i, outcome);
    }
  }

  #close(fact: number, outcome: number): void {
    this.#outcomes[this.#base + fact] = outcome;
    this.#open--;
  }
}
