/**
 * The lower bound of a bucket of an exponential histogram: base ** index, with base = 2 ** (2 ** -scale). Computed as the Collector does,
 * through `exp`, whose last digit differs from machine to machine.
 */
export function bucketBound(scale: number, index: number): number {
  const power = index * 2 ** -scale;
  return power >= 1024 ? Infinity : Math.exp(index * (Math.LN2 * 2 ** -scale));
}
