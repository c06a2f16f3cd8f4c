import { medianOf } from './quantile.ts';
import { SeasonalProfile } from './seasonal-profile.ts';

/** Where a series is going. */
export type Trend = 'increasing' | 'decreasing' | 'stable';

/**
 * The direction of the means of up to 30 blocks of the deseasonalised values: increasing or decreasing when the Mann-Kendall test (Mann 1945, Kendall 1975)
 * is significant at 1 %, and Sen's slope (Sen 1968) over all blocks is more than 3 % of their usual size; else stable.
 */
export function trendOf(values: Float64Array, seasons: readonly number[]): Trend {
  const profile = new SeasonalProfile(seasons, values.length);
  profile.learn(values, values.length, 1);
  const flat = new Float64Array(values.length);
  profile.adjust(values, values.length, flat);
  const length = Math.max(1, Math.ceil(values.length / 30), values.length >= 5 * (seasons[0] ?? 1) ? Math.round(seasons[0] ?? 1) : 1);
  const count = Math.floor(values.length / length);
  const blocks = new Float64Array(count);
  const skipped = values.length - count * length;
  for (let t = skipped; t < values.length; t++) blocks[Math.floor((t - skipped) / length)]! += flat[t]! / length;
  const slopes = new Float64Array((count * (count - 1)) / 2);
  let score = 0;
  let at = 0;
  for (let j = 1; j < count; j++) {
    for (let i = 0; i < j; i++) {
      score += Math.sign(blocks[j]! - blocks[i]!);
      slopes[at++] = (blocks[j]! - blocks[i]!) / (j - i);
    }
  }
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const change = slopes.length > 0 ? medianOf(slopes) * (count - 1) : 0;
  const usual = medianOf(blocks.map(Math.abs));
  if (Math.abs(score) < 2.576 * deviation || Math.abs(change) < 0.03 * usual) return 'stable';
  return score > 0 ? 'increasing' : 'decreasing';
}
