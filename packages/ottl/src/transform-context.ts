import type { DataPointView, EventView, LogView, MetricView, ResourceView, ScopeView, SpanView } from '@millrace/wire';
import type { Value } from './value.ts';

/**
 * What statements and conditions work on at the moment: one reused object per visitor, told by `onSpan` and its like what the hook was given.
 * Functions pass it on to getters and targets; only functions of one context (`IsRootSpan`) look into it.
 */
export class TransformContext {
  resource!: ResourceView;
  scope!: ScopeView;
  span!: SpanView;
  event!: EventView;
  /** Place of `event` in its span. */
  eventIndex = 0;
  log!: LogView;
  metric!: MetricView;
  point!: DataPointView;
  /** The `cache` of this item; emptied when the next item is shown. */
  readonly cache: Map<string, Value> = new Map();

  onResource(resource: ResourceView): this {
    this.resource = resource;
    return this.#next();
  }

  onScope(scope: ScopeView): this {
    this.scope = scope;
    this.resource = scope.resource;
    return this.#next();
  }

  onSpan(span: SpanView): this {
    this.span = span;
    this.scope = span.scope;
    this.resource = span.resource;
    return this.#next();
  }

  onSpanEvent(span: SpanView, event: EventView, index: number): this {
    this.span = span;
    this.scope = span.scope;
    this.resource = span.resource;
    this.event = event;
    this.eventIndex = index;
    return this.#next();
  }

  onLog(log: LogView): this {
    this.log = log;
    this.scope = log.scope;
    this.resource = log.resource;
    return this.#next();
  }

  onMetric(metric: MetricView): this {
    this.metric = metric;
    this.scope = metric.scope;
    this.resource = metric.resource;
    return this.#next();
  }

  onDataPoint(point: DataPointView): this {
    this.point = point;
    this.metric = point.metric;
    this.scope = point.scope;
    this.resource = point.resource;
    return this.#next();
  }

  #next(): this {
    if (this.cache.size > 0) this.cache.clear();
    return this;
  }
}
