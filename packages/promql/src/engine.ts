import type { MetricSource } from '@millrace/api';
import { unwrap } from './ast.ts';
import type { Expr } from './ast.ts';
import { Evaluator } from './evaluate/evaluator.ts';
import { readMatrix } from './evaluate/read-matrix.ts';
import type { Histogram } from './histogram/histogram.ts';
import { compareLabels } from './labels.ts';
import { parseQuery } from './parse/parse.ts';
import { typeOf } from './parse/check.ts';
import { ParseError, QueryError } from './query-error.ts';
import type { QueryData, QueryResult, ResultSeries } from './result.ts';
import { Run } from './run.ts';
import type { Steps } from './run.ts';
import { absent, float, mergeSeries, sameLabelset, VectorSeries } from './vector.ts';

/** What queries may use. */
export interface EngineOptions {
  /** How old the newest sample may be that an instant selector takes. Default 300,000. */
  readonly lookbackMs?: number;
  /** Between the evaluations of a subquery that names no step. Default 60,000. */
  readonly subqueryStepMs?: number;
  /** How many samples one query may hold at once. Default 50,000,000. */
  readonly samplesMax?: number;
  /** How long one query may take. Default 120,000. */
  readonly timeoutMs?: number;
}

/** How one query differs from others. */
export interface QueryOptions {
  /** Gives the query up. */
  readonly signal?: AbortSignal;
  /** Shortens the engine's own. */
  readonly timeoutMs?: number;
  /** Instead of the engine's own. */
  readonly lookbackMs?: number;
}

/** The most points that a range query may ask for. */
export const pointsMax = 11_000;

/** Answers PromQL queries from a source of metrics, as Prometheus 3 does. Errors are `QueryError`s. */
export class Engine {
  readonly #source: MetricSource;
  readonly #options: Required<EngineOptions>;

  constructor(source: MetricSource, options: EngineOptions = {}) {
    this.#source = source;
    this.#options = { lookbackMs: 300_000, subqueryStepMs: 60_000, samplesMax: 50_000_000, timeoutMs: 120_000, ...options };
  }

  /** The value of a query at one time. */
  async instant(query: string, timeMs: number, options: QueryOptions = {}): Promise<QueryResult> {
    const expr = parseQuery(query);
    const run = this.#run(timeMs, timeMs, options);
    const steps = { startMs: timeMs, stepMs: 1, count: 1 };
    try {
      return finish(query, run, await instantData(run, expr, steps));
    } finally {
      run.end();
    }
  }

  /** The values of a query from a time to another one, `stepMs` apart. */
  async range(query: string, startMs: number, endMs: number, stepMs: number, options: QueryOptions = {}): Promise<QueryResult> {
    if (!(stepMs > 0)) {
      throw new QueryError('bad_data', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
    }
    if (endMs < startMs) throw new QueryError('bad_data', 'end timestamp must not be before start time');
    if ((endMs - startMs) / stepMs > pointsMax) {
      const message = 'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)';
      throw new QueryError('bad_data', message);
    }
    const expr = parseQuery(query);
    const type = typeOf(expr);
    if (type !== 'scalar' && type !== 'vector') {
      const name = type === 'matrix' ? 'range vector' : type;
      throw new ParseError(query, 0, `invalid expression type "${name}" for range query, must be Scalar or instant Vector`);
    }
    const run = this.#run(startMs, endMs, options);
    const steps = { startMs, stepMs, count: Math.floor((endMs - startMs) / stepMs) + 1 };
    try {
      return finish(query, run, await rangeData(run, expr, steps));
    } finally {
      run.end();
    }
  }

  #run(startMs: number, endMs: number, { signal, timeoutMs = Infinity, lookbackMs }: QueryOptions): Run {
    const options = this.#options;
    return new Run({
      ...options,
      lookbackMs: lookbackMs ?? options.lookbackMs,
      timeoutMs: Math.min(timeoutMs, options.timeoutMs),
      source: this.#source,
      startMs,
      endMs,
      signal,
    });
  }
}

async function rangeData(run: Run, expr: Expr, steps: Steps): Promise<QueryData> {
  const value = await new Evaluator(run).evaluate(expr, steps);
  const series = value.type === 'vector' ? mergeSeries(value.series, steps.count) : [];
  if (value.type === 'scalar') {
    const only = new VectorSeries([], steps.count);
    value.values.forEach((number, step) => only.setFloat(step, number));
    series.push(only);
  }
  const timesMs = Float64Array.from({ length: steps.count }, (_, step) => steps.startMs + step * steps.stepMs);
  const result = series.map((one) => resultOf(one, timesMs));
  return { type: 'matrix', series: result.sort((a, b) => compareLabels(a.labels, b.labels)) };
}

async function instantData(run: Run, expr: Expr, steps: Steps): Promise<QueryData> {
  const inner = unwrap(expr);
  const timeMs = steps.startMs;
  const evaluator = new Evaluator(run);
  if (inner.kind === 'matrix' || inner.kind === 'subquery') {
    const series = await readMatrix(evaluator, inner, steps);
    return { type: 'matrix', series: [...series].sort((a, b) => compareLabels(a.labels, b.labels)) };
  }
  const value = await evaluator.evaluate(expr, steps);
  if (value.type === 'string') return { type: 'string', timeMs, value: value.value };
  if (value.type === 'scalar') return { type: 'scalar', timeMs, value: value.values[0]! };
  const keys = new Set(value.series.map(({ key }) => key));
  if (keys.size < value.series.length) throw new QueryError('execution', sameLabelset);
  const samples = value.series.map(({ labels, kinds, values, histograms }) => ({
    labels,
    value: kinds[0] === float ? values[0]! : histograms![0]!,
  }));
  return { type: 'vector', timeMs, samples };
}

/** `allTimesMs` are those of the steps. */
function resultOf({ labels, kinds, values, histograms }: VectorSeries, allTimesMs: Float64Array): ResultSeries {
  if (histograms === undefined && !kinds.includes(absent)) {
    return { labels, timesMs: allTimesMs, values, histogramTimesMs: [], histograms: [] };
  }
  const { length } = kinds;
  const [times, numbers] = [new Float64Array(length), new Float64Array(length)];
  let found = 0;
  const result: { histogramTimesMs: number[]; histograms: Histogram[] } = { histogramTimesMs: [], histograms: [] };
  for (let step = 0; step < length; step++) {
    if (kinds[step] === absent) continue;
    const timeMs = allTimesMs[step]!;
    if (kinds[step] === float) {
      times[found] = timeMs;
      numbers[found++] = values[step]!;
    } else {
      result.histogramTimesMs.push(timeMs);
      result.histograms.push(histograms![step]!);
    }
  }
  return { labels, timesMs: times.subarray(0, found), values: numbers.subarray(0, found), ...result };
}

function finish(query: string, run: Run, data: QueryData): QueryResult {
  return { data, warnings: run.annotations.warnings(query), infos: run.annotations.infos(query) };
}
