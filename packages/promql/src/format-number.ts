/** A number as the query API writes it: the shortest digits, with an exponent below 1e-6 and from 1e21 on, `+Inf`, `-Inf`, `NaN`. */
export function formatValue(value: number): string {
  if (Number.isFinite(value)) {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return text.replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** The same without an exponent, as Go's format `f`. */
export function formatPlain(value: number): string {
  const text = formatValue(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, first, rest = '', exponent] = match;
  const shift = Number(exponent);
  const digits = first! + rest;
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${digits}`;
  return sign + digits.padEnd(shift + 1, '0');
}

/** As Go prints a number by default: with an exponent below 1e-4 and from 1e21 on. */
export function formatDefault(value: number): string {
  const text = formatValue(value);
  if (!(Math.abs(value) < 1e-4) || value === 0 || text.includes('e')) return text;
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}
