import type { BlockMarks } from './block-marks.ts';

/** A row of sets of bytes (256 entries each, 1 for members): it occurs where a byte of each set stands in turn. */
export type ByteWindow = readonly Uint8Array[];

/** A window that is looked for, and the kinds (bits) of what may be around where it occurs. */
export interface WantedWindow {
  readonly window: ByteWindow;
  readonly bits: number;
}

type Pass = (bytes: Buffer, marks: BlockMarks) => void;

/** Bytes that are rare in telemetry: a native search for one of them beats everything. */
const rare = new Set(Array.from(':@%{}~^|\\`$!#*<>;', (character) => character.charCodeAt(0)));

/** From so many bytes on, windows without words are looked for as runs of the bytes that they consist of. */
const longBytes = 7;

/**
 * Finds all windows in a buffer, in a few passes that look at every n-th place only: windows of m bytes cannot slip between samples of k bytes
 * that are m - k + 1 apart. Takes time linear in the buffer.
 */
export class WindowSearch {
  readonly #passes: Pass[];

  constructor(wanted: readonly WantedWindow[]) {
    const groups = new Map<string, WantedWindow[]>();
    const literals: WantedWindow[] = [];
    for (const one of unique(wanted)) {
      const kind = kindOf(one.window);
      if ((kind === 'two' || kind === 'three') && literalOf(one.window).text.length >= leastLiteral) literals.push(one);
      else groups.set(kind, [...(groups.get(kind) ?? []), one]);
    }
    const areFew = literals.length <= mostLiterals;
    if (!areFew) for (const one of literals) groups.set(kindOf(one.window), [...(groups.get(kindOf(one.window)) ?? []), one]);
    this.#passes = Array.from(groups, ([kind, group]) => {
      if (kind === 'one') return eachByte(group);
      if (kind === 'two') return sampled(group, 2);
      if (kind === 'three') return sampled(group, 3);
      return kind.startsWith('run') ? run(group) : native(Number(kind), group);
    });
    if (areFew) this.#passes.push(...literals.map(literal));
  }

  /** Marks where windows occur in the buffer. */
  mark(bytes: Buffer, marks: BlockMarks): void {
    for (const pass of this.#passes) pass(bytes, marks);
  }
}

/** Equal windows once. */
function unique(wanted: readonly WantedWindow[]): WantedWindow[] {
  const merged = new Map<string, WantedWindow>();
  for (const { window, bits } of wanted) {
    const name = window.map((set) => members(set).join(' ')).join();
    merged.set(name, { window, bits: bits | (merged.get(name)?.bits ?? 0) });
  }
  return [...merged.values()];
}

/** How a window is best looked for: by a rare byte (its number), as a run of a few kinds of bytes, or by samples of one, two or three bytes. */
function kindOf(window: ByteWindow): string {
  const rareByte = window.map(onlyMember).find((byte) => rare.has(byte));
  if (rareByte !== undefined) return String(rareByte);
  if (window.length === 1) return 'one';
  if (window.length >= longBytes && window.every(makesRuns)) return `run ${members(unionOf(window)).join(' ')}`;
  return window.length >= 5 ? 'three' : 'two';
}

/** A native search for so many bytes in a row beats samples, while the words are few: each takes a search of its own. */
const leastLiteral = 3;
const mostLiterals = 4;

/** The longest row of single bytes in a window, and where it begins. */
function literalOf(window: ByteWindow): { readonly text: string; readonly from: number } {
  let best = { text: '', from: 0 };
  let text = '';
  window.forEach((set, i) => {
    const byte = onlyMember(set);
    text = byte < 0 ? '' : text + String.fromCharCode(byte);
    if (text.length > best.text.length) best = { text, from: i + 1 - text.length };
  });
  return best;
}

function literal({ window, bits }: WantedWindow): Pass {
  const { text, from } = literalOf(window);
  return (bytes, marks) => {
    for (let at = bytes.indexOf(text, 0, 'latin1'); at >= 0; at = bytes.indexOf(text, at + 1, 'latin1'))
      if (occurs(bytes, at - from, window)) marks.mark(at, bits);
  };
}

/** How many bytes are looked through one by one after a find before the native search is called again. */
const nearBytes = 8;

function native(byte: number, group: readonly WantedWindow[]): Pass {
  const places = group.map(({ window, bits }) => ({ window, bits, before: window.findIndex((set) => onlyMember(set) === byte) }));
  const test = (b: Uint8Array, at: number, marks: BlockMarks): void => {
    for (let i = 0; i < places.length; i++) {
      const { window, bits, before } = places[i]!;
      if (occurs(b, at - before, window)) marks.mark(at, bits);
    }
  };
  return (bytes, marks) => {
    const b: Uint8Array = bytes;
    const end = b.length;
    let until = 0;
    for (let at = bytes.indexOf(byte); at >= 0;) {
      test(b, at, marks);
      until = Math.min(end, at + nearBytes);
      at++;
      while (at < until && b[at] !== byte) at++;
      if (at === until) at = at < end ? bytes.indexOf(byte, at) : -1;
    }
  };
}

function eachByte(group: readonly WantedWindow[]): Pass {
  const bitsOf = new Int32Array(256);
  for (const { window, bits } of group) for (const byte of members(window[0]!)) bitsOf[byte]! |= bits;
  return (bytes, marks) => {
    const b: Uint8Array = bytes;
    for (let at = 0; at < b.length; at++) if (bitsOf[b[at]!] !== 0) marks.mark(at, bitsOf[b[at]!]!);
  };
}

/** Whether runs of the bytes of a set are rare, and most of them what is looked for: no letters, or all capitals. */
function makesRuns(set: Uint8Array): boolean {
  const text = String.fromCharCode(...members(set));
  return !/[a-z\x80-\xff]/.test(text) && (text.length >= 10 || !/[A-Z]/.test(text));
}

function unionOf(window: ByteWindow): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (window.some((set) => set[byte] === 1) ? 1 : 0));
}

/** Looks for runs of the bytes that all windows of the group consist of, then for the windows in them. */
function run(group: readonly WantedWindow[]): Pass {
  const least = Math.min(...group.map(({ window }) => window.length));
  const set = unionOf(group[0]!.window);
  const uniform = group.filter(({ window }) => window.every((one) => one.every((member, byte) => member === set[byte])));
  const other = group.filter((one) => !uniform.includes(one));
  return (bytes, marks) => {
    const b: Uint8Array = bytes;
    const { length } = b;
    for (let at = least - 1; at < length; at += least) {
      if (set[b[at]!] === 0) continue;
      let start = at;
      const first = at - least + 1;
      while (start > first && set[b[start - 1]!] === 1) start--;
      let end = at + 1;
      while (end < length && set[b[end]!] === 1) end++;
      if (end - start >= least) {
        for (const { window, bits } of uniform) if (end - start >= window.length) markAll(marks, start, end, bits);
        for (const one of other) findIn(b, start, end, one, marks);
      }
      at = end;
    }
  };
}

function markAll(marks: BlockMarks, start: number, end: number, bits: number): void {
  for (let at = start; at < end; at = marks.nextBlock(at)) marks.mark(at, bits);
}

function findIn(b: Uint8Array, start: number, end: number, { window, bits }: WantedWindow, marks: BlockMarks): void {
  for (let at = start; at + window.length <= end; at++) if (occurs(b, at, window)) marks.mark(at, bits);
}

/** A window that a sample may be in, and how many bytes of it come before the sample. */
interface Place {
  readonly window: ByteWindow;
  readonly bits: number;
  readonly before: number;
  /** Where another byte of the window stands, from the sample on, and what it may be. */
  readonly check: number;
  readonly checked: Uint8Array;
}

const hashes = 1 << 16;
const factor = 0x9e37_79b1;

function sampled(group: readonly WantedWindow[], width: 2 | 3): Pass {
  const least = sampledLength(group, width);
  const step = least - width + 1;
  /** The number of the list of each hash; 0 for none. */
  const listOf = new Uint16Array(hashes);
  const lists: Place[][] = [[]];
  const numbers = new Map<string, number>();
  const places = new Map<number, Place[]>();
  for (const { window, bits } of group) {
    const from = rarestPart(window, least);
    for (let i = 0; i < step; i++) {
      const before = from + i;
      const other = rarestBut(window, before, width);
      const place: Place = { window, bits, before, check: other - before, checked: window[other]! };
      for (const hash of hashesOf(window, from + i, width)) {
        const known = places.get(hash);
        if (known === undefined) places.set(hash, [place]);
        else known.push(place);
      }
    }
  }
  const ids = new Map<Place, number>();
  for (const [hash, list] of places) {
    const name = list.map((place) => ids.get(place) ?? (ids.set(place, ids.size), ids.size - 1)).join(' ');
    let number = numbers.get(name);
    if (number === undefined) numbers.set(name, (number = lists.push(list) - 1));
    listOf[hash] = number;
  }
  const test = (b: Uint8Array, at: number, list: readonly Place[], marks: BlockMarks): void => {
    for (let i = 0; i < list.length; i++) {
      const { window, bits, before } = list[i]!;
      if (occurs(b, at - before, window)) marks.mark(at, bits);
    }
  };
  if (width === 2) {
    return (bytes, marks) => {
      const b: Uint8Array = bytes;
      const last = b.length - 2;
      for (let at = 0; at <= last; at += step) {
        const hash = b[at]! | (b[at + 1]! << 8);
        if (listOf[hash] !== 0) test(b, at, lists[listOf[hash]!]!, marks);
      }
    };
  }
  return (bytes, marks) => {
    const b: Uint8Array = bytes;
    const last = b.length - 3;
    for (let at = 0; at <= last; at += step) {
      const hash = Math.imul(b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16), factor) >>> 16;
      if (listOf[hash] !== 0) test(b, at, lists[listOf[hash]!]!, marks);
    }
  };
}

/** Characters that telemetry mostly consists of. */
const commonBytes = 40;
/** What a look at the windows of a sample costs, in samples. */
const testCost = 8;

/** How much of the windows is sampled: more takes larger steps, but samples of anything, such as of the letters behind a prefix, are of no use. */
function sampledLength(group: readonly WantedWindow[], width: number): number {
  const longest = Math.min(...group.map(({ window }) => window.length));
  let best = width;
  let lowest = Infinity;
  for (let length = width; length <= longest; length++) {
    const step = length - width + 1;
    let hits = 0;
    for (const { window } of group) {
      const from = rarestPart(window, length);
      for (let i = from; i < from + step; i++)
        hits += window.slice(i, i + width).reduce((product, set) => product * Math.min(1, members(set).length / commonBytes), 1);
    }
    const cost = (1 + testCost * hits) / step;
    if (cost < lowest) [best, lowest] = [length, cost];
  }
  return best;
}

/** The place with the fewest members outside of a sample. */
function rarestBut(window: ByteWindow, from: number, width: number): number {
  let best = from;
  let least = 257;
  window.forEach((set, i) => {
    const size = members(set).length;
    if ((i < from || i >= from + width) && size < least) [best, least] = [i, size];
  });
  return best;
}

function hashesOf(window: ByteWindow, from: number, width: 2 | 3): Set<number> {
  const found = new Set<number>();
  const second = members(window[from + 1]!);
  const third = width === 3 ? members(window[from + 2]!) : [0];
  for (const a of members(window[from]!))
    for (const b of second)
      for (const c of third) found.add(width === 2 ? a | (b << 8) : Math.imul(a | (b << 8) | (c << 16), factor) >>> 16);
  return found;
}

function occurs(b: Uint8Array, start: number, window: ByteWindow): boolean {
  if (start < 0 || start + window.length > b.length) return false;
  for (let i = 0; i < window.length; i++) if (window[i]![b[start + i]!] === 0) return false;
  return true;
}

function members(set: Uint8Array): number[] {
  const found: number[] = [];
  for (let byte = 0; byte < 256; byte++) if (set[byte] === 1) found.push(byte);
  return found;
}

/** The member of a set that has one, else -1. */
function onlyMember(set: Uint8Array): number {
  const found = members(set);
  return found.length === 1 ? found[0]! : -1;
}

/** Where the part of `width` sets begins that has the fewest combinations. */
function rarestPart(window: ByteWindow, width: number): number {
  const sizes = window.map((set) => Math.log2(members(set).length + 1e-9));
  let best = 0;
  let bestSum = Infinity;
  for (let from = 0; from + width <= sizes.length; from++) {
    const sum = sizes.slice(from, from + width).reduce((a, b) => a + b, 0);
    if (sum < bestSum) [best, bestSum] = [from, sum];
  }
  return best;
}

const setOf = (characters: Iterable<string>): Uint8Array => {
  const set = new Uint8Array(256);
  for (const character of characters) set[character.charCodeAt(0)] = 1;
  return set;
};

/** The window that a text is written as: `[...]` is one of several characters; upper and lower case are the same with `anyCase`. */
export function windowOf(pattern: string, anyCase = false): ByteWindow {
  const sets: Uint8Array[] = [];
  for (const [, list, character] of pattern.matchAll(/\[([^\]]+)\]|([^])/g)) {
    const characters = list ?? character!;
    sets.push(setOf(anyCase ? characters.toLowerCase() + characters.toUpperCase() : characters));
  }
  return sets;
}
