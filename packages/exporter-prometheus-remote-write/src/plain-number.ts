/** A number in decimal digits without an exponent, as bounds and quantiles are written: Go's `strconv.FormatFloat(value, 'f', -1, 64)`. */
export function plainNumber(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  const [digits, exponentText] = text.split('e');
  if (exponentText === undefined) return text;
  const exponent = Number(exponentText);
  const sign = value < 0 ? '-' : '';
  const [whole, fraction = ''] = digits!.replace('-', '').split('.') as [string, string?];
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${whole}${fraction}`;
  return sign + whole + fraction.padEnd(exponent, '0');
}
