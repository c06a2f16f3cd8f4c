import type { DataPointView } from '@millrace/wire';
import { DogSketch, sketchMapping } from './dog-sketch.ts';

/** Keys from here on are beyond what a sketch can hold. */
const maxKey = 32_767;

const multiplier = 1 / Math.log(sketchMapping.gamma);
const offset = sketchMapping.bias + 0.5;
const accuracy = 1 - 2 / (1 + sketchMapping.gamma);

const keyOf = (value: number): number => Math.floor(Math.log(value) * multiplier + offset);
const lowOf = (key: number): number => Math.exp((key - offset) / multiplier);
const valueOf = (key: number): number => lowOf(key) * (1 + accuracy);

/**
 * Converts an exponential histogram of delta temporality by spreading its buckets over the keys of a sketch; `undefined` when it is empty
 * or its values are beyond what a sketch can hold.
 */
export function exponentialSketch(point: DataPointView): DogSketch | undefined {
  const base = 2 ** (2 ** -point.scale);
  if (base <= 1 || base === Infinity) return undefined;
  const positive = new Map<number, number>();
  const negative = new Map<number, number>();
  const zero = Number(point.zeroCount);
  const total = spread(point.positive, base, positive) + spread(point.negative, base, negative) + zero;
  if (total === 0) return undefined;
  if (total === 1 && zero === 0) exact(point, base, positive, negative);
  return finished(positive, negative, zero);
}

function spread(buckets: DataPointView['positive'], base: number, into: Map<number, number>): number {
  const scale = 1 / Math.log(base);
  let total = 0;
  for (let i = 0; i < buckets.size; i++) {
    const count = Number(buckets.at(i));
    if (count === 0) continue;
    total += count;
    const low = Math.exp((buckets.offset + i) / scale);
    const high = Math.exp((buckets.offset + i + 1) / scale);
    const size = high - low;
    if (!(size > 0) || size === Infinity) continue;
    let key = keyOf(low);
    if (key < 0) {
      // All that is too small counts as one.
      add(into, -1, ((Math.min(lowOf(0), high) - low) / size) * count);
      key = 0;
    }
    for (; lowOf(key) < high && key <= maxKey; key++) {
      add(into, key, ((Math.min(lowOf(key + 1), high) - Math.max(lowOf(key), low)) / size) * count);
    }
  }
  return total;
}

function add(into: Map<number, number>, key: number, count: number): void {
  if (count > 0) into.set(key, (into.get(key) ?? 0) + count);
}

/** One value: its bucket's middle stays in one piece. */
function exact(point: DataPointView, base: number, positive: Map<number, number>, negative: Map<number, number>): void {
  const middle = 2 - 2 / (1 + base);
  const scale = 1 / Math.log(base);
  for (const [buckets, into] of [
    [point.positive, positive],
    [point.negative, negative],
  ] as const) {
    into.clear();
    for (let i = 0; i < buckets.size; i++) {
      if (buckets.at(i) !== 0n) into.set(keyOf(Math.exp((buckets.offset + i) / scale) * middle), 1);
    }
  }
}

function finished(positive: Map<number, number>, negative: Map<number, number>, zero: number): DogSketch | undefined {
  const counts = new Map<number, number>();
  let zeroes = zero;
  for (const [sign, from] of [
    [1, positive],
    [-1, negative],
  ] as const) {
    for (const [key, count] of from) {
      if (key >= maxKey) return undefined;
      if (key <= 0) zeroes += count;
      else counts.set(sign * key, count);
    }
  }
  if (zeroes !== 0) counts.set(0, zeroes);
  const sketch = new DogSketch();
  let exactTotal = 0;
  let wholeTotal = 0;
  for (const [key, count] of [...counts].sort(([a], [b]) => a - b)) {
    exactTotal += count;
    const whole = Math.round(exactTotal) - wholeTotal;
    wholeTotal += whole;
    if (whole > 0) sketch.addKey(key, whole);
    sketch.sum += key === 0 ? 0 : Math.sign(key) * valueOf(Math.abs(key)) * count;
  }
  if (sketch.isEmpty) return undefined;
  sketch.count = wholeTotal;
  sketch.average = sketch.sum / wholeTotal;
  sketch.min = lowest(negative, zero, positive);
  sketch.max = -lowest(positive, zero, negative);
  return sketch;
}

/** The lowest value of those of both signs; mirrored, the highest. */
function lowest(below: Map<number, number>, zero: number, above: Map<number, number>): number {
  if (below.size > 0) return -valueOf(Math.max(...below.keys()));
  return zero > 0 || above.size === 0 ? 0 : valueOf(Math.min(...above.keys()));
}
