import { op, otherUnit } from './program.ts';
import type { Program } from './program.ts';

/** More states than that are forgotten all at once: 256 KiB of transitions. */
const mostStates = 512;
const unitKinds = 129;
const unknown = 0;
const matched = -1;
const dead = -2;

/** What a text is seen to be: without a match, with one, or not told apart. */
export const verdict = { no: 0, maybe: 1, yes: 2 } as const;

/**
 * Tells texts without a match at a few nanoseconds per character: all ways through a program at once, as one state whose successors are found when
 * they are first needed. It takes every assertion to hold, and a character beyond ASCII to be in every set that has such, so it may say `maybe`.
 * A text for which new states are needed all along is `maybe` too: a run makes at most one for every 8 characters, and 64.
 */
export class LazyAutomaton {
  /** States that the last run made. */
  made = 0;
  readonly #program: Program;
  readonly #isExact: boolean;
  readonly #numbers = new Map<string, number>();
  /** Of each state, the instructions that wait for a character. */
  #states: Int32Array[] = [];
  /** By state (from 1 on) and kind of unit. */
  #steps = new Int32Array(16 * unitKinds);
  readonly #seen: Int32Array;
  readonly #open: number[] = [];
  #round = 0;
  #initial = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#isExact = !program.ops.includes(op.assert);
    this.#seen = new Int32Array(program.ops.length);
  }

  /** Whether a match at or after an index is possible. */
  judge(text: string, from: number): number {
    if (this.#program.anchored && from > 0) return verdict.no;
    const mostMade = 64 + (text.length >> 3);
    this.made = 0;
    let isExact = this.#isExact;
    if (this.#states.length === 0) this.#restart();
    let state = this.#initial;
    if (state === matched) return isExact ? verdict.yes : verdict.maybe;
    let steps = this.#steps;
    for (let at = from; at < text.length; at++) {
      let unit = text.charCodeAt(at);
      if (unit > 127) {
        unit = otherUnit;
        isExact = false;
        // One character, whether of one unit or of two.
        if (text.codePointAt(at)! > 0xffff) at++;
      }
      let after = steps[(state - 1) * unitKinds + unit]!;
      if (after === unknown) {
        if (this.made >= mostMade) return verdict.maybe;
        after = this.#step(state, unit);
        steps = this.#steps;
      }
      if (after < 0) return after === dead ? verdict.no : isExact ? verdict.yes : verdict.maybe;
      state = after;
    }
    return verdict.no;
  }

  #restart(): void {
    this.#states = [];
    this.#numbers.clear();
    this.#steps.fill(unknown);
    this.#round++;
    const waiting: number[] = [];
    this.#initial = this.#follow(this.#program.start, waiting) ? matched : this.#number(waiting);
  }

  #step(state: number, unit: number): number {
    const { next, arg, classes, start, anchored } = this.#program;
    this.#round++;
    const waiting: number[] = [];
    let isMatch = false;
    for (const at of this.#states[state - 1]!) {
      const set = classes[arg[at]!]!;
      if ((unit === otherUnit ? set.others : set.ascii[unit] === 1) && this.#follow(next[at]!, waiting)) isMatch = true;
    }
    // A match may begin anywhere.
    if (!anchored && this.#follow(start, waiting)) isMatch = true;
    if (!isMatch && waiting.length > 0 && this.#states.length >= mostStates) {
      // The state that this one came from is forgotten too: there is nowhere to note the way.
      this.#restart();
      this.made++;
      return this.#number(waiting);
    }
    const after = isMatch ? matched : waiting.length === 0 ? dead : this.#number(waiting);
    this.made++;
    this.#steps[(state - 1) * unitKinds + unit] = after;
    return after;
  }

  /** The number of a state, which may be new. */
  #number(waiting: number[]): number {
    const sorted = Int32Array.from(waiting).sort();
    const name = sorted.join();
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#states.push(sorted);
    this.#numbers.set(name, number);
    if (number * unitKinds > this.#steps.length) {
      const larger = new Int32Array(2 * this.#steps.length);
      larger.set(this.#steps);
      this.#steps = larger;
    }
    return number;
  }

  /** Adds what waits for a character from an instruction on; returns whether a match is reached. */
  #follow(from: number, waiting: number[]): boolean {
    const { ops, next, arg } = this.#program;
    const open = this.#open;
    let isMatch = false;
    open.push(from);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.#seen[at] === this.#round) continue;
      this.#seen[at] = this.#round;
      if (ops[at] === op.set) waiting.push(at);
      else if (ops[at] === op.match) isMatch = true;
      else {
        if (ops[at] === op.split) open.push(arg[at]!);
        open.push(next[at]!);
      }
    }
    return isMatch;
  }
}
