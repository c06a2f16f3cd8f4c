import {
  type AttributesView,
  type Batch,
  type Consumed,
  type Consumer,
  type Context,
  type DataPointView,
  type Host,
  isPipelineError,
  lend,
  type LogView,
  type MetricEdit,
  PipelineError,
  type ResourceView,
  type SpanView,
  type Stage,
  type Visitor,
} from '@millrace/api';
import { TransformContext } from '@millrace/ottl';
import { BatchBuilder, type BufferPool, type PlainAttributes, type VisitorTraits, type Walk, walk } from '@millrace/wire';
import type { CountConfig } from './config.ts';
import { Counter } from './counter.ts';
import { definitionsOf } from './definition.ts';

const scopeName = 'github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector';
const notRunning = new PipelineError('count is not running', { kind: 'retryable' });

/** Counts what is in every batch and passes the counts on, before it takes responsibility for the batch. */
export class CountConnector implements Stage {
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #visitor: Counting;
  readonly #walk: Walk;
  #pool: BufferPool | undefined;

  constructor(config: CountConfig, next: Consumer, context: Context) {
    this.#next = next;
    this.#context = context;
    this.#visitor = new Counting(config, () => BigInt(context.clock.now()) * 1_000_000n);
    this.#walk = walk([this.#visitor], () => undefined);
  }

  start({ pool }: Host): void {
    this.#pool = pool;
  }

  consume(batch: Batch): Consumed {
    if (this.#pool === undefined) throw notRunning;
    using builder = new BatchBuilder('metrics', this.#pool);
    this.#visitor.begin(builder);
    try {
      this.#walk.run(batch);
      this.#visitor.finish();
    } catch (error) {
      // As in the Collector, where a condition that fails gives the whole request back.
      throw isPipelineError(error) ? error : new PipelineError((error as Error).message, { kind: 'retryable', cause: error });
    }
    const { items } = this.#context;
    const counts = builder.finish();
    if (counts === undefined) {
      items.absorb(batch.items);
      return undefined;
    }
    const points = counts.items;
    const consumed = lend(this.#next, counts);
    const settle = (): void => {
      items.absorb(batch.items);
      items.create(points);
    };
    if (consumed !== undefined) return consumed.then(settle);
    settle();
    return undefined;
  }

  shutdown(): void {
    this.#pool = undefined;
  }
}

/** Counts within each resource and puts the points into a builder. */
class Counting implements Visitor {
  readonly traits: VisitorTraits = { refuses: true };
  readonly #now: () => bigint;
  readonly #shown = new TransformContext();
  readonly #spans: Counter;
  readonly #events: Counter;
  readonly #metrics: Counter;
  readonly #points: Counter;
  readonly #logs: Counter;
  readonly #lists: AttributesView[] = [];
  readonly #upperLists: AttributesView[] = [];
  #builder!: BatchBuilder;
  /** The attributes of the resource whose metric has no points. */
  #emptyResource: PlainAttributes = {};

  constructor(config: CountConfig, now: () => bigint) {
    this.#now = now;
    this.#spans = new Counter(definitionsOf(config, 'spans', now));
    this.#events = new Counter(definitionsOf(config, 'spanevents', now));
    this.#metrics = new Counter(definitionsOf(config, 'metrics', now));
    this.#points = new Counter(definitionsOf(config, 'datapoints', now));
    this.#logs = new Counter(definitionsOf(config, 'logs', now));
  }

  /** Begins a batch; what an earlier one that failed left is forgotten. */
  begin(builder: BatchBuilder): void {
    this.#builder = builder;
    for (const counter of this.#all()) counter.flush(undefined, 0n);
  }

  #all(): readonly Counter[] {
    return [this.#spans, this.#events, this.#metrics, this.#points, this.#logs];
  }

  onSpan(span: SpanView): void {
    this.#spans.note(span.startTimeUnixNano);
    this.#spans.note(span.endTimeUnixNano);
    this.#spans.add(this.#shown.onSpan(span), this.#listsOf(span.attributes, span));
    const { events } = span;
    for (let i = 0; i < events.size; i++) {
      const event = events.at(i);
      this.#events.note(event.timeUnixNano);
      this.#events.add(this.#shown.onSpanEvent(span, event, i), this.#listsOf(event.attributes, span));
    }
  }

  onMetric(metric: MetricEdit): void {
    this.#upperLists[0] = metric.scope.attributes;
    this.#upperLists[1] = metric.resource.attributes;
    this.#metrics.add(this.#shown.onMetric(metric), this.#upperLists);
    if (metric.size === 0) this.#emptyResource = metric.resource.attributes.toPlain();
    // However often it is offered, it stays what it is.
    if (metric.type === 'empty')
      throw new PipelineError(`metric ${JSON.stringify(metric.name)}: invalid metric type: Empty`, { kind: 'permanent' });
  }

  onDataPoint(point: DataPointView): void {
    this.#points.note(point.timeUnixNano);
    this.#points.add(this.#shown.onDataPoint(point), this.#listsOf(point.attributes, point));
  }

  onLog(log: LogView): void {
    this.#logs.note(log.timeUnixNano);
    this.#logs.add(this.#shown.onLog(log), this.#listsOf(log.attributes, log));
  }

  #listsOf(attributes: AttributesView, { scope, resource }: SpanView | DataPointView | LogView): readonly AttributesView[] {
    this.#lists[0] = attributes;
    this.#lists[1] = scope.attributes;
    this.#lists[2] = resource.attributes;
    return this.#lists;
  }

  onResource(): void {
    this.finish();
  }

  onResourceEnd({ attributes }: ResourceView): void {
    this.#close(attributes.toPlain());
  }

  /** Closes a resource without items, which has no end of its own. */
  finish(): void {
    this.#close(this.#emptyResource);
  }

  #close(attributes: PlainAttributes): void {
    const counters = this.#all();
    const scope = counters.some(({ hasCounts }) => hasCounts) ? this.#builder.resource(attributes).scope(scopeName) : undefined;
    for (const counter of counters) counter.flush(scope, this.#now());
  }
}
