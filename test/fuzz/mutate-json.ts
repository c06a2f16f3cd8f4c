import type { Random } from './random.ts';

const replacements = [
  'null', 'true', '0', '-0', '1e3', '1.5', '-1', '1e999', '18446744073709551615', '18446744073709551616', '"-9223372036854775808"', '"9223372036854775808"',
  '"NaN"', '"Infinity"', '"-Infinity"', '""', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"00112233445566778899aabbccddeeff"', '"AAECAw=="', '"_-8"', '[]', '{}', '[[]]',
  '"SPAN_KIND_CLIENT"', '"SEVERITY_NUMBER_WARN"', '01', '1.', '+1', 'NaN', 'nul', '"\\x"', '"\u0001"', '{"a":}', '[1,]', '"4294967296"', '4294967295',
]; // prettier-ignore

const names = [
  'name', 'kind', 'traceId', 'trace_id', 'spanId', 'attributes', 'value', 'key', 'stringValue', 'intValue', 'int_value', 'doubleValue', 'arrayValue', 'kvlistValue',
  'bytesValue', 'resource', 'scope', 'scopeSpans', 'spans', 'sum', 'gauge', 'dataPoints', 'bucketCounts', 'explicitBounds', 'startTimeUnixNano', 'flags', 'x',
]; // prettier-ignore

const token = /"(?:[^"\\]|\\.)*"|[-+\w.]+|[{}[\]:,]/g;

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function tokens(json: string): Token[] {
  return [...json.matchAll(token)].map(({ 0: text, index }) => ({ text, start: index, end: index + text.length }));
}

/** Where the value ends that starts at token `i`. */
function valueEnd(all: readonly Token[], i: number): number {
  let depth = 0;
  for (let j = i; j < all.length; j++) {
    const { text, end } = all[j]!;
    if (text === '{' || text === '[') depth++;
    else if (text === '}' || text === ']') depth--;
    if (depth <= 0) return end;
  }
  return all.at(-1)?.end ?? 0;
}

function deep(random: Random): string {
  const depth = random.pick([2, 62, 63, 64, 65, 250, 257, 5000]);
  const [open, close] = random.pick([
    ['{"arrayValue":{"values":[', ']}}'],
    ['{"kvlistValue":{"values":[{"key":"k","value":', '}]}}'],
    ['[', ']'],
    ['{"x":', '}'],
  ] as const);
  return `${open.repeat(depth)}${random.pick(['{}', '1', '{"intValue":"1"}'])}${close.repeat(random.once(6) ? depth - 1 : depth)}`;
}

/** A change after which the text is mostly legal still: repeated, renamed, removed and emptied members, other spellings of numbers. */
function gentleChange(json: string, random: Random): string {
  const all = tokens(json);
  const named = all.flatMap(({ text }, i) => (text.startsWith('"') && all[i + 1]?.text === ':' ? [i] : []));
  if (named.length === 0) return json;
  const i = random.pick(named);
  const name = all[i]!;
  const value = all[i + 2];
  const end = valueEnd(all, i + 2);
  if (value === undefined) return json;
  const before = json.slice(0, name.start);
  const after = json.slice(end);
  const member = json.slice(name.start, end);
  switch (random.below(5)) {
    case 0:
      return `${before}${member},${member}${after}`;
    case 1:
      return `${before}"${name.text.slice(1, -1).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}" : ${json.slice(value.start, end)}${after}`;
    case 2:
      return `${before}${name.text}:null${after}`;
    case 3:
      return `${before}"x":${json.slice(value.start, end)}${after}`;
    default: {
      const numbers = all.filter(({ text }) => /^"?[0-9]+"?$/.test(text));
      if (numbers.length === 0) return json;
      const number = random.pick(numbers);
      const digits = number.text.replaceAll('"', '');
      const spelling = random.pick([
        digits,
        `"${digits}"`,
        `${digits}.0`,
        `${digits}e0`,
        `"${digits}.00E+0"`,
        `"-${digits}"`,
        `${digits}9`,
      ]);
      return json.slice(0, number.start) + spelling + json.slice(number.end);
    }
  }
}

function change(json: string, donor: string, random: Random): string {
  const all = tokens(json);
  const i = random.below(all.length || 1);
  const at = all[i];
  if (at === undefined) return random.pick(replacements);
  const others = tokens(donor);
  const j = random.below(others.length || 1);
  const piece = others[j] === undefined ? '{}' : donor.slice(others[j].start, valueEnd(others, j));
  const end = valueEnd(all, i);
  switch (random.below(9)) {
    case 0:
      return json.slice(0, at.start) + random.pick(replacements) + json.slice(end);
    case 1:
      return json.slice(0, at.start) + piece + json.slice(end);
    case 2:
      return json.slice(0, at.start) + deep(random) + json.slice(end);
    case 3: {
      // One more member at the start of an object: often a repeated one.
      const brace = all.filter(({ text }) => text === '{');
      const where = random.pick(brace.length > 0 ? brace : all).end;
      return `${json.slice(0, where)}"${random.pick(names)}":${random.once(2) ? piece : random.pick(replacements)},${json.slice(where)}`;
    }
    case 4:
      return json.slice(0, at.start) + json.slice(end);
    case 5:
      return `${json.slice(0, at.start)}${json.slice(at.start, end)},${json.slice(at.start)}`;
    case 6:
      return json.slice(0, random.below(json.length));
    case 7:
      return `${json.slice(0, at.start)}"${random.pick(names)}"${json.slice(at.end)}`;
    default:
      return `${json.slice(0, at.start)}${random.pick([' ', '\n', '\t\r ', '\u00a0', ',', ':', '}', ']', '"', '\\', '\ufeff'])}${json.slice(at.start)}`;
  }
}

/** A mutant of OTLP/JSON text: some that keep it legal, one that may not, sometimes a byte; one in ten is the text itself. */
export function mutateJson(json: string, donor: string, random: Random): Buffer {
  if (random.once(10)) return Buffer.from(json);
  let mutant = json;
  for (let i = random.below(4); i > 0; i--) mutant = gentleChange(mutant, random);
  if (mutant === json || random.once(3)) mutant = change(mutant, donor, random);
  const bytes = Buffer.from(mutant);
  if (random.once(10) && bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}
