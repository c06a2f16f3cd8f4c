import { lastCodePoint } from './parse.ts';
import type { Node, Ranges } from './parse.ts';

const word = '[0-9A-Za-z_]';
/** V8 also looks for empty matches inside surrogate pairs, where no character is before or behind: there none of these but the last holds. */
const assertions = {
  textStart: '^',
  // In a lookahead: for a plain `$`, V8 begins as many units before the end as it thinks a match has, which is wrong beyond U+FFFF.
  textEnd: '(?=$)',
  lineStart: '(?:^|(?<=\\n))',
  lineEnd: '(?:$|(?=\\n))',
  wordBorder: `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`,
  noWordBorder: `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`,
} as const;

/** The source of a JavaScript regular expression, for the flag `u`, that matches what the tree does. */
export function toV8(node: Node): string {
  switch (node.kind) {
    case 'set':
      return node.fold ? `(?i:${classOf(node.ranges)})` : classOf(node.ranges);
    case 'assert':
      return assertions[node.what];
    case 'group':
      return `(${node.capture ? (node.name === undefined ? '' : `?<${node.name}>`) : '?:'}${toV8(node.body)})`;
    case 'concat':
      return node.parts.map((part) => (part.kind === 'alternate' ? `(?:${toV8(part)})` : toV8(part))).join('');
    case 'alternate':
      return node.options.map(toV8).join('|');
    default: {
      const { min, max } = node;
      const count =
        min === 0 && max === Infinity ? '*' : min === 1 && max === Infinity ? '+' : min === 0 && max === 1 ? '?' : braces(min, max);
      return `(?:${toV8(node.body)})${count}${node.lazy ? '?' : ''}`;
    }
  }
}

function braces(min: number, max: number): string {
  return `{${min}${max === min ? '' : `,${max === Infinity ? '' : max}`}}`;
}

function classOf(ranges: Ranges): string {
  if (ranges.length === 0) return '[]';
  if (ranges.length === 2 && ranges[0] === 0 && ranges[1] === lastCodePoint) return '[^]';
  if (ranges.length === 2 && ranges[0] === ranges[1]) return character(ranges[0]!);
  let text = '';
  for (let i = 0; i < ranges.length; i += 2) {
    const [lo, hi] = [ranges[i]!, ranges[i + 1]!];
    text += lo === hi ? character(lo) : `${character(lo)}-${character(hi)}`;
  }
  return `[${text}]`;
}

function character(codePoint: number): string {
  const text = String.fromCodePoint(codePoint);
  return /[A-Za-z0-9_]/.test(text) ? text : `\\u{${codePoint.toString(16)}}`;
}
