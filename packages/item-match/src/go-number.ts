/** The integer that Go's `strconv.ParseInt(text, 10, 64)` reads; undefined where it fails. */
export function parseGoInt(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

const words: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['infinity', Infinity],
  ['nan', NaN],
]);

/** Underscores may stand between digits. */
const decimal = /^(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/;
const hexadecimal = /^0[xX](?:_?([\da-fA-F]+(?:_[\da-fA-F]+)*))?(?:\.([\da-fA-F]+(?:_[\da-fA-F]+)*)?)?[pP]([+-]?\d+(?:_\d+)*)$/;

/** The number that Go's `strconv.ParseFloat(text, 64)` reads; undefined where it fails, which it does beyond the range too. */
export function parseGoFloat(text: string): number | undefined {
  const [, sign, magnitude] = /^([+-]?)(.*)$/s.exec(text)!;
  const word = words.get(magnitude.toLowerCase());
  if (word !== undefined) return Number.isNaN(word) && sign !== '' ? undefined : sign === '-' ? -word : word;
  const value = decimal.test(magnitude) ? Number(magnitude.replaceAll('_', '')) : hexFloat(magnitude);
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return sign === '-' ? -value : value;
}

/** `0x1.8p3`: a hexadecimal mantissa times a power of two. */
function hexFloat(text: string): number | undefined {
  const match = hexadecimal.exec(text);
  if (match === null) return undefined;
  const [whole = '', fraction = '', exponent = ''] = match.slice(1).map((part: string | undefined) => part?.replaceAll('_', ''));
  if (`${whole}${fraction}` === '') return undefined;
  return Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
}

/** A double without an exponent and with as few digits as tell it apart, as Go's `FormatFloat(value, 'f', -1, 64)`. */
export function goFixed(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, first, rest = '', exponent] = match;
  const digits = `${first}${rest}`;
  const places = Number(exponent);
  if (places < 0) return `${sign}0.${'0'.repeat(-places - 1)}${digits}`;
  return `${sign}${digits.padEnd(places + 1, '0')}`;
}
