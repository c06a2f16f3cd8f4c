import type { Node, Ranges } from './parse.ts';

/** Ways to divide a text among neighbouring repetitions that are still harmless. */
const mostWays = 1000;

/**
 * Whether V8 matches the expression in time linear in the text, whatever the text: proven for those that
 * - repeat nothing that itself repeats a varying number of times, or that can be empty;
 * - have no two endless repetitions in sequence that could share characters;
 * - start with the start of the text, or end with their only endless repetition: a search that fails far behind starts again one
 *   character later.
 * Captures inside repetitions are excluded, since V8 forgets them with each round and RE2 does not.
 */
export function isLinear(node: Node): boolean {
  const shape = shapeOf(node);
  if (shape === undefined) return false;
  if (!shape.endless) return true;
  return shape.anchored || shape.endsEndless;
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
  /** Characters that endless repetitions take, of which a following one must take none. */
  readonly open: Ranges;
  /** Characters that its endless repetitions take. */
  readonly taken: Ranges;
  /** Ways to divide a text among its bounded repetitions. */
  readonly ways: number;
}

const nothing: Shape = {
  endless: false,
  varying: false,
  canBeEmpty: true,
  captures: false,
  anchored: false,
  endsEndless: false,
  open: [],
  taken: [],
  ways: 1,
};

/** Undefined: not proven. */
function shapeOf(node: Node): Shape | undefined {
  switch (node.kind) {
    case 'set':
      return { ...nothing, canBeEmpty: false };
    case 'assert':
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
      if (node.max <= 1) return { ...body, varying: true, canBeEmpty: true, anchored: false, endsEndless: false, ways: body.ways * 2 };
      // What is of fixed length, without choices or captures, is as good as a character.
      if (body.varying || body.endless || body.canBeEmpty || body.captures || hasChoice(node.body)) return undefined;
      const varying = node.min !== node.max;
      if (node.max === Infinity) {
        const taken = charactersOf(node.body);
        return { ...nothing, endless: true, varying, canBeEmpty: node.min === 0, endsEndless: true, open: taken, taken };
      }
      return { ...nothing, varying, canBeEmpty: node.min === 0, ways: varying ? node.max - node.min + 1 : 1 };
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
    open: shapes.flatMap((shape) => shape.open),
    taken: shapes.flatMap((shape) => shape.taken),
    // Each option may be tried at a place.
    ways: shapes.reduce((sum, shape) => sum + shape.ways, 0),
  };
}

function concatShape(parts: readonly Node[]): Shape | undefined {
  let whole = nothing;
  for (const part of parts) {
    const next = shapeOf(part);
    if (next === undefined) return undefined;
    if (whole.endless && next.endless && (overlap(whole.open, next.taken) || overlap(whole.taken, next.taken))) return undefined;
    const ways = whole.ways * next.ways;
    if (ways > mostWays) return undefined;
    whole = {
      endless: whole.endless || next.endless,
      varying: whole.varying || next.varying,
      canBeEmpty: whole.canBeEmpty && next.canBeEmpty,
      captures: whole.captures || next.captures,
      anchored: whole.anchored || (next.anchored && whole.canBeEmpty && !whole.varying),
      endsEndless: next.endless ? next.endsEndless && !whole.endless : whole.endsEndless && next === nothing,
      open: next.canBeEmpty ? [...whole.open, ...next.open] : next.open,
      taken: [...whole.taken, ...next.taken],
      ways,
    };
  }
  return whole;
}

/** All characters that a fixed-length body has anywhere. */
function charactersOf(node: Node): Ranges {
  switch (node.kind) {
    case 'set':
      // Folded sets take more characters than they name: all, to be safe.
      return node.fold ? [0, 0x10_ffff] : node.ranges;
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
