import type { VectorSeries } from '../vector.ts';

/** A number for each step. */
export interface ScalarValue {
  readonly type: 'scalar';
  readonly values: Float64Array;
}

export interface VectorValue {
  readonly type: 'vector';
  readonly series: VectorSeries[];
}

export interface StringValue {
  readonly type: 'string';
  readonly value: string;
}

/** What an expression gives over all steps. */
export type Value = ScalarValue | VectorValue | StringValue;
