import { Tails } from './tails.ts';

/** What is unusual about a point: the value against its forecast, some or many values against the season, their unrest, the value against all others, or that it repeats. */
export type AnomalyShape =
  | 'none'
  | 'high'
  | 'low'
  | 'high for a while'
  | 'low for a while'
  | 'restless'
  | 'calm'
  | 'highest'
  | 'lowest'
  | 'flat';

/** The tail of each statistic; one that has two directions has the lower one behind the upper one. */
export const tails = { forecast: 0, short: 2, medium: 4, long: 6, restless: 8, calm: 9, value: 10, flat: 12 } as const;

const shapes: readonly AnomalyShape[] = [
  'high',
  'low',
  'high for a while',
  'low for a while',
  'high for a while',
  'low for a while',
  'high for a while',
  'low for a while',
  'restless',
  'calm',
  'highest',
  'lowest',
  'flat',
];
const minMeans = shapes.map((shape) => (shape === 'flat' ? 0.3 : 0.05));
/** Means of residuals are many statistics that say nearly the same: each counts half. */
const handicap = Float64Array.from(shapes, (shape) => (shape.endsWith('while') ? 2 : 1));

/** How much evidence of other statistics counts, over what is everyday for them, and at most. */
const evidenceWeight = 0.15;
const everydayEvidence = 3;
const maxEvidence = 20;

/** The statistics of the point in work, one for a tail and 0 or more; of a statistic with two directions one is 0. Shared by all detectors. */
export const sizes: Float64Array = new Float64Array(shapes.length);
const rates = new Float64Array(shapes.length);

/** Weighs how rare the statistics of a point are, each by its own past, and names the rarest. */
export class Evidence {
  readonly #tails = new Tails(minMeans);
  #rarest = 1;
  #rarestTail = 0;
  #rarestEvidence = 0;
  #sum = 0;

  /** All that it remembers. */
  get numbers(): Float32Array {
    return this.#tails.numbers;
  }

  /** Weighs the statistics of the next point, which stand in `sizes`, after so many points. */
  weigh(points: number): void {
    this.#tails.add(points, sizes, rates);
    this.#rarest = 1;
    this.#rarestTail = 0;
    this.#rarestEvidence = this.#sum = 0;
    for (let tail = 0; tail < rates.length; tail++) {
      if (rates[tail] === 1) continue;
      const rate = rates[tail] * handicap[tail];
      const evidence = Math.max(0, Math.min(maxEvidence, -Math.log(rate) - everydayEvidence));
      this.#sum += evidence;
      if (rate >= this.#rarest) continue;
      this.#rarest = rate;
      this.#rarestTail = tail;
      this.#rarestEvidence = evidence;
    }
  }

  /** How often, per point, chance makes one as rare as this: that of the rarest statistic, less by what the others say. 1 when none is rare. */
  get rate(): number {
    return this.#rarest * Math.exp(-evidenceWeight * (this.#sum - this.#rarestEvidence));
  }

  /** What is unusual, when something is. */
  get shape(): AnomalyShape {
    return shapes[this.#rarestTail];
  }

  /** The size of a statistic at which it alone is as rare as this. */
  reach(tail: number, rate: number): number {
    return this.#tails.reach(tail, rate);
  }
}
