import { withoutName } from '../labels.ts';
import { float, VectorBuilder, VectorSeries } from '../vector.ts';

/** What becomes of a number. The step is that of the arguments that change with it. */
export type NumberFunction = (value: number, step: number) => number;

/** Applies a function to all numbers of a vector; histograms are left out. */
export function mapNumbers(input: readonly VectorSeries[], count: number, change: NumberFunction): VectorSeries[] {
  const builder = new VectorBuilder(count);
  for (const { labels, kinds, values } of input) {
    const result = new VectorSeries(withoutName(labels), count);
    for (let step = 0; step < count; step++) if (kinds[step] === float) result.setFloat(step, change(values[step]!, step));
    builder.add(result);
  }
  return builder.build();
}

/** The functions of one number. */
export const numberFunctions: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (value) => (value * 180) / Math.PI,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  rad: (value) => (value * Math.PI) / 180,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
};

/** The greater of two; infinity is greater than NaN, as in Go. */
function greater(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

/** The lesser of two; minus infinity is less than NaN, as in Go. */
function lesser(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** `clamp`, `clamp_min` and `clamp_max`. At a step where the least is greater than the most there is nothing. */
export function clamp(input: readonly VectorSeries[], count: number, least: Float64Array, most: Float64Array): VectorSeries[] {
  const clamped = mapNumbers(input, count, (value, step) => greater(least[step]!, lesser(most[step]!, value)));
  for (const { kinds } of clamped) for (let step = 0; step < count; step++) if (most[step]! < least[step]!) kinds[step] = 0;
  return clamped.filter((series) => !series.isEmpty);
}

/** `round`: to the nearest multiple, halves up. */
export function round(value: number, nearest: number): number {
  const inverse = 1 / nearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}
