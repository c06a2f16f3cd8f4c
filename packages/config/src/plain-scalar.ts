const nulls: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const constants: ReadonlyMap<string, boolean | number> = new Map<string, boolean | number>([
  ...['true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['false', 'False', 'FALSE'].map((text) => [text, false] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((text) => [text, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((text) => [text, -Infinity] as const),
  ...['.nan', '.NaN', '.NAN'].map((text) => [text, NaN] as const),
]);
const integer = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;
const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

/**
 * The value of an unquoted YAML scalar as the Collector's YAML library reads it: YAML 1.2 words for null and booleans (`yes` is a string), and
 * Go's integers (`0x1f`, `0b11`, `0o17`, `017`, `1_000`). A date stays a string.
 */
export function plainScalar(text: string): string | number | bigint | boolean | null {
  if (nulls.has(text)) return null;
  const constant = constants.get(text);
  if (constant !== undefined) return constant;
  if (!/^[-+.\d]/.test(text)) return text;
  const digits = text.replaceAll('_', '');
  if (integer.test(digits)) return goInteger(digits);
  return float.test(digits) ? Number(digits) : text;
}

/** Whether a text that `plainScalar` reads as a number is one with a fraction or an exponent, even when that says nothing: `1.0`. */
export function isFloat(text: string): boolean {
  return !integer.test(text.replaceAll('_', ''));
}

function goInteger(digits: string): number | bigint {
  const negative = digits.startsWith('-');
  const magnitude = digits.replace(/^[-+]/, '').replace(/^0(?=[0-7])/, '0o');
  const value = negative ? -BigInt(magnitude) : BigInt(magnitude);
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}
