import { matchesAny } from '@millrace/timeseries';
import type { Definition, InstrumentKind } from './definition.ts';

/** How instruments are exposed: OpenTelemetry's views. Every view that matches an instrument makes a metric of it; without any it is one as it is. */
export interface View {
  /** The instrument's name, in any case; `*` stands for any text. Default all. */
  readonly instrument?: string;
  readonly kind?: InstrumentKind;
  readonly unit?: string;
  /** Nothing is kept of it. */
  readonly drop?: boolean;
  /** Another name; only where `instrument` has no `*`. */
  readonly name?: string;
  readonly description?: string;
  /** The only labels that are kept; series that differ in others become one. */
  readonly labels?: readonly string[];
  /** Labels that are not kept. */
  readonly withoutLabels?: readonly string[];
  /** Of histograms. */
  readonly boundaries?: readonly number[];
  /** Of histograms: whether buckets fit themselves to the values. */
  readonly exponential?: true;
  /** Series at most. Default the registry's. */
  readonly limit?: number;
}

/** Whether a view is meant for an instrument. */
export function matches(view: View, { name, kind, unit }: Definition): boolean {
  return (
    (view.instrument === undefined || matchesAny(name.toLowerCase(), [view.instrument.toLowerCase()])) &&
    (view.kind === undefined || view.kind === kind) &&
    (view.unit === undefined || view.unit === unit)
  );
}

/** Throws an Error for a view that cannot be. */
export function checkView(view: View): void {
  if (view.name !== undefined && (view.instrument === undefined || view.instrument.includes('*'))) {
    throw new Error(`a view that renames to ${JSON.stringify(view.name)} must name one instrument, without "*"`);
  }
  if (view.labels !== undefined && view.withoutLabels !== undefined) throw new Error('a view has labels or withoutLabels, not both');
  if (view.limit !== undefined && !(view.limit >= 2)) throw new Error(`the limit of a view must be at least 2, but is ${view.limit}`);
}

/** The labels that a view keeps of an instrument's. */
export function keptLabels(view: View, labels: readonly string[]): readonly string[] {
  if (view.labels !== undefined) return labels.filter((label) => view.labels!.includes(label));
  return labels.filter((label) => view.withoutLabels?.includes(label) !== true);
}
