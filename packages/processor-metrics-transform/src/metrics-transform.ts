import { key, keySet, lend } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, PipelineError, Stage, Verdict, Visitor } from '@millrace/api';
import { merge, walk } from '@millrace/wire';
import type { KeySet, MetricEdit, MetricView, ResourceEdit, Walk } from '@millrace/wire';
import type { MetricsTransformConfig } from './config.ts';
import type { MetricFilter } from './metric-filter.ts';
import { PointCounts } from './point-counts.ts';
import { ScopeMetric } from './scope-metric.ts';
import { ScopeMetrics } from './scope-metrics.ts';
import { Transform } from './transform.ts';

/** Metrics that cannot be combined are logged at most this often. */
const quietMs = 60_000;

/** What becomes of the metrics of one scope. */
interface ScopePlan {
  /** Metrics that are taken out; what replaces them stands in the place of the last. */
  readonly taken: number;
  readonly metrics: readonly Uint8Array[];
  /** Those that a transform of action `group` took. */
  readonly grouped: ReadonlyMap<Transform, readonly Uint8Array[]>;
}

/** Runs the transforms over every batch. A first walk finds the metrics they are about, further ones write what they make of them. */
export class MetricsTransform implements Stage {
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #transforms: readonly Transform[];
  /** Names that transforms include, and expressions for others. */
  readonly #literals: KeySet;
  readonly #patterns: readonly MetricFilter[];
  readonly #finder: Walk;
  readonly #writer: Walk;
  readonly #groupers: readonly Walk[];
  /** By the place of the scope in the batch. */
  #plans: (ScopePlan | undefined)[] = [];
  #counts = new PointCounts();
  #quietUntil = -Infinity;

  constructor({ transforms }: MetricsTransformConfig, next: Consumer, context: Context) {
    this.#next = next;
    this.#context = context;
    this.#transforms = transforms.map((transform) => new Transform(transform, context.program.version));
    const filters = this.#transforms.map(({ filter }) => filter);
    this.#literals = keySet(filters.flatMap(({ literal }) => literal ?? []));
    this.#patterns = filters.filter(({ literal }) => literal === undefined);
    const report = (_: number, error: unknown): void => this.#failed(error);
    this.#finder = walk([this.#find()], report);
    this.#writer = walk([this.#write()], report);
    this.#groupers = this.#transforms
      .filter(({ config }) => config.action === 'group')
      .map((transform) => walk([this.#writeGroup(transform)], report));
  }

  consume(batch: Batch): Consumed {
    this.#plans = [];
    this.#counts = new PointCounts();
    this.#finder.run(batch);
    const counts = this.#counts;
    if (this.#plans.every((plan) => plan === undefined)) return this.#next.consume(batch);
    const result = this.#result(batch);
    this.#plans = [];
    const dropped = Object.entries(counts.dropped);
    const absorbed = dropped.reduce((rest, [, points]) => rest - points, batch.items + counts.created - (result?.items ?? 0));
    const book = (): void => {
      const { items } = this.#context;
      if (counts.created > 0) items.create(counts.created);
      for (const [reason, points] of dropped) items.drop(points, reason);
      if (absorbed > 0) items.absorb(absorbed);
    };
    const consumed = result === undefined ? undefined : lend(this.#next, result);
    if (consumed !== undefined) return consumed.then(book);
    book();
    return undefined;
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }

  /** What the plans make of the batch: a batch of the caller's, undefined when nothing is left. */
  #result(batch: Batch): Batch | undefined {
    const parts: Batch[] = [];
    try {
      for (const one of [this.#writer, ...this.#groupers]) {
        const part = one.run(batch);
        if (part !== undefined) parts.push(part === batch ? batch.hold() : part);
      }
      return parts.length === 0 ? undefined : merge(parts, batch.client);
    } finally {
      for (const part of parts) part.release();
    }
  }

  /** Collects the metrics of each scope that have a name which a transform includes, and plans. Others are not even decoded. */
  #find(): Visitor {
    let found: ScopeMetric[] = [];
    const plan = (): void => {
      if (found.length > 0) this.#plans[this.#plans.length - 1] = this.#planOf(found);
      found = [];
    };
    return {
      onScope: () => {
        plan();
        this.#plans.push(undefined);
      },
      onMetric: (metric: MetricEdit): Verdict => {
        if (this.#isIncluded(metric)) found.push(new ScopeMetric(metric.message(), metric.name));
        return 'skip';
      },
      onBatchEnd: plan,
    };
  }

  #isIncluded(metric: MetricView): boolean {
    return metric.nameIn(this.#literals) || (this.#patterns.length > 0 && this.#patterns.some((filter) => filter.hasName(metric.name)));
  }

  #planOf(found: readonly ScopeMetric[]): ScopePlan | undefined {
    try {
      const result = new ScopeMetrics(found, (why) => this.#warn(why));
      for (const transform of this.#transforms) result.run(transform);
      if (!result.isChanged) return undefined;
      // Here, so that a metric that cannot be encoded leaves the scope as it was.
      const plan = { taken: found.length, metrics: result.encoded(), grouped: result.grouped() };
      this.#counts.add(result.counts);
      return plan;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** Takes the planned metrics out of the batch and puts what they became in the place of the last one. */
  #write(): Visitor {
    return this.#replacing(({ metrics }) => metrics, 'skip');
  }

  /** Leaves nothing but the metrics that a transform grouped, under resources with its labels. */
  #writeGroup(transform: Transform): Visitor {
    const labels = Object.entries(transform.config.group_resource_labels!).map(([name, value]) => [key(name), value] as const);
    return {
      ...this.#replacing(({ grouped }) => grouped.get(transform) ?? [], 'drop'),
      onResource({ attributes }: ResourceEdit) {
        for (const [name, value] of labels) attributes.setString(name, value);
      },
    };
  }

  /** `others`: what becomes of metrics without a plan. */
  #replacing(metricsOf: (plan: ScopePlan) => readonly Uint8Array[], others: Verdict): Visitor {
    let scope = -1;
    let taken = 0;
    return {
      traits: { editsUpward: true },
      onScope() {
        scope++;
        taken = 0;
      },
      onMetric: (metric: MetricEdit): Verdict => {
        const plan = this.#plans[scope];
        if (plan === undefined || !this.#isIncluded(metric)) return others;
        if (++taken === plan.taken) for (const bytes of metricsOf(plan)) metric.append(bytes);
        return 'drop';
      },
      onBatchEnd() {
        scope = -1;
      },
    };
  }

  #warn(why: string): void {
    const now = this.#context.clock.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + quietMs;
    this.#context.logger.warn('Metrics cannot be combined; they are left as they are.', { error: why });
  }

  #failed(error: unknown): void {
    this.#context.logger.error('Transforming metrics failed; they are kept as they were.', { error: String(error) });
  }
}
