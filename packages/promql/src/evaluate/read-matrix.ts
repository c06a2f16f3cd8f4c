import type { MatrixSelector, Subquery } from '../ast.ts';
import type { ResultSeries } from '../result.ts';
import { Window } from '../range/window.ts';
import type { Steps } from '../run.ts';
import type { Evaluator } from './evaluator.ts';
import { readSubquery } from './range-call.ts';
import { readSeries, referenceOf } from './select.ts';

/** The samples of a range vector that is the whole query. */
export async function readMatrix(evaluator: Evaluator, range: MatrixSelector | Subquery, steps: Steps): Promise<ResultSeries[]> {
  const { run } = evaluator;
  const selected = range.kind === 'matrix' ? range.selector : range;
  const reference = referenceOf(run, selected.offsetMs, selected.at, steps);
  const startMs = reference.firstMs - range.rangeMs + 1;
  const input =
    range.kind === 'matrix'
      ? readSeries(run, { matchers: range.selector.matchers, startMs, endMs: reference.firstMs })
      : readSubquery(evaluator, range, reference, steps);
  const window = new Window(range.rangeMs);
  const result: ResultSeries[] = [];
  for await (const samples of input) {
    window.load(samples);
    window.slide(reference.firstMs, steps.startMs);
    if (window.isEmpty) continue;
    run.charge(window.floatCount + window.histogramCount);
    result.push({
      labels: samples.labels,
      timesMs: window.times.slice(window.low, window.high),
      values: window.values.slice(window.low, window.high),
      histogramTimesMs: window.histogramTimes.slice(window.histogramLow, window.histogramHigh),
      histograms: window.histograms.slice(window.histogramLow, window.histogramHigh),
    });
  }
  return result;
}
