import { setOperators, unwrap } from '../ast.ts';
import type { Binary, Call, Expr } from '../ast.ts';
import { callFunction } from '../functions/call-function.ts';
import { withoutName } from '../labels.ts';
import { typeOf } from '../parse/check.ts';
import type { Run, Steps } from '../run.ts';
import { histogram, mergeSeries, VectorSeries } from '../vector.ts';
import { aggregate } from './aggregate.ts';
import { scalarOperation } from './arithmetic.ts';
import { isInvariant } from './invariant.ts';
import { combineSets } from './sets.ts';
import { selectVector } from './select.ts';
import type { Value } from './value.ts';
import { combineVectors } from './vector-binary.ts';
import { combineWithScalar } from './vector-scalar.ts';

/** Evaluates the expressions of one query, each over all its steps at once. */
export class Evaluator {
  readonly run: Run;

  constructor(run: Run) {
    this.run = run;
  }

  /** The series of an expression of type vector. They belong to the caller. */
  async vector(expr: Expr, steps: Steps): Promise<VectorSeries[]> {
    return ((await this.evaluate(expr, steps)) as Value & { readonly type: 'vector' }).series;
  }

  /** The numbers of an expression of type scalar. */
  async scalar(expr: Expr, steps: Steps): Promise<Float64Array> {
    return ((await this.evaluate(expr, steps)) as Value & { readonly type: 'scalar' }).values;
  }

  async evaluate(expr: Expr, steps: Steps): Promise<Value> {
    if (steps.count > 1 && isInvariant(expr)) return spread(await this.evaluate(expr, { ...steps, count: 1 }), steps.count, this.run);
    const { run } = this;
    await run.breathe();
    const before = run.samples;
    const value = await this.#evaluate(expr, steps);
    const kept = value.type === 'vector' ? value.series.reduce((sum, series) => sum + sizeOf(series), 0) : 0;
    run.settle(before, 0);
    run.charge(kept);
    return value;
  }

  async #evaluate(expr: Expr, steps: Steps): Promise<Value> {
    switch (expr.kind) {
      case 'number':
        return { type: 'scalar', values: new Float64Array(steps.count).fill(expr.value) };
      case 'string':
        return { type: 'string', value: expr.value };
      case 'selector':
        return { type: 'vector', series: await selectVector(this.run, expr, steps) };
      case 'paren':
        return this.evaluate(expr.expr, steps);
      case 'unary':
        return expr.operator === '-' ? this.#negate(expr.expr, steps) : this.evaluate(expr.expr, steps);
      case 'binary':
        return this.#binary(expr, steps);
      case 'aggregate':
        return { type: 'vector', series: await aggregate(this, expr, steps) };
      default:
        return callFunction(this, unwrap(expr) as Call, steps);
    }
  }

  async #negate(expr: Expr, steps: Steps): Promise<Value> {
    const value = await this.evaluate(expr, steps);
    if (value.type === 'string') return value;
    if (value.type === 'scalar') return { type: 'scalar', values: value.values.map((number) => -number) };
    const series = value.series.map((one) => {
      const negated = new VectorSeries(withoutName(one.labels), steps.count);
      for (let step = 0; step < steps.count; step++) {
        if (one.kinds[step] === histogram) negated.setHistogram(step, one.histograms![step]!.scale(-1));
        else if (one.kinds[step] !== 0) negated.setFloat(step, -one.values[step]!);
      }
      return negated;
    });
    return { type: 'vector', series: mergeSeries(series, steps.count) };
  }

  async #binary(expr: Binary, steps: Steps): Promise<Value> {
    const { left, right, operator } = expr;
    const [leftType, rightType] = [typeOf(left), typeOf(right)];
    if (leftType === 'scalar' && rightType === 'scalar') {
      const [a, b] = [await this.scalar(left, steps), await this.scalar(right, steps)];
      return { type: 'scalar', values: a.map((value, step) => scalarOperation(operator, value, b[step]!)) };
    }
    if (leftType === 'vector' && rightType === 'vector') {
      const [a, b] = [await this.vector(left, steps), await this.vector(right, steps)];
      const combine = setOperators.has(operator) ? combineSets : combineVectors;
      return { type: 'vector', series: combine(this.run, expr, a, b, steps.count) };
    }
    const vectorFirst = leftType === 'vector';
    const vector = await this.vector(vectorFirst ? left : right, steps);
    const scalar = await this.scalar(vectorFirst ? right : left, steps);
    return { type: 'vector', series: combineWithScalar(this.run, expr, vector, scalar, vectorFirst, steps.count) };
  }
}

/** One step's result at every step. */
function spread(value: Value, count: number, run: Run): Value {
  if (value.type === 'string') return value;
  if (value.type === 'scalar') return { type: 'scalar', values: new Float64Array(count).fill(value.values[0]!) };
  run.charge(value.series.length * (count - 1));
  const series = value.series.map((one) => {
    const wide = new VectorSeries(one.labels, count);
    for (let step = 0; step < count; step++) {
      if (one.kinds[0] === histogram) wide.setHistogram(step, one.histograms![0]!);
      else wide.setFloat(step, one.values[0]!);
    }
    return wide;
  });
  return { type: 'vector', series };
}

function sizeOf({ kinds, histograms }: VectorSeries): number {
  let size = kinds.length;
  histograms?.forEach((one) => (size += (one?.size ?? 1) - 1));
  return size;
}
