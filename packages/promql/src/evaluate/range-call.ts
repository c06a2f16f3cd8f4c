import { unwrap } from '../ast.ts';
import type { Call, Expr, MatrixSelector, Subquery } from '../ast.ts';
import { nameLabel, withoutName } from '../labels.ts';
import type { Labels } from '../labels.ts';
import { QueryError } from '../query-error.ts';
import { rangeFunctions } from '../range/range-functions.ts';
import { Window } from '../range/window.ts';
import type { RangeSamples } from '../range/window.ts';
import type { Run, Steps } from '../run.ts';
import { histogram as histogramKind, absent, sameLabelset, VectorSeries } from '../vector.ts';
import type { Evaluator } from './evaluator.ts';
import { lastMs, readSeries, referenceOf } from './select.ts';
import type { Reference } from './select.ts';

const keepsName: ReadonlySet<string> = new Set(['last_over_time', 'first_over_time']);
// Of these a coarser resolution gives the same, up to how far the ends of the range are extrapolated.
const resolutionFree: ReadonlySet<string> = new Set(['rate', 'increase', 'delta']);
const rangeParts = 100;

/** A function on a range vector, series by series, so that of the samples only one series is held. */
export async function callOnRange(evaluator: Evaluator, call: Call, steps: Steps): Promise<VectorSeries[]> {
  const { run } = evaluator;
  const index = call.args.findIndex(isRange);
  const range = unwrap(call.args[index]!) as MatrixSelector | Subquery;
  const scalars: Float64Array[] = [];
  for (const [position, arg] of call.args.entries()) {
    if (position !== index) scalars.push(await evaluator.scalar(arg, steps));
  }
  const selected = range.kind === 'matrix' ? range.selector : range;
  const reference = referenceOf(run, selected.offsetMs, selected.at, steps);
  const input = range.kind === 'matrix' ? readRange(run, call, range, reference, steps) : readSubquery(evaluator, range, reference, steps);
  const window = new Window(range.rangeMs);
  const rangeCall = { call, annotations: run.annotations, scalars };
  const begin = rangeFunctions[call.name]!;
  const result: VectorSeries[] = [];
  const seen = new Set<string>();
  for await (const samples of input) {
    run.charge(steps.count);
    window.load(samples);
    const compute = begin(window, rangeCall);
    const series = new VectorSeries(keepsName.has(call.name) ? samples.labels : withoutName(samples.labels), steps.count);
    for (let step = 0; step < steps.count; step++) {
      window.slide(reference.firstMs + step * reference.strideMs, steps.startMs + step * steps.stepMs);
      if (!window.isEmpty) compute(series, step);
    }
    if (series.isEmpty) {
      run.charge(-steps.count);
      continue;
    }
    if (seen.has(series.key) && call.name !== 'absent_over_time') throw new QueryError('execution', sameLabelset);
    seen.add(series.key);
    result.push(series);
  }
  return result;
}

/** Whether an argument is a range vector. */
export function isRange(arg: Expr): boolean {
  const { kind } = unwrap(arg);
  return kind === 'matrix' || kind === 'subquery';
}

function readRange(
  run: Run,
  call: Call,
  { selector, rangeMs }: MatrixSelector,
  reference: Reference,
  steps: Steps,
): AsyncIterable<RangeSamples> {
  const { matchers } = selector;
  const resolution = resolutionFree.has(call.name) ? { stepMs: Math.floor(rangeMs / rangeParts) } : {};
  return readSeries(run, { matchers, startMs: reference.firstMs - rangeMs + 1, endMs: lastMs(reference, steps), ...resolution });
}

/** The series of a subquery, as if they were stored. */
export async function* readSubquery(
  evaluator: Evaluator,
  subquery: Subquery,
  reference: Reference,
  steps: Steps,
): AsyncGenerator<RangeSamples> {
  const { run } = evaluator;
  const before = run.samples;
  const stepMs = subquery.stepMs || run.options.subqueryStepMs;
  const firstMs = reference.firstMs - subquery.rangeMs;
  let startMs = stepMs * Math.trunc(firstMs / stepMs);
  if (startMs <= firstMs) startMs += stepMs;
  const count = Math.floor((lastMs(reference, steps) - startMs) / stepMs) + 1;
  if (count <= 0) return;
  const vector = await evaluator.vector(subquery.expr, { startMs, stepMs, count });
  const held = run.samples - before;
  for (const series of vector) yield samplesOf(series, startMs, stepMs);
  run.charge(-held);
}

function samplesOf({ labels, values, kinds, histograms }: VectorSeries, startMs: number, stepMs: number): RangeSamples {
  const present = [...kinds.keys()].filter((step) => kinds[step] !== absent);
  const samples = {
    labels,
    timestampsMs: Float64Array.from(present, (step) => startMs + step * stepMs),
    values: Float64Array.from(present, (step) => values[step]!),
  };
  if (histograms === undefined) return samples;
  return { ...samples, histograms: present.map((step) => (kinds[step] === histogramKind ? histograms[step] : undefined)) };
}

/** The steps at which no series has a sample, as one series. */
export function absentSeries(series: readonly VectorSeries[], labels: Labels, steps: Steps): VectorSeries[] {
  const result = new VectorSeries(labels, steps.count);
  for (let step = 0; step < steps.count; step++) if (series.every(({ kinds }) => kinds[step] === absent)) result.setFloat(step, 1);
  return result.isEmpty ? [] : [result];
}

/** The labels that the series would have: those that a selector asks for with `=`, once. */
export function absentLabels(arg: Expr): Labels {
  const inner = unwrap(arg);
  const matchers = inner.kind === 'selector' ? inner.matchers : inner.kind === 'matrix' ? inner.selector.matchers : [];
  const labels = new Map<string, string>();
  for (const { name, operator, value } of matchers) {
    if (name !== nameLabel) labels.set(name, operator === '=' && !labels.has(name) ? value : '');
  }
  return [...labels].filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1));
}
