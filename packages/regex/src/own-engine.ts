import { Backtracker } from './backtracker.ts';
import { LazyAutomaton, verdict } from './lazy-automaton.ts';
import type { Program } from './program.ts';

/** Runs a program: an automaton refuses the texts without a match, and what it lets through is backtracked with a memory. */
export class OwnEngine {
  readonly #automaton: LazyAutomaton;
  readonly #backtracker: Backtracker;

  constructor(program: Program) {
    this.#automaton = new LazyAutomaton(program);
    this.#backtracker = new Backtracker(program);
  }

  /** Whether a text is short enough; otherwise it is for re2js. */
  takes(text: string): boolean {
    return this.#backtracker.takes(text);
  }

  /** Whether it matches somewhere in the text. */
  test(text: string): boolean {
    const found = this.#automaton.judge(text, 0);
    return found === verdict.maybe ? this.#backtracker.search(text, 0) !== undefined : found === verdict.yes;
  }

  /** As `Backtracker.search`. */
  search(text: string, from: number): Int32Array | undefined {
    return this.#automaton.judge(text, from) === verdict.no ? undefined : this.#backtracker.search(text, from);
  }

  /** States that the automaton made for the last text. */
  get statesMade(): number {
    return this.#automaton.made;
  }
}
