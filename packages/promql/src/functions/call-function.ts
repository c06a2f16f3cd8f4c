import { unwrap } from '../ast.ts';
import type { Call, Expr } from '../ast.ts';
import { compareNansLast } from '../evaluate/aggregate-ranked.ts';
import type { Evaluator } from '../evaluate/evaluator.ts';
import { absentLabels, absentSeries, callOnRange, isRange } from '../evaluate/range-call.ts';
import { selectVector } from '../evaluate/select.ts';
import type { Value } from '../evaluate/value.ts';
import type { Steps } from '../run.ts';
import { absent, float, VectorSeries } from '../vector.ts';
import { datePart, dateParts } from './dates.ts';
import { fractionReader, histogramNumbers, mapHistograms, quantileReader, readHistograms } from './histogram-functions.ts';
import { clamp, mapNumbers, numberFunctions, round } from './instant.ts';
import { labelJoin, labelReplace } from './label-functions.ts';

/** Calls a function at all steps. */
export async function callFunction(evaluator: Evaluator, call: Call, steps: Steps): Promise<Value> {
  const { name, args } = call;
  if (args.some(isRange)) {
    const series = await callOnRange(evaluator, call, steps);
    return { type: 'vector', series: name === 'absent_over_time' ? absentSeries(series, absentLabels(args[0]!), steps) : series };
  }
  const times = Float64Array.from({ length: steps.count }, (_, step) => (steps.startMs + step * steps.stepMs) / 1000);
  if (name === 'time') return { type: 'scalar', values: times };
  if (name === 'pi') return { type: 'scalar', values: new Float64Array(steps.count).fill(Math.PI) };
  if (name === 'scalar') return { type: 'scalar', values: onlyNumber(await evaluator.vector(args[0]!, steps), steps.count) };
  if (name === 'vector') return { type: 'vector', series: [numbers(await evaluator.scalar(args[0]!, steps))] };
  if (dateParts[name] !== undefined) {
    const input = args.length === 0 ? [numbers(times.map(Math.floor))] : await evaluator.vector(args[0]!, steps);
    return { type: 'vector', series: mapNumbers(input, steps.count, (value) => datePart(name, value)) };
  }
  return { type: 'vector', series: await vectorFunction(evaluator, call, steps) };
}

async function vectorFunction(evaluator: Evaluator, call: Call, steps: Steps): Promise<VectorSeries[]> {
  const { name, args } = call;
  const { count } = steps;
  const scalar = (index: number): Promise<Float64Array> => evaluator.scalar(args[index]!, steps);
  const every = (value: number): Float64Array => new Float64Array(count).fill(value);
  if (name === 'histogram_quantile') {
    const [q, input] = [await scalar(0), await evaluator.vector(args[1]!, steps)];
    const index = args[1]!.start;
    return readHistograms(evaluator.run, input, steps, index, quantileReader(evaluator.run, steps, q, args[0]!.start, index));
  }
  if (name === 'histogram_fraction') {
    const [lower, upper, input] = [await scalar(0), await scalar(1), await evaluator.vector(args[2]!, steps)];
    return readHistograms(evaluator.run, input, steps, args[2]!.start, fractionReader(evaluator.run, lower, upper, args[2]!.start));
  }
  if (name === 'timestamp') return timestamps(evaluator, args[0]!, steps);
  const input = await evaluator.vector(args[0]!, steps);
  const number = numberFunctions[name];
  if (number !== undefined) return mapNumbers(input, count, number);
  const ofHistogram = histogramNumbers[name];
  if (ofHistogram !== undefined) return mapHistograms(input, count, ofHistogram);
  switch (name) {
    case 'absent':
      return absentSeries(input, absentLabels(args[0]!), steps);
    case 'clamp':
      return clamp(input, count, await scalar(1), await scalar(2));
    case 'clamp_min':
      return clamp(input, count, await scalar(1), every(Infinity));
    case 'clamp_max':
      return clamp(input, count, every(-Infinity), await scalar(1));
    case 'round': {
      const nearest = args.length > 1 ? await scalar(1) : every(1);
      return mapNumbers(input, count, (value, step) => round(value, nearest[step]!));
    }
    case 'label_replace':
      return labelReplace(call, input, count);
    case 'label_join':
      return labelJoin(call, input, count);
    default:
      return sort(evaluator, call, input, count);
  }
}

/** `timestamp`: of a selector the times of its samples, of anything else the time of the step. */
async function timestamps(evaluator: Evaluator, arg: Expr, steps: Steps): Promise<VectorSeries[]> {
  const inner = unwrap(arg);
  if (inner.kind === 'selector') return mapNumbers(await selectVector(evaluator.run, inner, steps, true), steps.count, (value) => value);
  const input = await evaluator.vector(arg, steps);
  for (const { kinds, values } of input) {
    for (let step = 0; step < steps.count; step++) {
      if (kinds[step] === absent) continue;
      kinds[step] = float;
      values[step] = (steps.startMs + step * steps.stepMs) / 1000;
    }
  }
  return mapNumbers(input, steps.count, (value) => value);
}

/** `sort` and `sort_desc`, which matter only where there is one step. NaN comes last. */
function sort({ run }: Evaluator, { name, start }: Call, input: readonly VectorSeries[], count: number): VectorSeries[] {
  if (count > 1) run.annotations.warn('sort is ineffective for range queries since results are always ordered by labels', start);
  const withNumbers = input.filter(({ kinds }) => kinds.includes(float));
  for (const { kinds } of withNumbers) for (let step = 0; step < count; step++) if (kinds[step] !== float) kinds[step] = absent;
  if (count > 1) return withNumbers;
  const sign = name === 'sort' ? 1 : -1;
  return withNumbers.sort((a, b) => compareNansLast(a.values[0]!, b.values[0]!, sign));
}

/** `scalar`: the number of the only series, NaN when there is none or there are several. */
function onlyNumber(input: readonly VectorSeries[], count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, step) => {
    let [value, found] = [Number.NaN, 0];
    for (const { kinds, values } of input) {
      if (kinds[step] !== float) continue;
      found++;
      value = values[step]!;
    }
    return found === 1 ? value : Number.NaN;
  });
}

/** A series without labels. */
function numbers(values: Float64Array): VectorSeries {
  const series = new VectorSeries([], values.length);
  values.forEach((value, step) => series.setFloat(step, value));
  return series;
}
