/**
 * A number as Prometheus' text format writes it, which is Go's `strconv.FormatFloat(value, 'g', -1, 64)`: the shortest digits that read back
 * the same, with an exponent of at least two digits below 1e-04 and from 1e+06 on, and `+Inf`, `-Inf`, `NaN`. Negative zero is `0`.
 */
export function goNumber(value: number): string {
  const size = Math.abs(value);
  if ((size >= 1e-4 && size < 1e6) || size === 0) return String(value);
  if (size === Infinity) return value > 0 ? '+Inf' : '-Inf';
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 ? '-' : '';
  const text = String(size);
  // JavaScript's text has the same digits in another arrangement.
  const e = text.indexOf('e');
  if (e > 0) return `${sign}${text.slice(0, e)}e${exponentText(Number(text.slice(e + 1)))}`;
  const point = text.indexOf('.');
  let digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1);
  let exponent = (point < 0 ? text.length : point) - 1;
  if (size < 1) {
    const first = digits.search(/[1-9]/);
    digits = digits.slice(first);
    exponent = -first;
  }
  let end = digits.length;
  while (end > 1 && digits.charCodeAt(end - 1) === 0x30) end--;
  return `${sign}${digits[0]}${end > 1 ? '.' : ''}${digits.slice(1, end)}e${exponentText(exponent)}`;
}

function exponentText(exponent: number): string {
  const size = Math.abs(exponent);
  return `${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`;
}

/** A number as OpenMetrics text writes it: `goNumber`, with `.0` behind whole numbers that have no exponent. */
export function openMetricsNumber(value: number): string {
  const text = goNumber(value);
  return Number.isInteger(value) && value < 1e6 && value > -1e6 ? `${text}.0` : text;
}
