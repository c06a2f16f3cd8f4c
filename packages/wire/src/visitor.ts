import type { DataPointView, LogView, MetricEdit, MetricView, Plain, ResourceEdit, ResourceView, ScopeEdit, SpanView } from './views.ts';
import type { Key } from './key.ts';
import type { ByteWriter } from './walk/byte-writer.ts';

/** What a hook says: nothing keeps the thing, `drop` removes it, `skip` (resource, scope, metric only) keeps it but shows this visitor nothing below it. */
export type Verdict = void | 'drop' | 'skip';

/** Properties of a visitor that end a fusion group (architecture: "one walk for many processors"). */
export interface VisitorTraits {
  /**
   * Item hooks edit the resource, scope or metric of their item (the views are `ResourceEdit`, `ScopeEdit` and `MetricEdit` then); later
   * items see it. The visitor must be alone in its walk, since the one after it would have to see the last edit at the first item.
   */
  readonly editsUpward?: true;
  /** Container hooks read items below. The visitor must be the first in its walk, since those before it might still change the items. */
  readonly readsAhead?: true;
  /** A throw refuses the whole batch instead of keeping the item. */
  readonly refuses?: true;
}

/** Writes new data points at the end of the metric that is being left; later visitors of the walk see them. */
export interface PointWriter {
  begin(): void;
  attribute(key: Key, value: Plain): void;
  time(startUnixNano: bigint, endUnixNano: bigint): void;
  int(value: bigint): void;
  double(value: number): void;
  histogram(value: { count: bigint; sum: number; counts: BigUint64Array; bounds: Float64Array }): void;
  end(): void;
  /** Adds a whole point as its bytes, all that the writer holds: a well-formed point of the metric's type. In place of `begin` to `end`. */
  point(bytes: ByteWriter): void;
}

/**
 * A processor that works item by item. Hooks are synchronous; an absent hook costs nothing; a view is valid inside its call only.
 * State across items lives in the visitor. Many visitors run in one walk whose result equals running them one after the other.
 * A throw undoes this visitor's edits of that item, is reported, and keeps the item.
 *
 * Container hooks run when the first item below has come as far as the visitor (or the container is found to be empty), so a container that
 * lost all its items before is never heard of. The `End` hooks run only where at least one item reached the visitor and it did not skip.
 */
export interface Visitor {
  readonly traits?: VisitorTraits;
  onResource?(resource: ResourceEdit): Verdict;
  onScope?(scope: ScopeEdit): Verdict;
  onMetric?(metric: MetricEdit): Verdict;
  onSpan?(span: SpanView): Verdict;
  onLog?(log: LogView): Verdict;
  onDataPoint?(point: DataPointView): Verdict;
  onMetricEnd?(metric: MetricView, append: PointWriter): void;
  /** After the last item of a resource; `reached` items came as far as this visitor. */
  onResourceEnd?(resource: ResourceView, reached: number): void;
  /** After the last resource; `reached` items came as far as this visitor, which dropped `dropped` of them (also by dropping what they were in). */
  onBatchEnd?(reached: number, dropped: number): void;
}
