import type { Aggregate } from '../ast.ts';
import { dropLabels, keepLabels, labelsKey, nameLabel } from '../labels.ts';
import type { Labels } from '../labels.ts';
import type { Steps } from '../run.ts';
import { VectorSeries } from '../vector.ts';
import { addAverages } from './aggregate-average.ts';
import { addCounts, addExtremes, addVariances } from './aggregate-simple.ts';
import { countValues, quantiles, ranked } from './aggregate-ranked.ts';
import type { Evaluator } from './evaluator.ts';

/** The series that are folded into one. */
export interface Group {
  readonly labels: Labels;
  readonly series: VectorSeries[];
}

/** What an aggregation is told besides its series. */
export interface Folding {
  readonly expr: Aggregate;
  readonly evaluator: Evaluator;
  readonly count: number;
}

/** The labels of the group that a series belongs to. */
export function groupLabels({ without, grouping }: Aggregate): (labels: Labels) => Labels {
  const names = new Set(without ? [...grouping, nameLabel] : grouping);
  return without ? (labels) => dropLabels(labels, names) : (labels) => keepLabels(labels, names);
}

/** An aggregation over a vector. */
export async function aggregate(evaluator: Evaluator, expr: Aggregate, steps: Steps): Promise<VectorSeries[]> {
  const { count } = steps;
  const folding: Folding = { expr, evaluator, count };
  const { operator, param } = expr;
  const parameter = param === undefined || operator === 'count_values' ? undefined : await evaluator.scalar(param, steps);
  const input = await evaluator.vector(expr.expr, steps);
  if (operator === 'count_values') return countValues(folding, input);
  const groups = new Map<string, Group>();
  const labelsOf = groupLabels(expr);
  for (const series of input) {
    const labels = labelsOf(series.labels);
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, series: [series] });
    else group.series.push(series);
  }
  const all = [...groups.values()];
  if (operator === 'topk' || operator === 'bottomk') return ranked(folding, all, parameter!);
  if (operator === 'quantile') return quantiles(folding, all, parameter!);
  const result: VectorSeries[] = [];
  for (const group of all) {
    await evaluator.run.breathe();
    evaluator.run.charge(count);
    const series = new VectorSeries(group.labels, count);
    fold(folding, group, series);
    if (!series.isEmpty) result.push(series);
  }
  return result;
}

function fold(folding: Folding, group: Group, out: VectorSeries): void {
  switch (folding.expr.operator) {
    case 'sum':
    case 'avg':
      return addAverages(folding, group, out);
    case 'min':
    case 'max':
      return addExtremes(folding, group, out);
    case 'stddev':
    case 'stdvar':
      return addVariances(folding, group, out);
    default:
      return addCounts(folding, group, out);
  }
}
