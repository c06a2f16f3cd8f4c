import { key } from '@millrace/api';
import type { Batch, Consumer, Context, Host, Key, MemoryLedger, ResourceView, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { PriceList } from '@millrace/genai';
import { EventClock } from '@millrace/instruments';
import type { LabelValue } from '@millrace/instruments';
import { Outbox } from '@millrace/trace-buffer';
import { merge, noClient } from '@millrace/wire';
import type { BufferPool, MemoryAccount } from '@millrace/wire';
import type { GenaiMetricsConfig } from './config.ts';
import { GenaiVisitor } from './genai-visitor.ts';
import { ItemLabels, labelValue } from './item-labels.ts';
import { ResourceMetrics } from './resource-metrics.ts';
import type { ResourceOptions } from './resource-metrics.ts';

/** While so many reports wait for a pipeline that refuses them, no further one is made: what it would say goes with a later one. */
const maxWaiting = 3;
/** Unchanged metrics are reported again after this, so that who forgets what is silent keeps them. */
const repeatMs = 60_000;
const overflowId = 'overflow';

/** The metrics of one connector id, whose stages for traces and for logs count into the same series. */
export class GenaiMetrics {
  readonly visitor: GenaiVisitor;
  readonly #config: GenaiMetricsConfig;
  readonly #context: Context;
  readonly #outbox: Outbox;
  readonly #resourceKeys: readonly Key[];
  readonly #resourceOptions: ResourceOptions;
  readonly #eventClock: EventClock;
  readonly #resources = new Map<string, ResourceMetrics>();
  readonly #waitMs: number;
  readonly #isDelta: boolean;
  #pool: BufferPool | undefined;
  #memory: MemoryLedger | undefined;
  #account: MemoryAccount | undefined;
  #timer: Timer | undefined;
  #consumedMs = 0;
  #isUnsettled = false;

  constructor(config: GenaiMetricsConfig, next: Consumer, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#outbox = new Outbox(next, context);
    this.#resourceKeys = config.resource_attributes.map((name) => key(name));
    this.#waitMs = durationMs(config.wait);
    this.#isDelta = config.aggregation_temporality === 'AGGREGATION_TEMPORALITY_DELTA';
    this.#eventClock = new EventClock(() => context.clock.now());
    const labels = new ItemLabels(config);
    this.#resourceOptions = {
      extraLabels: labels.names,
      limit: config.aggregation_cardinality_limit,
      expireAfterMs: durationMs(config.series_expiration),
      exponential: config.histogram === 'exponential',
      isDelta: this.#isDelta,
      scope: { name: 'genaimetrics', version: context.program.version },
      now: () => context.clock.now(),
      naming: { hasLatest: config.emit === 'latest' || config.emit === 'both', has137: config.emit === '1.37' || config.emit === 'both' },
      rateWindowMs: durationMs(config.rate_window),
      eventClock: this.#eventClock,
    };
    this.visitor = new GenaiVisitor({
      labels,
      waitMs: this.#waitMs,
      eventClock: this.#eventClock,
      resourceOf: (resource) => this.#resourceOf(resource),
    });
  }

  async start(host: Host): Promise<void> {
    this.#pool = host.pool;
    this.#memory = host.memory;
    this.#account = host.memory.account();
    const { prices } = this.#config;
    if (prices !== undefined) {
      const { logger } = this.#context;
      const onReload = (error: Error | undefined): void => {
        if (error === undefined) logger.info('Prices were read again.');
        else logger.error('Prices cannot be read, those known before are kept.', { error });
      };
      this.visitor.prices = await PriceList.load({ ...prices, onReload });
    }
    this.#schedule();
  }

  /** A batch is about to be visited. */
  begin(): void {
    this.#consumedMs = this.#context.clock.now();
    this.#isUnsettled = true;
    this.visitor.begin(this.#consumedMs);
  }

  /** Reports what is left and waits until it is taken. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.visitor.agents.settle();
    this.#flush(true);
    this.visitor.prices?.close();
    this.#account?.set(0);
    await this.#outbox.drain(signal);
  }

  #resourceOf({ attributes }: ResourceView): ResourceMetrics {
    const values = this.#resourceKeys.map((name) => labelValue(attributes, name));
    let id = JSON.stringify(values);
    let resource = this.#resources.get(id);
    if (resource === undefined) {
      const isFull = this.#resources.size >= this.#config.resource_limit || this.#isOverBudget();
      const known: [string, LabelValue][] = [];
      this.#config.resource_attributes.forEach((name, index) => {
        const value = values[index];
        if (value !== undefined) known.push([name, value]);
      });
      if (isFull) id = overflowId;
      resource =
        this.#resources.get(id) ??
        new ResourceMetrics(isFull ? { 'otel.metric.overflow': true } : Object.fromEntries(known), this.#resourceOptions);
      this.#resources.set(id, resource);
    }
    resource.isPending = true;
    return resource;
  }

  #isOverBudget(): boolean {
    return this.#memory !== undefined && this.#sizeBytes > this.#memory.budget / 2;
  }

  get #sizeBytes(): number {
    let bytes = this.visitor.agents.sizeBytes;
    for (const resource of this.#resources.values()) bytes += resource.sizeBytes;
    return bytes;
  }

  #schedule(): void {
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#schedule();
      this.#flush(false);
    }, durationMs(this.#config.flush_interval));
  }

  #flush(isLast: boolean): void {
    const nowMs = this.#context.clock.now();
    if (this.#isUnsettled && nowMs - this.#consumedMs >= this.#waitMs) {
      // Nothing comes that could move event time on.
      this.visitor.agents.settle();
      this.#isUnsettled = false;
    }
    if (this.#pool === undefined || (!isLast && this.#outbox.size >= maxWaiting)) return;
    const batches: Batch[] = [];
    try {
      for (const resource of this.#resources.values()) {
        if (!resource.isPending && (this.#isDelta || nowMs - resource.reportedMs < repeatMs || isLast)) continue;
        resource.isPending = false;
        resource.reportedMs = nowMs;
        const batch = resource.metrics.reader.batch(this.#pool);
        if (batch !== undefined) batches.push(batch);
      }
      if (batches.length > 0) this.#send(merge(batches, noClient));
    } finally {
      for (const batch of batches) batch.release();
    }
    this.#account?.set(this.#sizeBytes);
  }

  #send(report: Batch): void {
    this.#context.items.create(report.items);
    this.#context.items.hold(report.items);
    this.#outbox.send(report);
  }
}
