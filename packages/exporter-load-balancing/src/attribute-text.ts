import type { AttributesView, ValueView } from '@millrace/api';

/** One attribute in an identifier. */
export function attributeText(name: string, value: ValueView | string | undefined): string {
  return `${name}=${value === undefined || typeof value === 'string' ? (value ?? '') : valueText(value)}|`;
}

/** A value in an identifier: lists and maps with sorted keys, numbers as Go's `strconv` formats them, bytes in base64. */
function valueText(value: ValueView): string {
  switch (value.type) {
    case 'string':
      return value.string();
    case 'int':
      return String(value.bigint());
    case 'double':
      return doubleText(value.number());
    case 'bool':
      return String(value.boolean());
    case 'bytes': {
      const { buffer, start, end } = value.range();
      return buffer.toString('base64', start, end);
    }
    case 'array':
      return `[${Array.from({ length: value.size }, (_, index) => valueText(value.at(index))).join(',')}]`;
    case 'kvlist':
      return `{${mapTexts(value.entries).join(',')}}`;
    default:
      return '';
  }
}

function mapTexts(entries: AttributesView): string[] {
  const texts: [key: string, text: string][] = [];
  for (let slot = entries.first(); slot >= 0; slot = entries.next(slot)) {
    const name = entries.keyAt(slot);
    texts.push([name, `${name}:${valueText(entries.valueAt(slot))}`]);
  }
  return texts.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map(([, text]) => text);
}

/** The shortest digits that give the number back, as `FormatFloat(value, 'g', -1, 64)` of Go: with an exponent from a million on and below 0.0001. */
function doubleText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const [digits, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return Object.is(value, -0) ? '-0' : String(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
