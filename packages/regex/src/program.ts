import type { Node, Ranges } from './parse.ts';
import { toV8 } from './to-v8.ts';

/** Kinds of instructions. */
export const op = { set: 0, split: 1, save: 2, assert: 3, match: 4, jump: 5 } as const;

/** What `first` says of the next character, by its code unit: units of ASCII, then all others, then the end of the text. */
export const otherUnit = 128;
export const endOfText = 129;
export const unitCount = 130;

/** More instructions than that are left to the other engine. */
const mostInstructions = 10_000;

/** A class of characters: those of ASCII as a table, the others by a question. */
export interface CharacterClass {
  readonly ascii: Uint8Array;
  /** Whether it may have others. */
  readonly others: boolean;
  readonly hasOther: (codePoint: number) => boolean;
}

/**
 * An expression as instructions, as Thompson's construction makes them: what RE2 prefers comes first. All arrays go by the number of the
 * instruction; a program starts with `start`.
 */
export interface Program {
  readonly start: number;
  readonly ops: Uint8Array;
  /** What follows; of a split, what is tried first. */
  readonly next: Int32Array;
  /** A split: what is tried second. A set: its class. A save: its slot. An assertion: its number in `assertions`. */
  readonly arg: Int32Array;
  readonly classes: readonly CharacterClass[];
  /** Which ways of a split can go on with a character: for each split `unitCount` entries, bit 1 for the first way, bit 2 for the second. */
  readonly viable: Uint8Array;
  /** Where the entries of a split begin in `viable`. */
  readonly viableAt: Int32Array;
  /** With which characters a match can begin: `unitCount` entries, 1 for those that can. */
  readonly first: Uint8Array;
  /** Whether every match starts at the start of the text. */
  readonly anchored: boolean;
  /** Instructions that several others lead to have numbers, from 0 on; others -1. */
  readonly joins: Int32Array;
  readonly joinCount: number;
  readonly slotCount: number;
}

/** The assertions by number. */
export const assertions: readonly Extract<Node, { kind: 'assert' }>['what'][] = [
  'textStart',
  'textEnd',
  'lineStart',
  'lineEnd',
  'wordBorder',
  'noWordBorder',
];

class TooLarge extends Error {}

/** Compiles a tree; undefined when the program would be too large. */
export function compileProgram(tree: Node): Program | undefined {
  try {
    return new Compiler().compile(tree);
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

class Compiler {
  readonly #ops: number[] = [];
  readonly #next: number[] = [];
  readonly #arg: number[] = [];
  readonly #classes: CharacterClass[] = [];
  readonly #classNumbers = new Map<string, number>();
  readonly #slots = new Map<Node, number>();

  compile(tree: Node): Program {
    this.#numberGroups(tree);
    const match = this.#emit(op.match, -1, 0);
    const start = this.#node(tree, match);
    const count = this.#ops.length;
    const ops = Uint8Array.from(this.#ops);
    const next = Int32Array.from(this.#next);
    const arg = Int32Array.from(this.#arg);
    const { joins, joinCount } = joinsOf(start, ops, next, arg);
    const reach = new Reach(ops, next, arg, this.#classes);
    const viableAt = new Int32Array(count);
    let splits = 0;
    for (let at = 0; at < count; at++) if (ops[at] === op.split) viableAt[at] = splits++ * unitCount;
    const viable = new Uint8Array(splits * unitCount);
    for (let at = 0; at < count; at++) {
      if (ops[at] !== op.split) continue;
      const [one, two] = [reach.from(next[at]!), reach.from(arg[at]!)];
      for (let unit = 0; unit < unitCount; unit++) viable[viableAt[at]! + unit] = one[unit]! | (two[unit]! << 1);
    }
    let head = start;
    while (ops[head] === op.save) head = next[head]!;
    const anchored = ops[head] === op.assert && assertions[arg[head]!] === 'textStart';
    const slotCount = 2 + 2 * this.#slots.size;
    return {
      start,
      ops,
      next,
      arg,
      classes: this.#classes,
      viable,
      viableAt,
      first: reach.from(start),
      anchored,
      joins,
      joinCount,
      slotCount,
    };
  }

  /** Groups count from left to right, by where they open. */
  #numberGroups(node: Node): void {
    if (node.kind === 'group' && node.capture) this.#slots.set(node, 2 + 2 * this.#slots.size);
    if (node.kind === 'concat') node.parts.forEach((part) => this.#numberGroups(part));
    else if (node.kind === 'alternate') node.options.forEach((option) => this.#numberGroups(option));
    else if (node.kind === 'group' || node.kind === 'repeat') this.#numberGroups(node.body);
  }

  #emit(what: number, next: number, arg: number): number {
    if (this.#ops.length >= mostInstructions) throw new TooLarge();
    this.#next.push(next);
    this.#arg.push(arg);
    return this.#ops.push(what) - 1;
  }

  /** Emits what matches the node and goes on at `next`; returns where it starts. */
  #node(node: Node, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.#emit(op.set, next, this.#class(node));
      case 'assert':
        return this.#emit(op.assert, next, assertions.indexOf(node.what));
      case 'group': {
        const slot = this.#slots.get(node);
        if (slot === undefined) return this.#node(node.body, next);
        return this.#emit(op.save, this.#node(node.body, this.#emit(op.save, next, slot + 1)), slot);
      }
      case 'concat': {
        let at = next;
        for (const part of node.parts.toReversed()) at = this.#node(part, at);
        return at;
      }
      case 'alternate': {
        let at: number | undefined;
        for (const option of node.options.toReversed()) {
          const start = this.#node(option, next);
          at = at === undefined ? start : this.#emit(op.split, start, at);
        }
        return at!;
      }
      default:
        return this.#repeat(node, next);
    }
  }

  #repeat({ body, min, max, lazy }: Extract<Node, { kind: 'repeat' }>, next: number): number {
    let at = next;
    let rest = min;
    if (max === Infinity) {
      // What can be empty is `(?:x+)?`, as RE2 does it; what cannot be may be left out at each round.
      if (min === 0) return canBeEmpty(body) ? this.#optional(this.#plus(body, next, lazy), next, lazy) : this.#star(body, next, lazy);
      at = this.#plus(body, next, lazy);
      rest--;
    } else {
      for (let i = min; i < max; i++) at = this.#optional(this.#node(body, at), next, lazy);
    }
    for (let i = 0; i < rest; i++) at = this.#node(body, at);
    return at;
  }

  #optional(body: number, next: number, lazy: boolean): number {
    return lazy ? this.#emit(op.split, next, body) : this.#emit(op.split, body, next);
  }

  #loop(body: Node, next: number, lazy: boolean): { readonly split: number; readonly start: number } {
    const split = this.#optional(-1, next, lazy);
    const start = this.#node(body, split);
    (lazy ? this.#arg : this.#next)[split] = start;
    return { split, start };
  }

  #star(body: Node, next: number, lazy: boolean): number {
    return this.#loop(body, next, lazy).split;
  }

  #plus(body: Node, next: number, lazy: boolean): number {
    return this.#loop(body, next, lazy).start;
  }

  #class(node: Extract<Node, { kind: 'set' }>): number {
    const source = toV8(node);
    const known = this.#classNumbers.get(source);
    if (known !== undefined) return known;
    const regex = new RegExp(`^${source}$`, 'u');
    const ascii = Uint8Array.from({ length: 128 }, (_, unit) => Number(regex.test(String.fromCharCode(unit))));
    const hasOther = node.fold
      ? (codePoint: number): boolean => regex.test(String.fromCodePoint(codePoint))
      : (codePoint: number): boolean => contains(node.ranges, codePoint);
    this.#classNumbers.set(source, this.#classes.length);
    return this.#classes.push({ ascii, others: node.fold || (node.ranges.at(-1) ?? 0) > 0x7f, hasOther }) - 1;
  }
}

function contains(ranges: Ranges, codePoint: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (codePoint <= ranges[i + 1]!) return codePoint >= ranges[i]!;
  return false;
}

function canBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'assert':
      return true;
    case 'group':
      return canBeEmpty(node.body);
    case 'concat':
      return node.parts.every(canBeEmpty);
    case 'alternate':
      return node.options.some(canBeEmpty);
    default:
      return node.min === 0 || canBeEmpty(node.body);
  }
}

/** Numbers what several instructions lead to: whatever else is tried again and again hangs on one of those. */
function joinsOf(
  start: number,
  ops: Uint8Array,
  next: Int32Array,
  arg: Int32Array,
): { readonly joins: Int32Array; readonly joinCount: number } {
  const incoming = new Int32Array(ops.length);
  incoming[start]!++;
  for (let at = 0; at < ops.length; at++) {
    if (ops[at] === op.match) continue;
    incoming[next[at]!]!++;
    if (ops[at] === op.split) incoming[arg[at]!]!++;
  }
  let joinCount = 0;
  const joins = incoming.map((count, at) => (count > 1 && ops[at] !== op.match ? joinCount++ : -1));
  return { joins, joinCount };
}

/** With which characters one can go on from an instruction: assertions are taken to hold, and a match to be followed by anything. */
class Reach {
  readonly #ops: Uint8Array;
  readonly #next: Int32Array;
  readonly #arg: Int32Array;
  readonly #classes: readonly CharacterClass[];
  readonly #seen: Int32Array;
  #round = 0;

  constructor(ops: Uint8Array, next: Int32Array, arg: Int32Array, classes: readonly CharacterClass[]) {
    this.#ops = ops;
    this.#next = next;
    this.#arg = arg;
    this.#classes = classes;
    this.#seen = new Int32Array(ops.length);
  }

  from(start: number): Uint8Array {
    const units = new Uint8Array(unitCount);
    const round = ++this.#round;
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.#seen[at] === round) continue;
      this.#seen[at] = round;
      switch (this.#ops[at]) {
        case op.set: {
          const { ascii, others } = this.#classes[this.#arg[at]!]!;
          for (let unit = 0; unit < 128; unit++) units[unit]! |= ascii[unit]!;
          if (others) units[otherUnit] = 1;
          break;
        }
        case op.match:
          return units.fill(1);
        case op.split:
          open.push(this.#next[at]!, this.#arg[at]!);
          break;
        default:
          open.push(this.#next[at]!);
      }
    }
    return units;
  }
}
