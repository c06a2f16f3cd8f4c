import { random } from '../random.ts';

export const stepMs = 300_000;
export const startMs = Date.UTC(2026, 2, 2);
const dayPoints = 288;

/** A source of normal random numbers. */
export function gauss(seed: number): () => number {
  const next = random(seed);
  const uniform = (): number => (next(2 ** 30) + 1) / 2 ** 30;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Points of 5 minutes around 50. */
export function calm(points: number, seed = 1, noise = 1): Float64Array {
  const next = gauss(seed);
  return Float64Array.from({ length: points }, () => 50 + noise * next());
}

/** Points of 5 minutes that follow the hours of the day. */
export function daily(points: number, seed = 2): Float64Array {
  const next = gauss(seed);
  return Float64Array.from({ length: points }, (_, i) => 50 + 30 * Math.sin((2 * Math.PI * i) / dayPoints) + next());
}
