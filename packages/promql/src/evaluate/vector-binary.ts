import { changesMetric, comparisons, trimOperators } from '../ast.ts';
import type { Binary } from '../ast.ts';
import { dropLabels, keepLabels, labelOf, labelsText, setLabel, withoutName } from '../labels.ts';
import type { Labels } from '../labels.ts';
import { QueryError } from '../query-error.ts';
import type { Run } from '../run.ts';
import { absent, float, VectorBuilder, VectorSeries } from '../vector.ts';
import { arithmetic, comparison } from './arithmetic.ts';
import { histogramOperation } from './histogram-binary.ts';
import { matchGroups, presence } from './matching.ts';
import type { MatchGroup } from './matching.ts';

/** Arithmetic and comparison between two vectors. */
export function combineVectors(run: Run, expr: Binary, left: VectorSeries[], right: VectorSeries[], count: number): VectorSeries[] {
  const swapped = expr.matching.many === 'right';
  const [many, one] = swapped ? [right, left] : [left, right];
  const pairing = new Pairing(run, expr, count);
  // An operator with nothing on one side has no result and no error.
  const live = presence(many, count);
  const liveOne = presence(one, count);
  for (let step = 0; step < count; step++) live[step] = live[step] !== absent && liveOne[step] !== absent ? 1 : 0;
  for (const group of matchGroups(expr.matching, many, one)) {
    if (group.right.length > 0) pairing.combine(group, live);
  }
  return pairing.builder.build();
}

class Pairing {
  readonly builder: VectorBuilder;
  readonly #run: Run;
  readonly #expr: Binary;
  readonly #count: number;

  constructor(run: Run, expr: Binary, count: number) {
    this.#run = run;
    this.#expr = expr;
    this.#count = count;
    this.builder = new VectorBuilder(count);
  }

  /** `group.left` is the side that may have many. */
  combine(group: MatchGroup, live: Uint8Array): void {
    if (group.right.length > 1) this.#checkOne(group, live);
    const taken = group.left.length > 1 ? new Map<string, Uint8Array>() : undefined;
    for (const one of group.right) {
      for (const many of group.left) {
        const labels = this.#resultLabels(many.labels, one.labels);
        this.#run.charge(this.#count);
        const result = new VectorSeries(labels, this.#count);
        this.#fill(result, many, one, taken === undefined ? undefined : this.#takenBy(taken, result.key));
        this.builder.add(result);
      }
    }
  }

  /** Which steps have a result already that a second one must not join. */
  #takenBy(taken: Map<string, Uint8Array>, key: string): Uint8Array {
    const id = this.#expr.matching.many === undefined ? '' : key;
    let steps = taken.get(id);
    if (steps === undefined) taken.set(id, (steps = new Uint8Array(this.#count)));
    return steps;
  }

  #checkOne({ labels, right }: MatchGroup, live: Uint8Array): void {
    for (let step = 0; step < this.#count; step++) {
      if (live[step] === 0) continue;
      const present = right.filter(({ kinds }) => kinds[step] !== absent);
      if (present.length < 2) continue;
      const side = this.#expr.matching.many === 'right' ? 'left' : 'right';
      const [a, b] = present
        .slice(0, 2)
        .map((series) => labelsText(series.labels))
        .sort();
      throw new QueryError(
        'execution',
        `found duplicate series for the match group ${labelsText(labels)} on the ${side} hand-side of the operation: [${a}, ${b}]` +
          ';many-to-many matching not allowed: matching labels must be unique on one side',
      );
    }
  }

  #resultLabels(many: Labels, one: Labels): Labels {
    const { operator, bool, matching } = this.#expr;
    let labels = bool || changesMetric(operator) ? withoutName(many) : many;
    if (matching.many === undefined) {
      const names = new Set(matching.labels);
      labels = matching.on ? keepLabels(labels, names) : dropLabels(labels, names);
    }
    for (const name of matching.include) labels = setLabel(labels, name, labelOf(one, name));
    return labels;
  }

  #fill(result: VectorSeries, many: VectorSeries, one: VectorSeries, taken: Uint8Array | undefined): void {
    const { operator, bool, matching } = this.#expr;
    const compares = comparisons.has(operator);
    const [left, right] = matching.many === 'right' ? [one, many] : [many, one];
    const trims = trimOperators.has(operator);
    const calculate = arithmetic(operator);
    const holds = comparison(operator);
    for (let step = 0; step < this.#count; step++) {
      if (left.kinds[step] === absent || right.kinds[step] === absent) continue;
      const [a, b] = [left.values[step]!, right.values[step]!];
      if (left.kinds[step] === float && right.kinds[step] === float && !trims) {
        if (taken !== undefined) this.#take(taken, step);
        if (!compares) result.setFloat(step, calculate(a, b));
        else if (bool) result.setFloat(step, holds(a, b) ? 1 : 0);
        else if (holds(a, b)) result.setFloat(step, a);
        continue;
      }
      const [x, y] = [left.kinds[step] === float ? a : left.histograms![step]!, right.kinds[step] === float ? b : right.histograms![step]!];
      const made = histogramOperation(operator, x, y, this.#run.annotations, this.#expr.start);
      if (made === undefined) continue;
      if (taken !== undefined) this.#take(taken, step);
      if (typeof made === 'object') result.setHistogram(step, made);
      else if (bool) result.setFloat(step, made ? 1 : 0);
      else if (made) result.copy(step, left);
    }
  }

  #take(taken: Uint8Array, step: number): void {
    if (taken[step] !== 0) {
      const grouped = this.#expr.matching.many !== undefined;
      const reason = grouped
        ? 'grouping labels must ensure unique matches'
        : 'many-to-one matching must be explicit (group_left/group_right)';
      throw new QueryError('execution', `multiple matches for labels: ${reason}`);
    }
    taken[step] = 1;
  }
}
