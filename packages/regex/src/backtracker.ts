import { assertions, endOfText, op, otherUnit } from './program.ts';
import type { CharacterClass, Program } from './program.ts';

/** Words of 32 bits for what was tried: 1 MiB, shared by all expressions of a thread. */
const mostWords = 1 << 18;
/** A longer stack is not kept for the next search. */
const longestKept = 1 << 16;
const failed = -1;

let tried = new Uint32Array(1024);
let stack = new Int32Array(1024);

/**
 * Runs a program by trying what RE2 prefers first and going back when it fails, but never twice from the same instruction at the same place of
 * the text: at most `instructions * (text + 1)` steps. Where the next character decides between two ways, it remembers neither.
 */
export class Backtracker {
  /** Instructions that the last search ran. */
  steps = 0;
  readonly #program: Program;
  /** The most UTF-16 units that a text may have. */
  readonly #longest: number;
  readonly #rowWords: number;
  readonly #joinWord: Int32Array;
  /** 0 where nothing is to be remembered. */
  readonly #joinBit: Int32Array;
  readonly #slots: Int32Array;

  constructor(program: Program) {
    this.#program = program;
    this.#rowWords = Math.ceil(program.joinCount / 32);
    this.#longest = this.#rowWords === 0 ? Infinity : Math.floor(mostWords / this.#rowWords) - 1;
    this.#joinWord = program.joins.map((join) => join >> 5);
    this.#joinBit = program.joins.map((join) => (join < 0 ? 0 : 1 << (join & 31)));
    this.#slots = new Int32Array(program.slotCount);
  }

  /** Whether a text is short enough for what it remembers. */
  takes(text: string): boolean {
    return text.length <= this.#longest;
  }

  /**
   * The first match at or after an index: where it and each group begin and end, by turns, -1 for a group that took no part. Good until the next
   * search.
   */
  search(text: string, from: number): Int32Array | undefined {
    const { first, anchored } = this.#program;
    this.steps = 0;
    if (anchored && from > 0) return undefined;
    const words = (text.length - from + 1) * this.#rowWords;
    if (words > tried.length) tried = new Uint32Array(Math.min(mostWords, 2 * words));
    const last = anchored ? 0 : text.length;
    let farthest = from;
    let found = false;
    for (let at = from; at <= last; at++) {
      const unit = at === text.length ? 0 : text.charCodeAt(at);
      if (first[at === text.length ? endOfText : unit < 128 ? unit : otherUnit] === 1) {
        const reached = this.#run(text, at, from);
        if (reached >= 0) {
          found = true;
          farthest = Math.max(farthest, reached);
          break;
        }
        farthest = Math.max(farthest, ~reached);
      }
      if (unit >= 0xd800 && unit <= 0xdbff && text.codePointAt(at)! > 0xffff) at++;
    }
    if (stack.length > longestKept) stack = new Int32Array(1024);
    tried.fill(0, 0, Math.min(tried.length, (farthest - from + 1) * this.#rowWords));
    return found ? this.#slots : undefined;
  }

  /** Tries one start. Returns the farthest place that it came to, as it is when it matched, inverted when it did not. */
  #run(text: string, start: number, base: number): number {
    const { ops, next, arg, classes, viable, viableAt, start: startAt } = this.#program;
    const joinWord = this.#joinWord;
    const joinBit = this.#joinBit;
    const rowWords = this.#rowWords;
    const slots = this.#slots;
    const length = text.length;
    slots.fill(-1);
    let depth = 0;
    let farthest = start;
    let steps = 0;
    let at = startAt;
    let place = start;
    for (;;) {
      steps++;
      const bit = joinBit[at]!;
      let isOpen = true;
      if (bit !== 0) {
        const word = (place - base) * rowWords + joinWord[at]!;
        const before = tried[word]!;
        if ((before & bit) !== 0) isOpen = false;
        else tried[word] = before | bit;
      }
      if (isOpen) {
        switch (ops[at]) {
          case op.set: {
            if (place >= length) break;
            const unit = text.charCodeAt(place);
            const set: CharacterClass = classes[arg[at]!]!;
            if (unit < 128) {
              if (set.ascii[unit] !== 1) break;
              place++;
            } else {
              const codePoint = text.codePointAt(place)!;
              if (!set.others || !set.hasOther(codePoint)) break;
              place += codePoint > 0xffff ? 2 : 1;
            }
            if (place > farthest) farthest = place;
            at = next[at]!;
            continue;
          }
          case op.split: {
            let unit = endOfText;
            if (place < length) {
              unit = text.charCodeAt(place);
              if (unit > 127) unit = otherUnit;
            }
            const ways = viable[viableAt[at]! + unit];
            if (ways === 0) break;
            if (ways === 2) {
              at = arg[at]!;
              continue;
            }
            if (ways === 3) {
              if (depth + 2 > stack.length) stack = grown(stack);
              stack[depth++] = arg[at]!;
              stack[depth++] = place;
            }
            at = next[at]!;
            continue;
          }
          case op.save: {
            const slot = arg[at]!;
            // With no way back there is nothing to restore.
            if (depth > 0) {
              if (depth + 2 > stack.length) stack = grown(stack);
              stack[depth++] = ~slot;
              stack[depth++] = slots[slot]!;
            }
            slots[slot] = place;
            at = next[at]!;
            continue;
          }
          case op.assert:
            if (!holds(arg[at]!, text, place)) break;
            at = next[at]!;
            continue;
          default:
            slots[0] = start;
            slots[1] = place;
            this.steps += steps;
            return farthest;
        }
      }
      at = failed;
      while (depth > 0) {
        const value = stack[--depth]!;
        const what = stack[--depth]!;
        if (what >= 0) {
          at = what;
          place = value;
          break;
        }
        slots[~what] = value;
      }
      if (at === failed) {
        this.steps += steps;
        return ~farthest;
      }
    }
  }
}

function grown(full: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * full.length);
  larger.set(full);
  return larger;
}

function holds(assertion: number, text: string, place: number): boolean {
  switch (assertions[assertion]!) {
    case 'textStart':
      return place === 0;
    case 'textEnd':
      return place === text.length;
    case 'lineStart':
      return place === 0 || text.charCodeAt(place - 1) === 10;
    case 'lineEnd':
      return place === text.length || text.charCodeAt(place) === 10;
    case 'wordBorder':
      return isWord(text, place - 1) !== isWord(text, place);
    default:
      return isWord(text, place - 1) === isWord(text, place);
  }
}

function isWord(text: string, at: number): boolean {
  const unit = at < 0 || at >= text.length ? 0 : text.charCodeAt(at);
  return (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || unit === 95 || (unit >= 97 && unit <= 122);
}
