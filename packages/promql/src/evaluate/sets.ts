import type { Binary } from '../ast.ts';
import type { Run } from '../run.ts';
import { absent, VectorBuilder, VectorSeries } from '../vector.ts';
import { matchGroups, presence } from './matching.ts';

/** `and`, `or` and `unless`. */
export function combineSets(
  run: Run,
  expr: Binary,
  left: readonly VectorSeries[],
  right: readonly VectorSeries[],
  count: number,
): VectorSeries[] {
  const builder = new VectorBuilder(count);
  const groups = matchGroups(expr.matching, left, right);
  const take = (series: readonly VectorSeries[], other: Uint8Array | undefined, wanted: boolean): void => {
    for (const one of series) {
      run.charge(count);
      const result = new VectorSeries(one.labels, count);
      for (let step = 0; step < count; step++) {
        if (one.kinds[step] !== absent && (other === undefined || (other[step] !== absent) === wanted)) result.copy(step, one);
      }
      builder.add(result);
    }
  };
  for (const group of groups) {
    if (expr.operator === 'or') {
      take(group.left, undefined, true);
      take(group.right, presence(group.left, count), false);
    } else take(group.left, presence(group.right, count), expr.operator === 'and');
  }
  return builder.build();
}
