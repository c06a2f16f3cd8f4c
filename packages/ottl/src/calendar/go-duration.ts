import { OttlError } from '../ottl-error.ts';

const unitNanos: { readonly [unit: string]: bigint } = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Nanoseconds of a text such as `1h15m30.5s`, as Go's `time.ParseDuration` reads it. */
export function parseDuration(text: string): bigint {
  const invalid = (): OttlError => new OttlError(`time: invalid duration ${JSON.stringify(text)}`);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  let rest = text.slice(sign.length);
  if (rest === '0') return 0n;
  if (rest === '') throw invalid();
  let nanos = 0n;
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest)!;
    const [all, whole = '', fraction = ''] = number;
    if (whole === '' && fraction === '') throw invalid();
    rest = rest.slice(all.length);
    const unit = /^[^.\d]*/.exec(rest)![0];
    if (unit === '') throw new OttlError(`time: missing unit in duration ${JSON.stringify(text)}`);
    const scale = unitNanos[unit];
    if (scale === undefined) throw new OttlError(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    rest = rest.slice(unit.length);
    nanos += BigInt(whole || '0') * scale + fractionNanos(fraction, scale);
    if (nanos > 1n << 63n || (nanos === 1n << 63n && sign !== '-')) throw invalid();
  }
  return sign === '-' ? -nanos : nanos;
}

function fractionNanos(digits: string, scale: bigint): bigint {
  return digits === '' ? 0n : BigInt(Math.trunc(Number(digits) * (Number(scale) / 10 ** digits.length)));
}

/** A duration as Go writes it: `1h0m0.5s`, `1.5ms`, `0s`. */
export function durationText(nanos: bigint): string {
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  if (size === 0n) return '0s';
  for (const unit of ['ns', 'µs', 'ms']) {
    if (size < unitNanos[unit]! * 1000n) return sign + decimal(size, unitNanos[unit]!) + unit;
  }
  const hours = size / unitNanos['h']!;
  const minutes = (size / unitNanos['m']!) % 60n;
  const seconds = `${decimal(size % unitNanos['m']!, unitNanos['s']!)}s`;
  return sign + (hours > 0n ? `${hours}h${minutes}m` : minutes > 0n ? `${minutes}m` : '') + seconds;
}

/** A quotient without trailing zeros. The divisor is a power of ten. */
function decimal(value: bigint, divisor: bigint): string {
  const digits = String(divisor).length - 1;
  const fraction =
    digits === 0
      ? ''
      : String(value % divisor)
          .padStart(digits, '0')
          .replace(/0+$/, '');
  return String(value / divisor) + (fraction === '' ? '' : `.${fraction}`);
}
