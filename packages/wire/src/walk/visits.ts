import type { Signal } from '../signal.ts';
import type { Verdict, Visitor } from '../visitor.ts';
import type { Context } from './context.ts';
import { DataPoint } from './data-point.ts';
import type { HeaderVersion } from './header.ts';
import type { Item } from './item.ts';
import { Level } from './level.ts';
import { Log } from './log.ts';
import { Metric } from './metric.ts';
import { AppendedPoints } from './point-writer.ts';
import { Resource } from './resource.ts';
import { Scope } from './scope.ts';
import { Span } from './span.ts';

/** Numbers of a visitor in the counters. */
const countersPerVisitor = 3;

function hooksOf(visitors: readonly Visitor[], name: keyof Visitor): number {
  let bits = 0;
  for (let i = 0; i < visitors.length; i++) if (visitors[i][name] !== undefined) bits |= 1 << i;
  return bits;
}

/**
 * The visitors of a walk and how far each item comes among them. Sets of visitors are the bits of an integer. Hooks of resources, scopes and
 * metrics run when the first item below reaches their visitor.
 */
export class Visits {
  readonly counters: Float64Array;
  readonly resource: Level<Resource>;
  readonly scope: Level<Scope>;
  readonly metric: Level<Metric>;
  /** The view of the signal's items. It shows the current item when `isBound`. */
  item: Item;
  isBound = false;
  /** Items of this run. */
  items = 0;
  readonly #visitors: readonly Visitor[];
  readonly #report: (visitor: number, error: unknown) => void;
  readonly #context: Context;
  readonly #isLate: boolean;
  readonly #span: Span;
  readonly #log: Log;
  readonly #point: DataPoint;
  readonly #appended: AppendedPoints;
  readonly #itemHooks: Readonly<Record<Exclude<Signal, 'profiles'>, number>>;
  readonly #metricEndHooks: number;
  #isMetrics = false;
  /** Visitors with a hook for the items of this run, and those that want the items of the current scope (metric). */
  #hooked = 0;
  #wanting = 0;
  /** Visitors below have seen what the current items are in. */
  #entered = 0;
  /** The visitor that dropped what the current items are in; the number of visitors when none did. */
  #limit = 0;
  /** Scratch below is needed for longer than the current item. */
  #scratchMark = 0;
  /** By visitor, in this run; and as they were when the resource and the metric began. */
  readonly #dropped: Float64Array;
  readonly #created: Float64Array;
  readonly #resourceStart: { items: number; readonly dropped: Float64Array; readonly created: Float64Array };
  readonly #metricStart: { items: number; readonly dropped: Float64Array };

  /** `isLate`: the only visitor edits resource, scope and metric from the hooks of items. */
  constructor(visitors: readonly Visitor[], report: (visitor: number, error: unknown) => void, context: Context, isLate: boolean) {
    const count = visitors.length;
    const hooks = (name: keyof Visitor): number => hooksOf(visitors, name);
    this.#visitors = visitors;
    this.#report = report;
    this.#context = context;
    this.#isLate = isLate;
    this.counters = new Float64Array(count * countersPerVisitor);
    this.#dropped = new Float64Array(count);
    this.#created = new Float64Array(count);
    this.#resourceStart = { items: 0, dropped: new Float64Array(count), created: new Float64Array(count) };
    this.#metricStart = { items: 0, dropped: new Float64Array(count) };
    this.resource = new Level<Resource>(
      () => new Resource(context),
      context.resources,
      hooks('onResource'),
      (visitor, resource) => visitor.onResource?.(resource),
      isLate,
    );
    this.scope = new Level<Scope>(
      () => new Scope(context),
      context.scopes,
      hooks('onScope'),
      (visitor, scope) => visitor.onScope?.(scope),
      isLate,
    );
    this.metric = new Level<Metric>(
      () => {
        const metric = new Metric(context);
        metric.isLate = isLate;
        return metric;
      },
      context.metrics,
      hooks('onMetric'),
      (visitor, metric) => visitor.onMetric?.(metric),
      isLate,
    );
    this.#span = new Span(context);
    this.#log = new Log(context);
    this.#point = new DataPoint(context);
    this.item = this.#span;
    this.#appended = new AppendedPoints(context);
    this.#itemHooks = { traces: hooks('onSpan'), metrics: hooks('onDataPoint'), logs: hooks('onLog') };
    this.#metricEndHooks = hooks('onMetricEnd');
  }

  startBatch(signal: Exclude<Signal, 'profiles'>): void {
    this.#isMetrics = signal === 'metrics';
    this.item = signal === 'traces' ? this.#span : signal === 'logs' ? this.#log : this.#point;
    this.#hooked = this.#itemHooks[signal];
    this.items = 0;
    this.#dropped.fill(0);
    this.#created.fill(0);
  }

  /** Ends the batch for every visitor, adds to the counters, and returns the number of items that are left. */
  endBatch(): number {
    const { counters } = this;
    let reached = this.items;
    for (let i = 0; i < this.#visitors.length; i++) {
      counters[i * countersPerVisitor] += reached;
      counters[i * countersPerVisitor + 1] += this.#dropped[i];
      counters[i * countersPerVisitor + 2] += this.#created[i];
      if (reached > 0 && this.#visitors[i].onBatchEnd !== undefined) {
        try {
          this.#visitors[i].onBatchEnd?.(reached, this.#dropped[i]);
        } catch (error) {
          this.#fail(i, error);
        }
      }
      reached += this.#created[i] - this.#dropped[i];
    }
    return reached;
  }

  /** Counts items of a batch that is passed on unseen. */
  pass(items: number): void {
    for (let i = 0; i < this.counters.length; i += countersPerVisitor) this.counters[i] += items;
  }

  startResource(start: number, end: number): void {
    this.#context.memory.scratch.position = this.#scratchMark = 0;
    this.resource.start(start, end, this.#visitors.length);
    this.#resourceStart.items = this.items;
    this.#resourceStart.dropped.set(this.#dropped);
    this.#resourceStart.created.set(this.#created);
  }

  endResource(): void {
    const { resource } = this;
    const start = this.#resourceStart;
    let reached = this.items - start.items;
    for (let i = 0; i < resource.droppedBy && reached > 0; i++) {
      const visitor = this.#visitors[i];
      if (visitor.onResourceEnd !== undefined && (resource.skips & (1 << i)) === 0) {
        this.#context.visitor = i;
        try {
          visitor.onResourceEnd(resource.seen[i], reached);
        } catch (error) {
          this.#fail(i, error);
        }
      }
      reached += this.#created[i] - start.created[i] - (this.#dropped[i] - start.dropped[i]);
    }
  }

  startScope(start: number, end: number): void {
    this.scope.start(start, end, this.#visitors.length);
    this.#startItems();
  }

  startMetric(start: number, end: number): void {
    this.metric.start(start, end, this.#visitors.length);
    this.#startItems();
    this.#metricStart.items = this.items;
    if (this.#metricEndHooks !== 0) this.#metricStart.dropped.set(this.#dropped);
  }

  #startItems(): void {
    this.#entered = 0;
    this.#wanting = 0;
    this.#limit = Math.min(this.resource.droppedBy, this.scope.droppedBy);
  }

  /** Lets visitors append points to the metric and shows them to the later ones; those that stay go to `keep`. */
  endMetric(keep: (start: number, end: number) => void): void {
    if (this.#metricEndHooks === 0) return;
    const start = this.#metricStart;
    const { ranges } = this.#appended;
    let reached = this.items - start.items;
    for (let i = 0; i < this.#limit && reached > 0; i++) {
      reached -= this.#dropped[i] - start.dropped[i];
      if ((this.#metricEndHooks & ~this.#skips() & (1 << i)) === 0) continue;
      this.#append(i);
      this.#created[i] += ranges.length / 2;
      reached += ranges.length / 2;
      for (let point = 0; point < ranges.length; point += 2) {
        if (this.visit(i + 1, ranges[point], ranges[point + 1])) keep(ranges[point], ranges[point + 1]);
        this.leaveItem();
      }
    }
  }

  #append(i: number): void {
    const appended = this.#appended;
    this.#context.visitor = i;
    appended.reset();
    try {
      this.#visitors[i].onMetricEnd?.(this.metric.seen[i], appended);
      appended.finish();
    } catch (error) {
      appended.reset();
      this.#fail(i, error);
    }
    this.#scratchMark = this.#context.memory.scratch.position;
  }

  /** The only visitor made points in a metric of its own. */
  created(points: number): void {
    this.#created[0] += points;
  }

  /** Whether some visitor dropped the resource, or the scope in it, or the metric in that. */
  isDropped(level: Level<Resource> | Level<Scope> | Level<Metric>): boolean {
    const count = this.#visitors.length;
    if (this.resource.droppedBy < count || level === this.resource) return this.resource.droppedBy < count;
    return this.scope.droppedBy < count || level.droppedBy < count;
  }

  /** Shows an item to the visitors from `first` on; whether it is kept. */
  visit(first: number, start: number, end: number): boolean {
    this.isBound = false;
    for (let i = first; i < this.#limit; i++) {
      if (i >= this.#entered && !this.#reach(i)) break;
      if ((this.#wanting & (1 << i)) === 0) continue;
      if (!this.isBound) {
        this.item.bind(start, end);
        this.isBound = true;
      }
      if (this.#call(i) === 'drop') {
        this.#dropped[i]++;
        return false;
      }
    }
    if (this.#limit === this.#visitors.length) return true;
    this.#dropped[this.#limit]++;
    return false;
  }

  /** The item is written or dropped: its edits are not needed any more. */
  leaveItem(): void {
    if (!this.#isLate) this.#context.memory.scratch.position = this.#scratchMark;
  }

  /** Something without items is left: no visitor before can have dropped them, so all visitors hear of it. */
  visitEmpty(inner: Level<Resource> | Level<Scope> | Level<Metric>): void {
    for (let i = 0; i < this.#visitors.length; i++) if (!this.#enter(i, inner)) return;
  }

  /** The first item of a scope (metric) has come as far as visitor `i`; whether that visitor lets it pass. */
  #reach(i: number): boolean {
    if (!this.#enter(i, this.#isMetrics ? this.metric : this.scope)) this.#limit = i;
    this.#wanting = this.#hooked & ~this.#skips();
    this.#entered = i + 1;
    return this.#limit > i;
  }

  /** Visitors that skip what the current items are in. */
  #skips(): number {
    return this.resource.skips | this.scope.skips | (this.#isMetrics ? this.metric.skips : 0);
  }

  /** Runs the hooks of visitor `i` from the resource to the inner level, unless they were run; false when the visitor drops one of them. */
  #enter(i: number, inner: Level<Resource> | Level<Scope> | Level<Metric>): boolean {
    if (!this.#enterLevel(i, this.resource, 0)) return false;
    if (inner === this.resource) return true;
    if (!this.#enterLevel(i, this.scope, this.resource.skips)) return false;
    if (inner === this.scope) return true;
    return this.#enterLevel(i, this.metric, this.resource.skips | this.scope.skips);
  }

  #enterLevel<V extends HeaderVersion>(i: number, level: Level<V>, skips: number): boolean {
    if (level.entered <= i) {
      this.#context.visitor = i;
      const failure = level.enter(i, this.#visitors[i], (skips & (1 << i)) !== 0);
      if (failure !== undefined) this.#fail(i, failure.error);
      this.#scratchMark = this.#context.memory.scratch.position;
    }
    return level.droppedBy > i;
  }

  #call(i: number): Verdict {
    const visitor = this.#visitors[i];
    const { item } = this;
    const { edits } = item.tape;
    let verdict: Verdict = undefined;
    this.#context.visitor = i;
    try {
      if (item === this.#span) verdict = visitor.onSpan?.(this.#span);
      else if (item === this.#log) verdict = visitor.onLog?.(this.#log);
      else verdict = visitor.onDataPoint?.(this.#point);
    } catch (error) {
      item.rollback(edits);
      if (this.#isLate) for (const level of this.#levels()) level.latest.rollback();
      this.#fail(i, error);
    }
    if (item.tape.edits !== edits) item.commit();
    if (this.#isLate) for (const level of this.#levels()) level.latest.commit();
    return verdict;
  }

  #levels(): readonly { readonly latest: HeaderVersion }[] {
    return this.#isMetrics ? [this.resource, this.scope, this.metric] : [this.resource, this.scope];
  }

  #fail(i: number, error: unknown): void {
    if (this.#visitors[i].traits?.refuses === true) throw error;
    this.#report(i, error);
  }
}
