import { goNumber } from '@millrace/prometheus-format';
import { classicFraction, classicQuantile } from '../histogram/classic-quantile.ts';
import type { ClassicBucket, Raised } from '../histogram/classic-quantile.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { nativeFraction, nativeQuantile, nativeVariance } from '../histogram/native-quantile.ts';
import type { NanNotes } from '../histogram/native-quantile.ts';
import { labelOf, labelsKey, setLabel, withoutName } from '../labels.ts';
import type { Labels } from '../labels.ts';
import { parseNumber } from '../parse/literals.ts';
import type { Run, Steps } from '../run.ts';
import { float, histogram, VectorBuilder, VectorSeries } from '../vector.ts';
import { warnQuantile } from './quantile.ts';

/** The functions of one native histogram; numbers are left out. */
export const histogramNumbers: Readonly<Record<string, (histogram: Histogram) => number>> = {
  histogram_avg: ({ parts }) => parts.sum / parts.count,
  histogram_count: ({ parts }) => parts.count,
  histogram_sum: ({ parts }) => parts.sum,
  histogram_stddev: (one) => Math.sqrt(nativeVariance(one)),
  histogram_stdvar: nativeVariance,
};

export function mapHistograms(input: readonly VectorSeries[], count: number, read: (histogram: Histogram) => number): VectorSeries[] {
  const builder = new VectorBuilder(count);
  for (const { labels, kinds, histograms } of input) {
    const result = new VectorSeries(withoutName(labels), count);
    for (let step = 0; step < count; step++) if (kinds[step] === histogram) result.setFloat(step, read(histograms![step]!));
    builder.add(result);
  }
  return builder.build();
}

/** The series of one classic histogram, and the native one that has the same labels. */
interface HistogramGroup {
  readonly labels: Labels;
  readonly buckets: { readonly bound: number; readonly series: VectorSeries }[];
  native: VectorSeries | undefined;
}

/** How one function reads histograms of both kinds. */
export interface HistogramReader {
  native(histogram: Histogram, step: number): number;
  classic(buckets: readonly ClassicBucket[], step: number): number;
}

/** Applies a function to native histograms and to classic ones, which are put together from their buckets. */
export function readHistograms(
  run: Run,
  input: readonly VectorSeries[],
  steps: Steps,
  index: number,
  reader: HistogramReader,
): VectorSeries[] {
  const builder = new VectorBuilder(steps.count);
  for (const group of groupsOf(run, input, index)) {
    const result = new VectorSeries(withoutName(group.labels), steps.count);
    for (let step = 0; step < steps.count; step++) {
      const buckets = group.buckets.filter(({ series }) => series.kinds[step] === float);
      const native = group.native?.kinds[step] === histogram ? group.native.histograms![step]! : undefined;
      if (native !== undefined && buckets.length > 0) run.annotations.warn('vector contains a mix of classic and native histograms', index);
      else if (native !== undefined) result.setFloat(step, reader.native(native, step));
      else if (buckets.length > 0) {
        const counts = buckets.map(({ bound, series }) => ({ bound, count: series.values[step]! }));
        result.setFloat(step, reader.classic(counts, step));
      }
    }
    builder.add(result);
  }
  return builder.build();
}

function groupsOf(run: Run, input: readonly VectorSeries[], index: number): HistogramGroup[] {
  const groups = new Map<string, HistogramGroup>();
  const groupOf = (labels: Labels): HistogramGroup => {
    const key = labelsKey(labels);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { labels, buckets: [], native: undefined }));
    return group;
  };
  for (const series of input) {
    if (series.kinds.includes(histogram)) groupOf(series.labels).native = series;
    if (!series.kinds.includes(float)) continue;
    const text = labelOf(series.labels, 'le');
    const bound = parseBound(text);
    if (bound === undefined) {
      run.annotations.warn(`bucket label "le" is missing or has a malformed value of ${JSON.stringify(text)}`, index);
    } else groupOf(setLabel(series.labels, 'le', '')).buckets.push({ bound, series });
  }
  return [...groups.values()];
}

function parseBound(text: string): number | undefined {
  const match = /^([-+]?)(inf|infinity|nan|[\d.].*)$/i.exec(text);
  if (match === null) return undefined;
  const size = /^infinity$/i.test(match[2]!) ? Infinity : parseNumber(match[2]!);
  if (size === undefined || /[a-df-z]$/i.test(match[2]!.replace(/inf(?:inity)?$|nan$/i, ''))) return undefined;
  return match[1] === '-' ? -size : size;
}

/** `histogram_quantile`. */
export function quantileReader(run: Run, steps: Steps, q: Float64Array, qIndex: number, index: number): HistogramReader {
  for (const value of q) if (!(value >= 0 && value <= 1)) warnQuantile(run.annotations, value, qIndex);
  const forced = new ForcedMonotonicity();
  return {
    native: (one, step) => {
      const notes: NanNotes = { result: false, skew: false };
      const value = nativeQuantile(q[step]!, one, notes);
      const message = 'input to histogram_quantile has NaN observations, result is';
      if (notes.result) run.annotations.info(`${message} NaN`, index);
      if (notes.skew) run.annotations.info(`${message} skewed higher`, index);
      return value;
    },
    classic: (buckets, step) => {
      const { value, raised } = classicQuantile(q[step]!, buckets);
      if (raised !== undefined) run.annotations.detail(forced.add(raised, steps.startMs + step * steps.stepMs), () => forced.text, index);
      return value;
    },
  };
}

/** All places of one query where classic buckets had to be made to ascend. */
class ForcedMonotonicity {
  #samples = 0;
  #min = Infinity;
  #max = -Infinity;
  #difference = 0;
  #fromMs = Infinity;
  #toMs = -Infinity;

  /** Returns what all have in common. */
  add({ minBound, maxBound, maxDifference }: Raised, timeMs: number): string {
    this.#samples++;
    this.#min = Math.min(this.#min, minBound);
    this.#max = Math.max(this.#max, maxBound);
    this.#difference = Math.max(this.#difference, maxDifference);
    this.#fromMs = Math.min(this.#fromMs, timeMs);
    this.#toMs = Math.max(this.#toMs, timeMs);
    return 'input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)';
  }

  get text(): string {
    const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
    const difference = twoDigits(this.#difference);
    const bounds = `from buckets ${goNumber(this.#min)} to ${goNumber(this.#max)}, with a max diff of ${difference}`;
    return `, ${bounds}, over ${this.#samples} samples from ${time(this.#fromMs)} to ${time(this.#toMs)}`;
  }
}

/** As Go's format `%.2g`. */
function twoDigits(value: number): string {
  const rounded = Number(value.toPrecision(2));
  return rounded < 100 ? goNumber(rounded) : rounded.toExponential().replace(/e\+(\d)$/, 'e+0$1');
}

/** `histogram_fraction`. */
export function fractionReader(run: Run, lower: Float64Array, upper: Float64Array, index: number): HistogramReader {
  return {
    native: (one, step) => {
      const notes: NanNotes = { result: false, skew: false };
      const value = nativeFraction(lower[step]!, upper[step]!, one, notes);
      if (notes.skew) {
        run.annotations.info('input to histogram_fraction has NaN observations, which are excluded from all fractions', index);
      }
      return value;
    },
    classic: (buckets, step) => classicFraction(lower[step]!, upper[step]!, buckets),
  };
}
