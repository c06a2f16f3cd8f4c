import { changesMetric, comparisons, trimOperators } from '../ast.ts';
import type { Binary } from '../ast.ts';
import { withoutName } from '../labels.ts';
import type { Run } from '../run.ts';
import { absent, float, VectorBuilder, VectorSeries } from '../vector.ts';
import { arithmetic, comparison } from './arithmetic.ts';
import { histogramOperation } from './histogram-binary.ts';

/** An operator between the series of a vector and a number. */
export function combineWithScalar(
  run: Run,
  expr: Binary,
  vector: readonly VectorSeries[],
  scalar: Float64Array,
  vectorFirst: boolean,
  count: number,
): VectorSeries[] {
  const { operator, bool } = expr;
  const compares = comparisons.has(operator);
  const trims = trimOperators.has(operator);
  const builder = new VectorBuilder(count);
  const calculate = arithmetic(operator);
  const holds = comparison(operator);
  for (const series of vector) {
    run.charge(count);
    const result = new VectorSeries(bool || changesMetric(operator) ? withoutName(series.labels) : series.labels, count);
    const { values, kinds } = series;
    for (let step = 0; step < count; step++) {
      if (kinds[step] === absent) continue;
      if (kinds[step] === float && !trims) {
        const value = values[step]!;
        const [a, b] = vectorFirst ? [value, scalar[step]!] : [scalar[step]!, value];
        if (!compares) result.setFloat(step, calculate(a, b));
        else if (bool) result.setFloat(step, holds(a, b) ? 1 : 0);
        else if (holds(a, b)) result.setFloat(step, value);
        continue;
      }
      const sample = kinds[step] === float ? values[step]! : series.histograms![step]!;
      const [a, b] = vectorFirst ? [sample, scalar[step]!] : [scalar[step]!, sample];
      const made = histogramOperation(operator, a, b, run.annotations, expr.start);
      if (typeof made === 'object') result.setHistogram(step, made);
    }
    builder.add(result);
  }
  return builder.build();
}
