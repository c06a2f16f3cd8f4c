import { formatPlain } from '../format-number.ts';
import { quantileOfSorted, warnQuantile } from '../functions/quantile.ts';
import { histogramText } from '../histogram/histogram-text.ts';
import { setLabel } from '../labels.ts';
import { QueryError } from '../query-error.ts';
import { absent, float, VectorBuilder, VectorSeries } from '../vector.ts';
import { groupLabels } from './aggregate.ts';
import type { Folding, Group } from './aggregate.ts';
import { infoIgnored } from './aggregate-simple.ts';

/** `topk` and `bottomk`: for each step the series of a group with the greatest or least values; NaN is less than anything in both. */
export function ranked(folding: Folding, groups: readonly Group[], parameter: Float64Array): VectorSeries[] {
  const { count, expr, evaluator } = folding;
  if (parameter.every((k) => k < 1)) return [];
  for (const k of parameter) {
    if (Number.isNaN(k)) throw new QueryError('execution', 'Parameter value is NaN');
    if (Math.abs(k) >= 2 ** 63) throw new QueryError('execution', `Scalar value ${k} ${k > 0 ? 'overflows' : 'underflows'} int64`);
  }
  const sign = expr.operator === 'topk' ? -1 : 1;
  const result: VectorSeries[] = [];
  for (const { series } of groups) {
    const outputs = series.map(({ labels }) => new VectorSeries(labels, count));
    evaluator.run.charge(count * outputs.length);
    let order: number[] = [];
    for (let step = 0; step < count; step++) {
      const k = Math.trunc(parameter[step]!);
      if (k < 1) continue;
      order = best(folding, series, step, k, sign);
      for (const i of order) outputs[i]!.copy(step, series[i]!);
    }
    // Of one step the order is that of the values.
    result.push(...(count === 1 ? order.map((i) => outputs[i]!) : outputs.filter((one) => !one.isEmpty)));
  }
  return result;
}

// Up to here the best are kept sorted while the others pass by.
const fewMax = 32;

/** The indexes of the `k` series that come first at a step, in order. */
function best(folding: Folding, series: readonly VectorSeries[], step: number, k: number, sign: number): number[] {
  const found: number[] = [];
  const compare = (a: number, b: number): number => compareNansLast(series[a]!.values[step]!, series[b]!.values[step]!, sign);
  for (let i = 0; i < series.length; i++) {
    const kind = series[i]!.kinds[step];
    if (kind === absent) continue;
    if (kind !== float) {
      infoIgnored(folding, folding.expr.start);
      continue;
    }
    if (k > fewMax || found.length < k) found.push(i);
    else if (compare(i, found[k - 1]!) < 0) found[k - 1] = i;
    else continue;
    if (k > fewMax) continue;
    for (let at = found.length - 1; at > 0 && compare(found[at]!, found[at - 1]!) < 0; at--) {
      [found[at - 1], found[at]] = [found[at]!, found[at - 1]!];
    }
  }
  return k > fewMax ? found.sort((a, b) => compare(a, b) || a - b).slice(0, k) : found;
}

/** Ascending, or with the sign -1 descending, and NaN at the end. */
export function compareNansLast(a: number, b: number, sign: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return (Number.isNaN(a) ? 1 : 0) - (Number.isNaN(b) ? 1 : 0);
  return a < b ? -sign : a > b ? sign : 0;
}

/** `quantile`. */
export function quantiles(folding: Folding, groups: readonly Group[], parameter: Float64Array): VectorSeries[] {
  const { count, expr, evaluator } = folding;
  const real = parameter.filter((q) => !Number.isNaN(q));
  const outside = [Math.max(...real), Math.min(...real)].filter((q, i) => real.length > 0 && (i === 0 ? q > 1 : q < 0));
  if (real.length < parameter.length) outside.push(Number.NaN);
  for (const q of outside) warnQuantile(evaluator.run.annotations, q, expr.param!.start);
  const result: VectorSeries[] = [];
  for (const { labels, series } of groups) {
    evaluator.run.charge(count);
    const out = new VectorSeries(labels, count);
    const sorted = new Float64Array(series.length);
    for (let step = 0; step < count; step++) {
      let [size, nans] = [0, 0];
      for (const { kinds, values } of series) {
        if (kinds[step] === float) {
          if (Number.isNaN(values[step]!)) nans++;
          else sorted[size++] = values[step]!;
        } else if (kinds[step] !== absent) infoIgnored(folding, expr.expr.start);
      }
      if (size + nans > 0) out.setFloat(step, quantileOfSorted(parameter[step]!, sorted.subarray(0, size).sort(), size, nans));
    }
    if (!out.isEmpty) result.push(out);
  }
  return result;
}

/** `count_values`: how many series have each value. */
export function countValues({ count, expr, evaluator }: Folding, input: readonly VectorSeries[]): VectorSeries[] {
  const name = (expr.param as { readonly value: string }).value;
  if (name === '') throw new QueryError('execution', 'invalid label name ""');
  const labelsOf = groupLabels(expr.without ? expr : { ...expr, grouping: [...expr.grouping, name] });
  const builder = new VectorBuilder(count);
  for (const series of input) {
    const texts = new Map<string, VectorSeries>();
    for (let step = 0; step < count; step++) {
      if (series.kinds[step] === absent) continue;
      const text = series.kinds[step] === float ? formatPlain(series.values[step]!) : histogramText(series.histograms![step]!);
      let out = texts.get(text);
      if (out === undefined) {
        evaluator.run.charge(count);
        texts.set(text, (out = builder.series(labelsOf(setLabel(series.labels, name, text)))));
      }
      out.setFloat(step, out.values[step]! + 1);
    }
  }
  return builder.build();
}
