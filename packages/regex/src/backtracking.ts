import { lastCodePoint } from './parse.ts';
import type { Node, Ranges } from './parse.ts';

/** Ways to divide a text among neighbouring repetitions that are still harmless. */
const mostWays = 1000;

/**
 * Whether V8 matches the expression in time linear in the text, whatever the text: proven for those that
 * - repeat nothing that itself repeats a varying number of times, or that can be empty;
 * - have no two endless repetitions in sequence that could share characters, unless what follows the first of them begins with none of its
 *   characters, so that it has one place to end;
 * - start with the start of the text, or end with their only endless repetition, or begin with a character that no endless repetition takes: a
 *   search that fails far behind starts again one character later, and few starts may come far.
 * Captures inside repetitions are excluded, since V8 forgets them with each round and RE2 does not.
 */
export function isLinear(node: Node): boolean {
  const shape = shapeOf(node);
  if (shape === undefined) return false;
  if (!shape.endless || shape.anchored || shape.endsEndless) return true;
  return !shape.canBeEmpty && !overlap(shape.first, shape.taken) && shape.longest * shape.ways <= mostWays;
}

interface Shape {
  /** Has a repetition without an upper bound. */
  readonly endless: boolean;
  /** Repeats a varying number of times somewhere. */
  readonly varying: boolean;
  readonly canBeEmpty: boolean;
  readonly captures: boolean;
  /** Every match starts at the start of the text. */
  readonly anchored: boolean;
  /** The only endless repetition is what it ends with, and nothing after it can fail. */
  readonly endsEndless: boolean;
  /** Characters that a match can begin with. */
  readonly first: Ranges;
  /** Characters that its endless repetitions take. */
  readonly taken: Ranges;
  /** Of those, the ones whose repetition may be the last thing before what follows. */
  readonly open: Ranges;
  /** Of those, the ones whose repetition could end at several places: a following one must take none of them. */
  readonly loose: Ranges;
  /** Ways to divide a text among its bounded repetitions. */
  readonly ways: number;
  /** The most characters that a match has outside of endless repetitions. */
  readonly longest: number;
}

const nothing: Shape = {
  endless: false,
  varying: false,
  canBeEmpty: true,
  captures: false,
  anchored: false,
  endsEndless: false,
  first: [],
  taken: [],
  open: [],
  loose: [],
  ways: 1,
  longest: 0,
};

/** Undefined: not proven. */
function shapeOf(node: Node): Shape | undefined {
  switch (node.kind) {
    case 'set':
      return { ...nothing, canBeEmpty: false, first: charactersOf(node), longest: 1 };
    case 'assert':
      // V8 would find it inside surrogate pairs.
      if (node.what === 'noWordBorder') return undefined;
      return { ...nothing, anchored: node.what === 'textStart' };
    case 'group': {
      const body = shapeOf(node.body);
      return body && { ...body, captures: body.captures || node.capture };
    }
    case 'alternate':
      return alternateShape(node.options);
    case 'concat':
      return concatShape(node.parts);
    default: {
      const body = shapeOf(node.body);
      if (body === undefined) return undefined;
      // V8 refuses a round that is empty, RE2 does not.
      if (node.max === 1 && body.canBeEmpty) return undefined;
      if (node.max <= 1) return { ...body, varying: true, canBeEmpty: true, anchored: false, endsEndless: false, ways: body.ways * 2 };
      // What is of fixed length, without choices or captures, is as good as a character.
      if (body.varying || body.endless || body.canBeEmpty || body.captures || hasChoice(node.body)) return undefined;
      const varying = node.min !== node.max;
      const { first } = body;
      const canBeEmpty = node.min === 0;
      if (node.max === Infinity) {
        const taken = charactersOf(node.body);
        return {
          ...nothing,
          endless: true,
          varying,
          canBeEmpty,
          endsEndless: true,
          first,
          taken,
          open: taken,
          longest: node.min * body.longest,
        };
      }
      return { ...nothing, varying, canBeEmpty, first, ways: varying ? node.max - node.min + 1 : 1, longest: node.max * body.longest };
    }
  }
}

function hasChoice(node: Node): boolean {
  if (node.kind === 'alternate') return true;
  if (node.kind === 'group') return hasChoice(node.body);
  if (node.kind === 'repeat') return hasChoice(node.body);
  return node.kind === 'concat' && node.parts.some(hasChoice);
}

function alternateShape(options: readonly Node[]): Shape | undefined {
  const shapes: Shape[] = [];
  for (const option of options) {
    const shape = shapeOf(option);
    if (shape === undefined) return undefined;
    shapes.push(shape);
  }
  const endless = shapes.filter((shape) => shape.endless);
  return {
    endless: endless.length > 0,
    varying: true,
    canBeEmpty: shapes.some((shape) => shape.canBeEmpty),
    captures: shapes.some((shape) => shape.captures),
    anchored: shapes.every((shape) => shape.anchored),
    endsEndless: endless.every((shape) => shape.endsEndless),
    first: shapes.flatMap((shape) => shape.first),
    taken: shapes.flatMap((shape) => shape.taken),
    open: shapes.flatMap((shape) => shape.open),
    loose: shapes.flatMap((shape) => shape.loose),
    // Each option may be tried at a place.
    ways: shapes.reduce((sum, shape) => sum + shape.ways, 0),
    longest: Math.max(...shapes.map((shape) => shape.longest)),
  };
}

function concatShape(parts: readonly Node[]): Shape | undefined {
  let whole = nothing;
  for (const part of parts) {
    const next = shapeOf(part);
    if (next === undefined) return undefined;
    // Whatever a repetition gives back, what follows refuses.
    const isSealed = !overlap(whole.open, next.first);
    const loose = isSealed ? whole.loose : [...whole.loose, ...whole.open];
    if (overlap(loose, next.taken)) return undefined;
    const ways = whole.ways * next.ways;
    if (ways > mostWays) return undefined;
    whole = {
      endless: whole.endless || next.endless,
      varying: whole.varying || next.varying,
      canBeEmpty: whole.canBeEmpty && next.canBeEmpty,
      captures: whole.captures || next.captures,
      anchored: whole.anchored || (next.anchored && whole.canBeEmpty && !whole.varying),
      endsEndless: next.endless ? next.endsEndless && !whole.endless : whole.endsEndless && next === nothing,
      first: whole.canBeEmpty ? [...whole.first, ...next.first] : whole.first,
      taken: [...whole.taken, ...next.taken],
      open: next.canBeEmpty ? [...whole.open, ...next.open] : next.open,
      loose: [...loose, ...next.loose],
      ways,
      longest: whole.longest + next.longest,
    };
  }
  return whole;
}

/** All characters that a folded set takes, and maybe more. */
function folded(ranges: Ranges): Ranges {
  if (ranges.some((codePoint) => codePoint > 0x7f)) return [0, lastCodePoint];
  // Two letters beyond ASCII fold to s and k.
  const all = [...ranges, 0x17f, 0x17f, 0x212a, 0x212a];
  for (let i = 0; i < ranges.length; i += 2) {
    for (let char = ranges[i]!; char <= ranges[i + 1]!; char++)
      if (/[A-Za-z]/.test(String.fromCharCode(char))) all.push(char ^ 0x20, char ^ 0x20);
  }
  return all;
}

/** All characters that a fixed-length body has anywhere. */
function charactersOf(node: Node): Ranges {
  switch (node.kind) {
    case 'set':
      return node.fold ? folded(node.ranges) : node.ranges;
    case 'group':
      return charactersOf(node.body);
    case 'concat':
      return node.parts.flatMap(charactersOf);
    case 'alternate':
      return node.options.flatMap(charactersOf);
    case 'repeat':
      return charactersOf(node.body);
    default:
      return [];
  }
}

function overlap(a: Ranges, b: Ranges): boolean {
  for (let i = 0; i < a.length; i += 2) {
    for (let j = 0; j < b.length; j += 2) if (a[i]! <= b[j + 1]! && b[j]! <= a[i + 1]!) return true;
  }
  return false;
}
