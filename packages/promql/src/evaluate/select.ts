import { PipelineError } from '@millrace/api';
import type { SeriesSamples, SeriesSelection } from '@millrace/api';
import type { AtModifier, VectorSelector } from '../ast.ts';
import { Histogram } from '../histogram/histogram.ts';
import { QueryError } from '../query-error.ts';
import type { Run, Steps } from '../run.ts';
import { VectorSeries } from '../vector.ts';
import { staleMarkers } from './stale.ts';

// A coarser source makes values older than they are by no more than a fifth of the step.
const resolutionParts = 5;

/** The times that a selector looks at: the first, and how far it moves with each step. */
export interface Reference {
  readonly firstMs: number;
  readonly strideMs: number;
}

/** The times that a selector looks at, by its offset and `@`. */
export function referenceOf(run: Run, offsetMs: number, at: AtModifier | undefined, steps: Steps): Reference {
  if (at === undefined) return { firstMs: steps.startMs - offsetMs, strideMs: steps.stepMs };
  const { startMs, endMs } = run.options;
  return { firstMs: (at === 'start' ? startMs : at === 'end' ? endMs : at) - offsetMs, strideMs: 0 };
}

/** The time of the last step that a selector looks at. */
export function lastMs({ firstMs, strideMs }: Reference, steps: Steps): number {
  return firstMs + strideMs * (steps.count - 1);
}

/** Series of the source, one by one; its errors as errors of the query. */
export async function* readSeries(run: Run, selection: Omit<SeriesSelection, 'signal'>): AsyncGenerator<SeriesSamples> {
  try {
    for await (const series of run.options.source.select({ ...selection, signal: run.signal })) {
      await run.breathe();
      yield series;
    }
  } catch (error) {
    if (error instanceof QueryError) throw error;
    run.check();
    const type = error instanceof PipelineError ? 'execution' : 'internal';
    throw new QueryError(type, `expanding series: ${(error as Error).message}`, { cause: error });
  }
}

/** What an instant selector finds at each step: the newest sample that is not older than the lookback. `timestamp` gives its time instead. */
export async function selectVector(run: Run, selector: VectorSelector, steps: Steps, timestamps = false): Promise<VectorSeries[]> {
  const { lookbackMs } = run.options;
  const { matchers, offsetMs, at } = selector;
  const reference = referenceOf(run, offsetMs, at, steps);
  const range = { startMs: reference.firstMs - lookbackMs + 1, endMs: lastMs(reference, steps) };
  const resolution =
    steps.count > 1 && reference.strideMs > 0 ? { stepMs: Math.min(reference.strideMs, lookbackMs) / resolutionParts } : {};
  const result: VectorSeries[] = [];
  for await (const samples of readSeries(run, { matchers, ...range, ...resolution })) {
    run.charge(steps.count);
    const series = new VectorSeries(samples.labels, steps.count);
    if (fill(series, samples, reference, lookbackMs, timestamps)) {
      result.push(series);
      if (series.histograms !== undefined) chargeHistograms(run, series);
    } else run.charge(-steps.count);
  }
  return result;
}

function chargeHistograms(run: Run, { histograms }: VectorSeries): void {
  let size = 0;
  histograms?.forEach((histogram) => (size += (histogram?.size ?? 1) - 1));
  run.charge(size);
}

function fill(series: VectorSeries, samples: SeriesSamples, reference: Reference, lookbackMs: number, timestamps: boolean): boolean {
  const { timestampsMs: times, values, histograms } = samples;
  const { values: out, kinds } = series;
  const stale = staleMarkers(values);
  const made = histograms === undefined ? undefined : new Map<number, Histogram>();
  let found = false;
  let newest = -1;
  for (let step = 0, at = reference.firstMs; step < out.length; step++, at += reference.strideMs) {
    while (newest + 1 < times.length && times[newest + 1]! <= at) newest++;
    if (newest < 0 || times[newest]! <= at - lookbackMs) continue;
    const sample = histograms?.[newest];
    if (sample === undefined && stale !== undefined && stale[newest] === 1) continue;
    found = true;
    if (timestamps || sample === undefined) {
      out[step] = timestamps ? times[newest]! / 1000 : values[newest]!;
      kinds[step] = 1;
      continue;
    }
    let histogram = made!.get(newest);
    if (histogram === undefined) made!.set(newest, (histogram = Histogram.of(sample)));
    series.setHistogram(step, histogram);
  }
  return found;
}
