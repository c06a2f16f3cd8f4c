import { createBatch } from '../batch.ts';
import type { Batch } from '../batch.ts';
import { noClient } from '../client.ts';
import { readVarint, varintSize } from '../varint.ts';
import type { Visitor } from '../visitor.ts';
import { Container } from './container.ts';
import type { Context } from './context.ts';
import { Memory } from './memory.ts';
import { Output } from './output.ts';
import { skipField } from './scan.ts';
import { Visits } from './visits.ts';

/** A visitor is one bit of an integer. */
const maxVisitors = 31;

/** Visitors that share one pass over each batch. */
export interface Walk {
  /**
   * Runs the visitors over a batch, which stays the caller's. Returns the batch itself when nothing changed, a new batch that the caller
   * releases when something did, `undefined` when nothing is left. Batches of profiles are returned unseen. Throws what a visitor with the
   * trait `refuses` threw; the batch is unchanged then. Views hold nothing outside of their hook: what they show then is undefined.
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
 * `report` with the number of the visitor; the hook's edits are undone and the item is kept. At most 31 visitors, and a visitor with the
 * trait `editsUpward` must be alone, one with `readsAhead` the first; throws otherwise.
 */
export function walk(visitors: readonly Visitor[], report: (visitor: number, error: unknown) => void): Walk {
  if (visitors.length > maxVisitors) throw new RangeError(`${visitors.length} visitors in one walk: at most ${maxVisitors}`);
  const isLate = visitors.some(({ traits }) => traits?.editsUpward === true);
  if (isLate && visitors.length > 1) throw new Error('a visitor that edits upward must be alone in its walk');
  if (visitors.some(({ traits }, i) => traits?.readsAhead === true && i > 0))
    throw new Error('a visitor that reads ahead must be the first in its walk');
  return new Walker(visitors, report, isLate);
}

const groupTag = 0x0a;
const headerTag = 0x0a;
const childTag = 0x12;
const pointTag = 0x0a;

class Walker implements Walk {
  readonly counters: Float64Array;
  readonly #context: Context;
  readonly #memory = new Memory();
  readonly #visits: Visits;
  readonly #output = new Output();
  readonly #resourceGroup: Container;
  readonly #scopeGroup: Container;
  readonly #metric: Container;
  readonly #data: Container;
  #isMetrics = false;
  #isRunning = false;

  constructor(visitors: readonly Visitor[], report: (visitor: number, error: unknown) => void, isLate: boolean) {
    const context: Context = {
      memory: this.#memory,
      client: noClient,
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
    const visits = new Visits(visitors, report, context, isLate);
    this.#context = context;
    this.#visits = visits;
    this.counters = visits.counters;
    this.#resourceGroup = new Container(this.#output, undefined, childTag, visits.resource, headerTag, isLate);
    this.#scopeGroup = new Container(this.#output, this.#resourceGroup, childTag, visits.scope, headerTag, isLate);
    this.#metric = new Container(this.#output, this.#scopeGroup, 0, visits.metric, 0, isLate, {
      hides: (tag) => visits.metric.latest.hides(tag),
      hidesSome: () => false,
      write: (output, end) => visits.metric.latest.addMetadata(output, end),
    });
    this.#data = new Container(this.#output, this.#metric, pointTag, undefined, 0, isLate, {
      hides: (tag) => visits.metric.latest.hidesInData(tag),
      hidesSome: () => visits.metric.latest.hasNewData,
      write: (output, end) => visits.metric.latest.addData(output, end),
    });
  }

  run(batch: Batch): Batch | undefined {
    if (this.#isRunning) throw new Error('a walk was started by one of its own hooks');
    const { signal } = batch;
    if (signal === 'profiles') {
      this.#visits.pass(batch.items);
      return batch;
    }
    this.#isRunning = true;
    this.#memory.attach(batch.bytes);
    this.#context.client = batch.client;
    this.#output.start(batch, this.#memory);
    this.#isMetrics = signal === 'metrics';
    this.#visits.startBatch(signal);
    try {
      const groups = this.#groups(batch.bytes);
      const items = this.#visits.endBatch();
      const output = this.#output.finish();
      if (output === undefined) return batch;
      if (groups > 0) return createBatch(signal, output.lease, 0, output.sizeBytes, items, batch.client);
      output.lease.release();
      return undefined;
    } finally {
      this.#isRunning = false;
      this.#output.abandon();
      this.#memory.detach();
      this.#context.client = noClient;
    }
  }

  /** Visits every resource; returns how many stay. */
  #groups(b: Buffer): number {
    const group = this.#resourceGroup;
    const visits = this.#visits;
    let kept = 0;
    for (let p = 0; p < b.length;) {
      const start = p;
      p = skipField(b, start);
      if (b[start] !== groupTag) continue;
      const content = start + 1 + varintSize(readVarint(b, start + 1));
      this.#context.resourceGroup.start = content;
      this.#context.resourceGroup.end = p;
      group.enter(b, start, content, p);
      visits.startResource(findHeader(b, group), group.headerEnd);
      this.#scopes(b, group);
      if (group.children === 0) visits.visitEmpty(visits.resource);
      if (group.close(visits.isDropped(visits.resource))) kept++;
      visits.endResource();
    }
    return kept;
  }

  #scopes(b: Buffer, parent: Container): void {
    const group = this.#scopeGroup;
    const visits = this.#visits;
    for (let p = parent.headerEnd; p < parent.end;) {
      const start = p;
      p = skipField(b, start);
      if (b[start] !== childTag) {
        parent.pass(start, p);
        continue;
      }
      parent.children++;
      const content = start + 1 + varintSize(readVarint(b, start + 1));
      this.#context.scopeGroup.start = content;
      this.#context.scopeGroup.end = p;
      group.enter(b, start, content, p);
      visits.startScope(findHeader(b, group), group.headerEnd);
      if (this.#isMetrics) this.#metrics(b, group);
      else this.#items(b, group, childTag, group.headerEnd);
      if (group.children === 0) visits.visitEmpty(visits.scope);
      group.close(visits.isDropped(visits.scope));
    }
  }

  #metrics(b: Buffer, parent: Container): void {
    const group = this.#metric;
    const visits = this.#visits;
    for (let p = parent.headerEnd; p < parent.end;) {
      const start = p;
      p = skipField(b, start);
      if (b[start] !== childTag) {
        parent.pass(start, p);
        continue;
      }
      parent.children++;
      const content = start + 1 + varintSize(readVarint(b, start + 1));
      group.enter(b, start, content, p);
      this.#enterData(b, group);
      visits.startMetric(content, group.headerEnd);
      if (this.#context.dataField === 0) visits.visitEmpty(visits.metric);
      else this.#points(b);
      for (let q = this.#context.data.end; q < p;) {
        const field = q;
        q = skipField(b, q);
        group.pass(field, q);
      }
      group.close(visits.isDropped(visits.metric));
      if (visits.metric.latest.appended.length > 0) this.#append(visits.metric.latest.appended, p);
    }
  }

  /** Writes metrics behind the one that ends at `end`. */
  #append(metrics: readonly Uint8Array[], end: number): void {
    this.#scopeGroup.open(end);
    const writer = this.#output.copyTo(end);
    for (const metric of metrics) {
      const at = writer.begin(childTag);
      writer.bytes(metric);
      writer.end(at);
      this.#visits.created(countPoints(metric));
    }
    this.#output.edits++;
  }

  /** Finds the data of a metric. What stands before it is the header. */
  #enterData(b: Buffer, group: Container): void {
    const context = this.#context;
    context.metric.start = group.headerStart = group.content;
    context.metric.end = group.end;
    context.data.start = context.data.end = group.end;
    context.dataField = 0;
    let p = group.content;
    for (; p < group.end; p = skipField(b, p)) {
      const field = b[p] >> 3;
      if ((b[p] & 0x87) !== 2 || (field !== 5 && field !== 7 && (field < 9 || field > 11))) continue;
      context.dataField = field;
      context.data.start = p + 1 + varintSize(readVarint(b, p + 1));
      context.data.end = skipField(b, p);
      this.#data.enter(b, p, context.data.start, context.data.end);
      group.children = 1;
      break;
    }
    group.headerEnd = p;
  }

  #points(b: Buffer): void {
    const data = this.#data;
    const visits = this.#visits;
    this.#items(b, data, pointTag, data.content);
    if (data.children === 0) visits.visitEmpty(visits.metric);
    else visits.endMetric(this.#keepAppended);
    data.close(visits.isDropped(visits.metric));
  }

  readonly #keepAppended = (start: number, end: number): void => {
    const { item, isBound } = this.#visits;
    const data = this.#data;
    data.open(data.end);
    if (!isBound) item.bind(start, end);
    this.#output.appendItem(this.#output.copyTo(data.end), pointTag, varintSize(end - start), item);
  };

  #items(b: Buffer, group: Container, tag: number, from: number): void {
    const visits = this.#visits;
    const { end } = group;
    for (let p = from; p < end;) {
      const start = p;
      if (b[p++] !== tag) {
        p = skipField(b, start);
        group.pass(start, p);
        continue;
      }
      let length = b[p++];
      if (length > 0x7f) {
        length = readVarint(b, p - 1);
        p += varintSize(length) - 1;
      }
      const content = p;
      p += length;
      group.children++;
      visits.items++;
      if (visits.visit(0, content, p)) {
        group.open(start);
        if (visits.isBound && visits.item.tape.edits > 0) this.#output.replaceItem(start, content, p, visits.item);
      } else group.removeChild(start, p);
      visits.leaveItem();
    }
  }
}

/** Counts the data points of an encoded metric. */
function countPoints(metric: Uint8Array): number {
  let points = 0;
  for (let p = 0; p < metric.length; p = skipField(metric, p)) {
    const field = metric[p] >> 3;
    if ((metric[p] & 0x87) !== 2 || (field !== 5 && field !== 7 && (field < 9 || field > 11))) continue;
    const end = skipField(metric, p);
    for (let q = p + 1 + varintSize(readVarint(metric, p + 1)); q < end; q = skipField(metric, q)) if (metric[q] === pointTag) points++;
  }
  return points;
}

/** Finds the header of a group, its field 1 before the children, and returns where the header's content starts. */
function findHeader(b: Buffer, group: Container): number {
  for (let p = group.content; p < group.end && b[p] !== childTag; p = skipField(b, p)) {
    if (b[p] !== headerTag) continue;
    group.headerStart = p;
    group.headerEnd = skipField(b, p);
    return p + 1 + varintSize(readVarint(b, p + 1));
  }
  group.headerStart = group.headerEnd = group.content;
  return group.content;
}
