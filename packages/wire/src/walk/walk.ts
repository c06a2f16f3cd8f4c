import { createBatch } from '../batch.ts';
import type { Batch } from '../batch.ts';
import type { Verdict, Visitor } from '../visitor.ts';
import type { Context } from './context.ts';
import { DataPoint } from './data-point.ts';
import type { HeaderVersion } from './header.ts';
import type { Item } from './item.ts';
import { Level } from './level.ts';
import { Log } from './log.ts';
import { Memory } from './memory.ts';
import { Metric } from './metric.ts';
import { Container, Output } from './output.ts';
import { AppendedPoints } from './point-writer.ts';
import { Resource } from './resource.ts';
import { skipField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';
import { Scope } from './scope.ts';
import { Span } from './span.ts';

/** A visitor is one bit of an integer. */
const maxVisitors = 31;

/** Numbers of a visitor in `Walk.counters`. */
const countersPerVisitor = 3;

/** Visitors that share one pass over each batch. */
export interface Walk {
  /**
   * Runs the visitors over a batch, which stays the caller's. Returns the batch itself when nothing changed, a new batch that the caller
   * releases when something did, `undefined` when nothing is left. Throws what a visitor with the trait `refuses` threw; the batch is unchanged then.
   */
  run(batch: Batch): Batch | undefined;
  /**
   * Three numbers per visitor, summed over all runs: items that came as far as the visitor (also those it skipped), items it dropped
   * (also by dropping what they were in), and data points it appended. Those of visitor k are at 3k, 3k + 1 and 3k + 2.
   */
  readonly counters: Float64Array;
}

/**
 * Makes a walk whose result, visitor state included, equals that of running the visitors one after the other. What a hook throws goes to
 * `report` with the number of the visitor; the hook's edits of that item are undone and the item is kept. At most 31 visitors, and a
 * visitor with the trait `editsUpward` must be alone; throws otherwise.
 */
export function walk(visitors: readonly Visitor[], report: (visitor: number, error: unknown) => void): Walk {
  return new Walker(visitors, report);
}

function hooksOf(visitors: readonly Visitor[], name: keyof Visitor): number {
  let bits = 0;
  for (let i = 0; i < visitors.length; i++) if (visitors[i][name] !== undefined) bits |= 1 << i;
  return bits;
}

class Walker implements Walk {
  readonly counters: Float64Array;
  readonly #visitors: readonly Visitor[];
  readonly #report: (visitor: number, error: unknown) => void;
  /** The only visitor edits resource, scope and metric from the hooks of items. */
  readonly #late: boolean;
  readonly #context: Context;
  readonly #memory = new Memory();
  readonly #output = new Output();
  readonly #resource: Level<Resource>;
  readonly #scope: Level<Scope>;
  readonly #metric: Level<Metric>;
  readonly #resourceGroup: Container;
  readonly #scopeGroup: Container;
  readonly #metricGroup: Container;
  readonly #data: Container;
  readonly #appended: AppendedPoints;
  readonly #span: Span;
  readonly #log: Log;
  readonly #point: DataPoint;
  readonly #itemHooks: { traces: number; metrics: number; logs: number };
  readonly #endHooks: number;
  #item: Item;
  /** The item's view shows the current item. */
  #isBound = false;
  #isMetrics = false;
  #running = false;
  /** Items of this run; `dropped` and `created` by visitor. */
  #items = 0;
  readonly #dropped: Float64Array;
  readonly #created: Float64Array;
  /** The visitors that want items of the current scope (metric), as bits. */
  #active = 0;
  #hooks = 0;
  /** Visitors below have run their hooks for the current scope (metric). */
  #entered = 0;
  /** The visitor that dropped what the items are in; the number of visitors when none did. */
  #limit = 0;
  /** Scratch below is needed for longer than the current item. */
  #scratchMark = 0;

  constructor(visitors: readonly Visitor[], report: (visitor: number, error: unknown) => void) {
    if (visitors.length > maxVisitors) throw new RangeError(`${visitors.length} visitors in one walk: at most ${maxVisitors}`);
    this.#late = visitors.some(({ traits }) => traits?.editsUpward === true);
    if (this.#late && visitors.length > 1) throw new Error('a visitor that edits upward must be alone in its walk');
    this.#visitors = visitors;
    this.#report = report;
    this.counters = new Float64Array(visitors.length * countersPerVisitor);
    this.#dropped = new Float64Array(visitors.length);
    this.#created = new Float64Array(visitors.length);
    const context: Context = {
      memory: this.#memory,
      visitor: 0,
      resources: [],
      scopes: [],
      metrics: [],
      resourceGroup: { start: 0, end: 0 },
      scopeGroup: { start: 0, end: 0 },
      metric: { start: 0, end: 0 },
      data: { start: 0, end: 0 },
      dataField: 0,
    };
    this.#context = context;
    const hooks = (name: keyof Visitor): number => hooksOf(visitors, name);
    this.#resource = new Level<Resource>(
      () => new Resource(context),
      context.resources,
      hooks('onResource'),
      (v, r) => v.onResource?.(r),
      this.#late,
    );
    this.#scope = new Level<Scope>(
      () => new Scope(context),
      context.scopes,
      hooks('onScope'),
      (v, s) => v.onScope?.(s),
      this.#late,
    );
    this.#metric = new Level<Metric>(
      () => new Metric(context),
      context.metrics,
      hooks('onMetric'),
      (v, m) => v.onMetric?.(m),
      this.#late,
    );
    this.#resourceGroup = new Container(this.#output, undefined, 0x12);
    this.#scopeGroup = new Container(this.#output, this.#resourceGroup, 0x12);
    this.#metricGroup = new Container(this.#output, this.#scopeGroup, 0);
    this.#data = new Container(this.#output, this.#metricGroup, 0x0a);
    for (const container of [this.#resourceGroup, this.#scopeGroup, this.#metricGroup]) container.lateHeader = this.#late;
    this.#resourceGroup.headerTag = this.#scopeGroup.headerTag = 0x0a;
    this.#appended = new AppendedPoints(context);
    this.#span = new Span(context);
    this.#log = new Log(context);
    this.#point = new DataPoint(context);
    this.#item = this.#span;
    this.#itemHooks = { traces: hooks('onSpan'), metrics: hooks('onDataPoint'), logs: hooks('onLog') };
    this.#endHooks = hooks('onMetricEnd');
  }

  run(batch: Batch): Batch | undefined {
    if (this.#running) throw new Error('a walk was started by one of its own hooks');
    const { signal } = batch;
    if (signal === 'profiles') {
      for (let i = 0; i < this.counters.length; i += countersPerVisitor) this.counters[i] += batch.items;
      return batch;
    }
    this.#running = true;
    this.#memory.attach(batch.bytes);
    this.#output.start(batch, this.#memory);
    this.#isMetrics = signal === 'metrics';
    this.#item = signal === 'traces' ? this.#span : signal === 'logs' ? this.#log : this.#point;
    this.#hooks = this.#itemHooks[signal];
    this.#items = 0;
    this.#dropped.fill(0);
    this.#created.fill(0);
    try {
      const groups = this.#groups(batch.bytes);
      const kept = this.#count();
      const output = this.#output.finish();
      if (output === undefined) return batch;
      if (groups > 0) return createBatch(signal, output.lease, 0, output.sizeBytes, kept, batch.client);
      output.lease.release();
      return undefined;
    } finally {
      this.#running = false;
      this.#output.abandon();
      this.#memory.detach();
    }
  }

  /** Ends the batch for every visitor, adds to the counters, and returns the number of items that are left. */
  #count(): number {
    const { counters } = this;
    let items = this.#items;
    for (let i = 0; i < this.#visitors.length; i++) {
      counters[i * countersPerVisitor] += items;
      counters[i * countersPerVisitor + 1] += this.#dropped[i];
      counters[i * countersPerVisitor + 2] += this.#created[i];
      if (items > 0) {
        try {
          this.#visitors[i].onBatchEnd?.(items);
        } catch (error) {
          this.#failed(i, error);
        }
      }
      items += this.#created[i] - this.#dropped[i];
    }
    return items;
  }

  /** Visits every resource with its scopes; returns how many stay. */
  #groups(b: Buffer): number {
    const group = this.#resourceGroup;
    const extent = this.#context.resourceGroup;
    const level = this.#resource;
    const droppedBefore = new Float64Array(this.#visitors.length);
    const createdBefore = new Float64Array(this.#visitors.length);
    let kept = 0;
    for (let p = 0; p < b.length;) {
      const start = p;
      if (b[p++] !== 0x0a) {
        p = skipField(b, start);
        continue;
      }
      const length = readVarint(b, p);
      p += varintSize(length);
      const end = p + length;
      extent.start = p;
      extent.end = end;
      group.enter(b, start, p, end);
      this.#memory.scratch.position = this.#scratchMark = 0;
      this.#startHeader(b, group, level, end);
      droppedBefore.set(this.#dropped);
      createdBefore.set(this.#created);
      const itemsBefore = this.#items;
      while (p < end) {
        const childStart = p;
        if (b[p++] !== 0x12) {
          p = skipField(b, childStart);
          continue;
        }
        const childLength = readVarint(b, p);
        p += varintSize(childLength);
        group.children++;
        this.#scopeItems(b, childStart, p, p + childLength);
        p += childLength;
      }
      if (group.children === 0) this.#reachAll(level);
      if (group.close(level.droppedBy < this.#visitors.length)) kept++;
      this.#resourceEnd(this.#items - itemsBefore, droppedBefore, createdBefore);
    }
    return kept;
  }

  /** Finds the header of a group, the field 1 before its children, and makes it the base of its level. */
  #startHeader(b: Buffer, group: Container, level: Level<Resource> | Level<Scope>, end: number): void {
    let p = group.content;
    group.headerStart = group.headerEnd = p;
    let content = p;
    while (p < end && b[p] !== 0x12) {
      const next = skipField(b, p);
      if (b[p] === 0x0a) {
        content = p + 1 + varintSize(readVarint(b, p + 1));
        group.headerStart = p;
        group.headerEnd = next;
        break;
      }
      p = next;
    }
    level.start(content, group.headerEnd, this.#visitors.length);
    group.header = level.latest;
  }

  #resourceEnd(items: number, droppedBefore: Float64Array, createdBefore: Float64Array): void {
    const level = this.#resource;
    let reached = items;
    for (let i = 0; i < level.droppedBy && reached > 0; i++) {
      const visitor = this.#visitors[i];
      if (visitor.onResourceEnd !== undefined && (level.skips & (1 << i)) === 0) {
        this.#context.visitor = i;
        try {
          visitor.onResourceEnd(level.seen[i], reached);
        } catch (error) {
          this.#failed(i, error);
        }
      }
      reached += this.#created[i] - createdBefore[i] - (this.#dropped[i] - droppedBefore[i]);
    }
  }

  #scopeItems(b: Buffer, start: number, content: number, end: number): void {
    const group = this.#scopeGroup;
    const extent = this.#context.scopeGroup;
    const level = this.#scope;
    extent.start = content;
    extent.end = end;
    group.enter(b, start, content, end);
    this.#startHeader(b, group, level, end);
    this.#startItems();
    const isMetrics = this.#isMetrics;
    for (let p = group.headerEnd; p < end;) {
      const childStart = p;
      if (b[p++] !== 0x12) {
        p = skipField(b, childStart);
        continue;
      }
      let length = b[p++];
      if (length > 0x7f) {
        length = readVarint(b, p - 1);
        p += varintSize(length) - 1;
      }
      group.children++;
      if (isMetrics) this.#metricPoints(b, childStart, p, p + length);
      else this.#visitItem(group, childStart, p, p + length);
      p += length;
    }
    if (group.children === 0) this.#reachAll(level);
    group.close(this.#resource.droppedBy < this.#visitors.length || level.droppedBy < this.#visitors.length);
  }

  #metricPoints(b: Buffer, start: number, content: number, end: number): void {
    const group = this.#metricGroup;
    const context = this.#context;
    const data = this.#data;
    group.enter(b, start, content, end);
    group.headerStart = content;
    context.metric.start = content;
    context.metric.end = end;
    context.dataField = 0;
    context.data.start = context.data.end = end;
    let p = content;
    for (; p < end; p = skipField(b, p)) {
      const field = b[p] >> 3;
      if ((b[p] & 0x87) !== 2 || (field !== 5 && field !== 7 && (field < 9 || field > 11))) continue;
      const length = readVarint(b, p + 1);
      context.dataField = field;
      context.data.start = p + 1 + varintSize(length);
      context.data.end = context.data.start + length;
      data.enter(b, p, context.data.start, context.data.end);
      break;
    }
    group.headerEnd = p;
    this.#metric.start(content, p, this.#visitors.length);
    group.header = this.#metric.latest;
    this.#startItems();
    if (context.dataField === 0) this.#reachAll(this.#metric);
    else {
      group.children = 1;
      this.#points(b, data);
    }
    group.close(this.#isMetricDropped());
  }

  #isMetricDropped(): boolean {
    const { droppedBy } = this.#metric;
    return Math.min(this.#resource.droppedBy, this.#scope.droppedBy, droppedBy) < this.#visitors.length;
  }

  #points(b: Buffer, data: Container): void {
    const { end } = data;
    const itemsBefore = this.#items;
    const droppedBefore = this.#endHooks === 0 ? undefined : this.#dropped.slice();
    for (let p = data.content; p < end;) {
      const start = p;
      if (b[p++] !== 0x0a) {
        p = skipField(b, start);
        continue;
      }
      let length = b[p++];
      if (length > 0x7f) {
        length = readVarint(b, p - 1);
        p += varintSize(length) - 1;
      }
      data.children++;
      this.#visitItem(data, start, p, p + length);
      p += length;
    }
    if (data.children === 0) this.#reachAll(this.#metric);
    if (droppedBefore !== undefined) this.#metricEnd(this.#items - itemsBefore, droppedBefore, data);
    data.close(this.#isMetricDropped());
  }

  /** Lets visitors append points to the metric; the later ones see them. */
  #metricEnd(items: number, droppedBefore: Float64Array, data: Container): void {
    const appended = this.#appended;
    let reached = items;
    for (let i = 0; i < this.#limit && reached > 0; i++) {
      let created = 0;
      if ((this.#endHooks & (1 << i)) !== 0 && (this.#skips() & (1 << i)) === 0) {
        this.#context.visitor = i;
        appended.reset();
        try {
          this.#visitors[i].onMetricEnd?.(this.#metric.seen[i], appended);
          appended.finish();
          created = appended.ranges.length / 2;
        } catch (error) {
          this.#failed(i, error);
        }
        this.#scratchMark = this.#memory.scratch.position;
      }
      const own = this.#dropped[i] - droppedBefore[i];
      this.#created[i] += created;
      for (let point = 0; point < created; point++) {
        const start = appended.ranges[point * 2];
        const end = appended.ranges[point * 2 + 1];
        if (this.#visit(i + 1, start, end)) {
          data.open(data.end);
          if (!this.#isBound) this.#item.bind(start, end);
          this.#output.appendItem(this.#output.copyTo(data.end), 0x0a, varintSize(end - start), this.#item);
        }
        this.#memory.scratch.position = this.#scratchMark;
      }
      reached += created - own;
    }
  }

  /** The visitors that skip what the current items are in, as bits. */
  #skips(): number {
    return this.#resource.skips | this.#scope.skips | (this.#isMetrics ? this.#metric.skips : 0);
  }

  /** The items of another scope (metric) follow. */
  #startItems(): void {
    this.#entered = 0;
    this.#active = 0;
    this.#limit = Math.min(this.#resource.droppedBy, this.#scope.droppedBy);
  }

  #visitItem(group: Container, start: number, content: number, end: number): void {
    this.#items++;
    if (!this.#visit(0, content, end)) group.removeChild(start, end);
    else {
      group.open(start);
      if (this.#isBound && this.#item.tape.edits > 0) this.#output.replaceItem(start, end, this.#item);
    }
    if (!this.#late) this.#memory.scratch.position = this.#scratchMark;
  }

  /** Shows an item to the visitors from `first` on; whether it is kept. */
  #visit(first: number, start: number, end: number): boolean {
    this.#isBound = false;
    for (let i = first; i < this.#limit; i++) {
      if (i >= this.#entered && !this.#reach(i)) break;
      if ((this.#active & (1 << i)) === 0) continue;
      if (!this.#isBound) {
        this.#item.bind(start, end);
        this.#isBound = true;
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

  /** The first item of a scope (metric) has come as far as visitor `i`; whether that visitor lets it pass. */
  #reach(i: number): boolean {
    const inner = this.#isMetrics ? this.#metric : this.#scope;
    if (!this.#enter(i, inner)) this.#limit = i;
    this.#active = this.#hooks & ~this.#skips();
    this.#entered = i + 1;
    return this.#limit > i;
  }

  /** Something without items is left: nobody drops items before a visitor, so all of them hear of it. */
  #reachAll(inner: Level<Resource> | Level<Scope> | Level<Metric>): void {
    for (let i = 0; i < this.#visitors.length; i++) if (!this.#enter(i, inner)) return;
  }

  /** Runs the hooks of visitor `i` from the resource to the inner level, unless they were run; false when the visitor drops one of them. */
  #enter(i: number, inner: Level<Resource> | Level<Scope> | Level<Metric>): boolean {
    if (!this.#enterLevel(i, this.#resource, this.#resourceGroup, 0)) return false;
    if (inner === this.#resource) return true;
    if (!this.#enterLevel(i, this.#scope, this.#scopeGroup, this.#resource.skips)) return false;
    if (inner === this.#scope) return true;
    return this.#enterLevel(i, this.#metric, this.#metricGroup, this.#resource.skips | this.#scope.skips);
  }

  #enterLevel<V extends HeaderVersion>(i: number, level: Level<V>, group: Container, hidden: number): boolean {
    if (level.entered <= i) {
      this.#context.visitor = i;
      const failure = level.enter(i, this.#visitors[i], (hidden & (1 << i)) !== 0);
      if (failure !== undefined) this.#failed(i, failure.error);
      group.header = level.latest;
      this.#scratchMark = this.#memory.scratch.position;
    }
    return level.droppedBy > i;
  }

  #call(i: number): Verdict {
    const visitor = this.#visitors[i];
    const item = this.#item;
    const { edits } = item.tape;
    let verdict: Verdict = undefined;
    this.#context.visitor = i;
    try {
      if (item === this.#span) verdict = visitor.onSpan?.(this.#span);
      else if (item === this.#log) verdict = visitor.onLog?.(this.#log);
      else verdict = visitor.onDataPoint?.(this.#point);
    } catch (error) {
      item.rollback(edits);
      if (this.#late) this.#headers((header) => header.rollback());
      this.#failed(i, error);
    }
    if (item.tape.edits !== edits) item.commit();
    if (this.#late) this.#headers((header) => header.commit());
    return verdict;
  }

  #headers(act: (header: HeaderVersion) => void): void {
    act(this.#resource.latest);
    act(this.#scope.latest);
    if (this.#isMetrics) act(this.#metric.latest);
  }

  #failed(i: number, error: unknown): void {
    if (this.#visitors[i].traits?.refuses === true) throw error;
    this.#report(i, error);
  }
}
