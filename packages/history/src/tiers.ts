const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The resolutions that are kept, finest first: the samples themselves, and rollups. Stored by their index: never reorder. */
export const tiers: readonly { readonly name: string; readonly stepMs: number; readonly maxSpanMs: number }[] = [
  { name: 'raw', stepMs: 0, maxSpanMs: 2 * hourMs },
  { name: '1m', stepMs: minuteMs, maxSpanMs: 12 * hourMs },
  { name: '5m', stepMs: 5 * minuteMs, maxSpanMs: 48 * hourMs },
  { name: '1h', stepMs: hourMs, maxSpanMs: 20 * 24 * hourMs },
  { name: '1d', stepMs: 24 * hourMs, maxSpanMs: Infinity },
];

/** More samples than this are more than one chunk. */
export const maxChunkSamples = 240;

/** The coarsest tier whose steps are at most as long as `stepMs`; raw for undefined. */
export function tierFor(stepMs: number | undefined): number {
  if (stepMs === undefined) return 0;
  return tiers.findLastIndex((tier) => tier.stepMs <= Math.max(0, stepMs));
}
