import type { Node } from './parse.ts';

/** Which bytes may stand at a place: 256 entries, 1 for those that may. */
export type ByteSet = Uint8Array;

/** Longer windows decide no better. */
const longest = 16;
/** More alternatives than that are no filter. */
const mostWindows = 64;
/** Windows that are likelier than 1 to 2^3 at any place of a text are none. */
const leastBits = 3;

/** How likely bytes are in telemetry, roughly; what is not text is rare. */
const likelihood = Float64Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (/[a-z]/.test(char)) return /[aeiostnr]/.test(char) ? 0.045 : 0.015;
  if (/[0-9]/.test(char)) return 0.012;
  if (/[A-Z]/.test(char)) return 0.003;
  if (/[ ./_-]/.test(char)) return 0.015;
  return 0.001;
});

/** Letters with a fold beyond ASCII: U+212A for k, U+017F for s. Whoever matches those instead contains their bytes. */
const folds: ReadonlyMap<number, readonly number[]> = new Map([
  [0x6b, [0xe2, 0x84, 0xaa]],
  [0x73, [0xc5, 0xbf]],
]);

/**
 * Windows of bytes such that the UTF-8 bytes of every match contain one of them: in a row, a byte of each set. The rarest that are known;
 * undefined when there is nothing that every match contains.
 */
export function byteWindows(node: Node): ByteSet[][] | undefined {
  const folded = new Set<number>();
  const windows = bestOf(node, folded);
  const whole = wholeOf(node);
  if (bitsOf(whole) > (windows === undefined ? leastBits : Math.min(...windows.map(bitsOf)))) return [whole];
  if (windows === undefined) return undefined;
  for (const letter of folded) windows.push(folds.get(letter)!.map((byte) => setOf([byte])));
  return windows;
}

function bestOf(node: Node, folded: Set<number>): ByteSet[][] | undefined {
  const finder = new Finder(folded);
  finder.visit(node);
  finder.close();
  return finder.best;
}

/** What every match is at least as long as, and its bytes: the window for what has optional parts everywhere, such as the gaps in a card number. */
function wholeOf(node: Node): ByteSet[] {
  const { set, least } = extentOf(node);
  return Array.from({ length: Math.min(least, longest) }, () => set);
}

/** The bytes that matches consist of, and how many they are at least. */
function extentOf(node: Node): { readonly set: ByteSet; readonly least: number } {
  switch (node.kind) {
    case 'set': {
      const folded = new Set<number>();
      const { set } = bytesOf(node, folded);
      // What is not ASCII folds to them.
      if (folded.size > 0) set.fill(1, 0x80);
      return { set, least: 1 };
    }
    case 'assert':
      return { set: setOf([]), least: 0 };
    case 'group':
      return extentOf(node.body);
    case 'repeat': {
      const { set, least } = extentOf(node.body);
      return { set, least: least * node.min };
    }
    case 'concat': {
      const parts = node.parts.map(extentOf);
      return { set: unionOf(parts), least: parts.reduce((sum, { least }) => sum + least, 0) };
    }
    default: {
      const options = node.options.map(extentOf);
      return { set: unionOf(options), least: Math.min(...options.map(({ least }) => least)) };
    }
  }
}

function unionOf(parts: readonly { readonly set: ByteSet }[]): ByteSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => (parts.some(({ set }) => set[byte] === 1) ? 1 : 0));
}

class Finder {
  best: ByteSet[][] | undefined;
  #bits = leastBits;
  #run: ByteSet[] = [];
  readonly #folded: Set<number>;

  constructor(folded: Set<number>) {
    this.#folded = folded;
  }

  /** Ends the row: what comes next need not stand right behind. */
  close(): void {
    if (this.#run.length > 0) this.#offer([rarest(this.#run)]);
    this.#run = [];
  }

  #offer(windows: ByteSet[][]): void {
    const bits = Math.min(...windows.map(bitsOf));
    if (bits < this.#bits || windows.length > mostWindows) return;
    this.best = windows;
    this.#bits = bits;
  }

  visit(node: Node): void {
    switch (node.kind) {
      case 'set': {
        const isAscii = this.#push(node);
        if (isAscii) return;
        // Of one to four bytes: only its last can stand before what follows.
        const edge = this.#run.at(-1)!;
        this.close();
        this.#run = [edge];
        return;
      }
      case 'assert':
        return;
      case 'group':
        this.visit(node.body);
        return;
      case 'concat':
        node.parts.forEach((part) => this.visit(part));
        return;
      case 'alternate': {
        this.close();
        const windows: ByteSet[][] = [];
        for (const option of node.options) {
          const found = bestOf(option, this.#folded);
          if (found === undefined) return;
          windows.push(...found);
        }
        this.#offer(windows);
        return;
      }
      case 'repeat': {
        const times = Math.min(node.min, longest);
        for (let i = 0; i < times; i++) this.visit(node.body);
        if (node.min === node.max && node.min <= longest) return;
        this.close();
        for (let i = 0; i < times; i++) this.visit(node.body);
      }
    }
  }

  /** Whether the set is one byte for every character; otherwise the entry is what may stand at either edge of it. */
  #push(node: SetNode): boolean {
    const { set, isAscii } = bytesOf(node, this.#folded);
    this.#run.push(set);
    return isAscii;
  }
}

type SetNode = Extract<Node, { kind: 'set' }>;

/** The bytes of the characters of a set, and whether each is one byte. Letters with a fold beyond ASCII are added to `folded`. */
function bytesOf({ ranges, fold }: SetNode, folded: Set<number>): { set: Uint8Array; isAscii: boolean } {
  const set = new Uint8Array(256);
  let isAscii = true;
  for (let i = 0; i < ranges.length; i += 2) {
    for (let byte = ranges[i]!; byte <= Math.min(ranges[i + 1]!, 0x7f); byte++) {
      set[byte] = 1;
      if (!fold) continue;
      const lower = byte | 0x20;
      if (lower < 0x61 || lower > 0x7a) continue;
      set[lower] = set[lower ^ 0x20] = 1;
      if (folds.has(lower)) folded.add(lower);
    }
    if (ranges[i + 1]! > 0x7f) isAscii = false;
  }
  if (!isAscii) {
    set.fill(1, 0x80);
    // What folds to a letter of ASCII.
    if (fold) for (const letter of [0x6b, 0x73, 0x4b, 0x53]) set[letter] = 1;
  }
  return { set, isAscii };
}

function setOf(bytes: readonly number[]): ByteSet {
  const set = new Uint8Array(256);
  for (const byte of bytes) set[byte] = 1;
  return set;
}

function bitsOf(window: readonly ByteSet[]): number {
  let bits = 0;
  for (const set of window) {
    let sum = 0;
    for (let byte = 0; byte < 256; byte++) if (set[byte] === 1) sum += likelihood[byte]!;
    bits -= Math.log2(Math.min(1, Math.max(sum, 1e-6)));
  }
  return bits;
}

/** The rarest part of a row that is not too long. */
function rarest(run: readonly ByteSet[]): ByteSet[] {
  let best = run.slice(0, longest);
  for (let from = 1; from + longest <= run.length; from++) {
    const part = run.slice(from, from + longest);
    if (bitsOf(part) > bitsOf(best)) best = part;
  }
  return best;
}
