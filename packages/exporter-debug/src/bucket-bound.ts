/** The lower bound of a bucket of an exponential histogram: base ** index, with base = 2 ** (2 ** -scale). */
export function bucketBound(scale: number, index: number): number {
  return Math.exp(index * (Math.LN2 * 2 ** -scale));
}
