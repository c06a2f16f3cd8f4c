/** What is watched of the calls of a group. `values` have a mean and a spread, `rates` are shares of calls. */
export const measures = ['cost', 'latency', 'errors', 'cache', 'quality'] as const;
/** One of `measures`. */
export type Measure = (typeof measures)[number];

/** What goes wrong, by the measure that shows it. */
export const kinds = ['cost_spike', 'latency_spike', 'error_rate', 'cache_degradation', 'quality_drop'] as const;
/** One of `kinds`. */
export type AnomalyKind = (typeof kinds)[number];

/** The place of each measure in everything that has one of each. */
export const place: { readonly [measure in Measure]: number } = { cost: 0, latency: 1, errors: 2, cache: 3, quality: 4 };

/** Whether a measure is a share of calls. */
export function isRate(measure: number): boolean {
  return measure === place.errors || measure === place.cache;
}

/** Whether the values of a measure are compared by their ratio: as logarithms. */
export function isRatio(measure: number): boolean {
  return measure === place.cost || measure === place.latency;
}
