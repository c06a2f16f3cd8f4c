import type { Annotations } from '../annotations.ts';
import { unwrap } from '../ast.ts';
import type { Call } from '../ast.ts';
import { labelOf, nameLabel } from '../labels.ts';
import type { VectorSeries } from '../vector.ts';
import type { Window } from './window.ts';

/** What a range function knows besides the window. */
export interface RangeCall {
  readonly call: Call;
  readonly annotations: Annotations;
  /** The scalar arguments in their order, by step. */
  readonly scalars: readonly Float64Array[];
}

/** Computes one step of the series in the window, which is not empty there, and may leave it without a sample. */
export type StepFunction = (out: VectorSeries, step: number) => void;

/** Begins a series: what it returns is called for each step in turn and may keep what slides. */
export type RangeFunction = (window: Window, call: RangeCall) => StepFunction;

/** Where the argument stands that annotations are about; of subqueries Prometheus tells no place. */
export function firstArgument({ call }: RangeCall): number {
  const arg = unwrap(call.args[0]!);
  return arg.kind === 'subquery' ? 0 : arg.start;
}

function quotedName(window: Window): string {
  return JSON.stringify(labelOf(window.labels, nameLabel));
}

/** Says that a window has numbers and histograms, which do not go together. */
export function warnMixed(window: Window, call: RangeCall): void {
  call.annotations.warn(`encountered a mix of histograms and floats for metric name ${quotedName(window)}`, firstArgument(call));
}

/** Says that the histograms of a window were left out. */
export function infoIgnored(window: Window, call: RangeCall): void {
  const message = `ignored histograms in a range containing both floats and histograms for metric name ${quotedName(window)}`;
  call.annotations.info(message, firstArgument(call));
}

/** Says that custom bounds and exponential ones do not go together. */
export function warnSchemas(window: Window, call: RangeCall): void {
  const message = `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quotedName(window)}`;
  call.annotations.warn(message, firstArgument(call));
}

/** Says that a gauge is used as a counter, or a counter as a gauge. */
export function warnNot(kind: 'counter' | 'gauge', window: Window, call: RangeCall): void {
  call.annotations.warn(`this native histogram metric is not a ${kind}: ${quotedName(window)}`, firstArgument(call));
}

/** Says that different custom bounds were replaced by common ones. */
export function infoBounds(operation: 'addition' | 'subtraction' | 'aggregation', call: RangeCall): void {
  call.annotations.info(`mismatched custom buckets were reconciled during ${operation}`, firstArgument(call));
}
