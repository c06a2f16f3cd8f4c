import {
  type Batch,
  type Consumed,
  type Consumer,
  type Context,
  type DataPointView,
  type Host,
  isPipelineError,
  lend,
  type LogView,
  type MetricView,
  PipelineError,
  type ResourceView,
  type SpanView,
  type Stage,
  type Visitor,
} from '@millrace/api';
import { TransformContext } from '@millrace/ottl';
import { BatchBuilder, type BufferPool, type VisitorTraits, type Walk, walk } from '@millrace/wire';
import type { SumConfig } from './config.ts';
import { Summer } from './summer.ts';
import { definitionsOf } from './definition.ts';

const notRunning = new PipelineError('sum is not running', { kind: 'retryable' });

/** Sums attributes of what is in every batch and passes the sums on, before it takes responsibility for the batch. */
export class SumConnector implements Stage {
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #visitor: Summing;
  readonly #walk: Walk;
  #pool: BufferPool | undefined;

  constructor(config: SumConfig, next: Consumer, context: Context) {
    this.#next = next;
    this.#context = context;
    this.#visitor = new Summing(config, () => BigInt(context.clock.now()) * 1_000_000n);
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
    } catch (error) {
      // As in the Collector, where a condition that fails gives the whole request back.
      throw isPipelineError(error) ? error : new PipelineError((error as Error).message, { kind: 'retryable', cause: error });
    }
    const { items } = this.#context;
    const sums = builder.finish();
    if (sums === undefined) {
      items.absorb(batch.items);
      return undefined;
    }
    const points = sums.items;
    const consumed = lend(this.#next, sums);
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

/** Sums within each resource and puts the points into a builder. */
class Summing implements Visitor {
  readonly traits: VisitorTraits = { refuses: true };
  readonly #now: () => bigint;
  readonly #shown = new TransformContext();
  readonly #spans: Summer;
  readonly #events: Summer;
  readonly #points: Summer;
  readonly #logs: Summer;
  #builder!: BatchBuilder;

  constructor(config: SumConfig, now: () => bigint) {
    this.#now = now;
    this.#spans = new Summer(definitionsOf(config, 'spans', now));
    this.#events = new Summer(definitionsOf(config, 'spanevents', now));
    this.#points = new Summer(definitionsOf(config, 'datapoints', now));
    this.#logs = new Summer(definitionsOf(config, 'logs', now));
  }

  /** Begins a batch; what an earlier one that failed left is forgotten. */
  begin(builder: BatchBuilder): void {
    this.#builder = builder;
    for (const summer of this.#all()) summer.flush(undefined, 0n);
  }

  #all(): readonly Summer[] {
    return [this.#spans, this.#events, this.#points, this.#logs];
  }

  onSpan(span: SpanView): void {
    this.#spans.add(this.#shown.onSpan(span), span.attributes);
    const { events } = span;
    for (let i = 0; i < events.size; i++) {
      const event = events.at(i);
      this.#events.add(this.#shown.onSpanEvent(span, event, i), event.attributes);
    }
  }

  onMetric(metric: MetricView): void {
    // However often it is offered, it stays what it is.
    if (metric.type === 'empty')
      throw new PipelineError(`metric ${JSON.stringify(metric.name)}: invalid metric type: Empty`, { kind: 'permanent' });
  }

  onDataPoint(point: DataPointView): void {
    this.#points.add(this.#shown.onDataPoint(point), point.attributes);
  }

  onLog(log: LogView): void {
    this.#logs.add(this.#shown.onLog(log), log.attributes);
  }

  onResourceEnd({ attributes }: ResourceView): void {
    const summers = this.#all();
    const scope = summers.some(({ hasSums }) => hasSums) ? this.#builder.resource(attributes.toPlain()).scope() : undefined;
    for (const summer of summers) summer.flush(scope, this.#now());
  }
}
