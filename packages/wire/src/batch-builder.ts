import { randomFillSync } from 'node:crypto';
import { createBatch } from './batch.ts';
import type { Batch } from './batch.ts';
import type { BufferPool } from './buffer-pool.ts';
import { noClient } from './client.ts';
import type { Client } from './client.ts';
import { encodeInput } from './encode-input.ts';
import { Group, copyOther } from './item-group.ts';
import type { MetricInput, PlainAttributes } from './item-inputs.ts';
import type { Key } from './key.ts';
import { messages } from './schema.ts';
import type { Signal } from './signal.ts';
import { varintSize } from './varint.ts';
import { NewMetric, NewResource, NewScope } from './new-items.ts';
import type { DataPointView, ItemView, LogView, MetricType, ResourceView, ScopeView, SpanView } from './views.ts';
import { ByteWriter } from './walk/byte-writer.ts';
import type { Attributes } from './walk/attributes.ts';
import type { Context } from './walk/context.ts';
import { addKeyedHash } from './walk/hash.ts';
import type { HeaderVersion } from './walk/header.ts';
import { Item } from './walk/item.ts';
import type { Resource } from './walk/resource.ts';
import type { Scope } from './walk/scope.ts';
import { schemaUrlTag, writeSchemaUrl } from './walk/schema-url.ts';
import { copyAttributes, splice } from './walk/splice.ts';

const groupTag = 0x0a;
const headerTag = 0x0a;
const childTag = 0x12;
const pointTag = 0x0a;
const initialBytes = 1 << 16;
/** From so many bytes on a header is known by its 128-bit keyed hash, not by a string of its bytes. */
const longHeaderBytes = 512;
const headerSecret = randomFillSync(new Int32Array(4));
const headerHash = new Int32Array(4);

/**
 * Puts items together under shared resources, scopes and metrics, in the order in which each of these came first. Holds a copy of
 * everything that is added, in pooled memory. The result is well formed.
 */
export class BatchBuilder implements Disposable {
  readonly signal: Exclude<Signal, 'profiles'>;
  readonly #pool: BufferPool;
  readonly #groups = new Map<string, Group>();
  /** Groups for new items. */
  readonly #made = new Set<Group>();
  #arena: ByteWriter | undefined;
  #items = 0;
  /** The group of the item that was copied last, by the stamps of its headers. */
  #lastGroup: Group | undefined;
  #lastResource = 0;
  #lastScope = 0;
  #lastMetric = 0;
  /** The metric that others were made like, by the stamp of its header, with the place of its data. */
  #like: ByteWriter | undefined;
  #likeMetric = 0;
  #likeDataAt = 0;

  constructor(signal: Exclude<Signal, 'profiles'>, pool: BufferPool) {
    this.signal = signal;
    this.#pool = pool;
  }

  /** Items added since the last `finish`. */
  get items(): number {
    return this.#items;
  }

  /** Bytes of what was added since the last `finish`: about the size of the batch. */
  get sizeBytes(): number {
    return this.#arena?.position ?? 0;
  }

  get #bytes(): ByteWriter {
    return (this.#arena ??= new ByteWriter(this.#pool.lease(initialBytes)));
  }

  /**
   * Adds an item that a hook was given, with the edits made so far, under its resource, scope and metric as that visitor sees them.
   * Call it inside of the hook. Throws a `TypeError` for an item of another signal.
   */
  copy(item: SpanView | LogView | DataPointView): void {
    if (!(item instanceof Item) || item.signal !== this.signal) throw new TypeError(`not an item of ${this.signal}`);
    this.#copyItem(this.#groupOf(item), item);
  }

  #copyItem(group: Group, item: Item): void {
    const { buffer, start, end } = item.range();
    const { context } = item;
    const arena = this.#bytes;
    const from = arena.position;
    arena.byte(this.signal === 'metrics' ? pointTag : childTag);
    arena.varint(end - start);
    arena.copy(buffer, context.memory.viewOf(buffer), start, end);
    group.add(from, arena.position);
    this.#items++;
  }

  #groupOf({ context }: Item): Group {
    const resource = context.resources[context.visitor];
    const scope = context.scopes[context.visitor];
    const metric = this.signal === 'metrics' ? context.metrics[context.visitor] : undefined;
    const metricStamp = metric?.stamp ?? 0;
    const last = this.#lastGroup;
    if (last !== undefined && this.#lastScope === scope.stamp && this.#lastMetric === metricStamp && this.#lastResource === resource.stamp)
      return last;
    const { body } = context.memory;
    const scopes = this.#header(this.#groups, resource, body, context.resourceGroup.start, context.resourceGroup.end).children;
    let group = this.#header(scopes, scope, body, context.scopeGroup.start, context.scopeGroup.end);
    if (metric !== undefined) {
      group = this.#copyMetric(group, metric, context);
    }
    this.#lastResource = resource.stamp;
    this.#lastScope = scope.stamp;
    this.#lastMetric = metricStamp;
    this.#lastGroup = group;
    return group;
  }

  /** The group of a metric: everything of it but its data points. */
  #copyMetric(scope: Group, metric: HeaderVersion, context: Context): Group {
    const start = this.#bytes.position;
    return this.#intern(scope.children, start, writeMetric(this.#bytes, metric, context));
  }

  /** The group of a resource or scope: the header, then every other field of the message around it that is no child. */
  #header(among: Map<string, Group>, version: HeaderVersion, body: Buffer, start: number, end: number): Group {
    const arena = this.#bytes;
    const from = arena.position;
    const { tape } = version;
    if (tape.edits > 0 || tape.start !== start) {
      const at = arena.begin(headerTag);
      splice(tape, arena);
      arena.end(at);
    }
    copyOther(arena, body, start, end, childTag, headerTag);
    writeSchemaUrl(arena, version.addedSchemaUrl);
    return this.#intern(among, from);
  }

  /** The group with the header that was just written from `start` on; the header is taken back when the group is known. */
  #intern(among: Map<string, Group>, start: number, dataAt?: number): Group {
    const arena = this.#bytes;
    const { position } = arena;
    const name = `${dataAt === undefined ? '' : dataAt - start} ${headerName(arena, start)}`;
    let group = among.get(name);
    if (group === undefined) among.set(name, (group = new Group(start, position, dataAt)));
    else arena.position = start;
    return group;
  }

  /** A resource for new items; equal ones are one. Resources, scopes and metrics are used up by `finish`: adding to them afterwards throws. */
  resource(attributes: PlainAttributes = {}, schemaUrl = ''): NewResource {
    return new NewResource(this, this.#newHeader(this.#groups, 'Resource', { attributes }, schemaUrl));
  }

  /**
   * A resource with the attributes of one that a hook was given, and instead of or beside them those of `keys` that an item has. Everything
   * else of the resource is left out.
   */
  resourceWith(resource: ResourceView, item: ItemView, keys: readonly Key[]): NewResource {
    const start = this.#bytes.position;
    const group = this.#write(start, (arena) => {
      const at = arena.begin(headerTag);
      copyAttributes(arena, (resource as Resource).attributes, item.attributes as Attributes, keys);
      arena.end(at);
      return this.#intern(this.#groups, start);
    });
    return new NewResource(this, group);
  }

  /** For `NewResource` only. */
  scopeLike(resource: Group, scope: ScopeView): NewScope {
    this.#check(resource);
    const start = this.#bytes.position;
    const group = this.#write(start, (arena) => {
      const at = arena.begin(headerTag);
      splice((scope as Scope).tape, arena);
      arena.end(at);
      return this.#intern(resource.children, start);
    });
    return new NewScope(this, group);
  }

  /** For `NewScope` only. */
  metricLike(scope: Group, point: DataPointView): NewMetric<Exclude<MetricType, 'empty'>> {
    this.#check(scope, 'metrics');
    const { context } = point as DataPointView & Item;
    const metric = context.metrics[context.visitor];
    // Its fields stand anywhere among its points: they are looked for once, not for every point.
    const like = (this.#like ??= new ByteWriter());
    if (this.#likeMetric !== metric.stamp) {
      like.position = 0;
      this.#likeDataAt = writeMetric(like, metric, context);
      this.#likeMetric = metric.stamp;
    }
    const start = this.#bytes.position;
    const group = this.#write(start, (arena) => {
      arena.copy(like.buffer, like.view, 0, like.position);
      return this.#intern(scope.children, start, start + this.#likeDataAt);
    });
    return new NewMetric(this, group, '');
  }

  /** For `NewScope` and `NewMetric` only. */
  copyInto(group: Group, item: SpanView | LogView | DataPointView): void {
    if (!(item instanceof Item)) throw new TypeError(`not an item of ${this.signal}`);
    this.#check(group, item.signal);
    this.#copyItem(group, item);
  }

  /** For `NewResource` only. */
  newScope(resource: Group, scope: object, schemaUrl: string): NewScope {
    this.#check(resource);
    return new NewScope(this, this.#newHeader(resource.children, 'InstrumentationScope', scope, schemaUrl));
  }

  #newHeader(among: Map<string, Group>, message: string, header: object, schemaUrl: string): Group {
    const start = this.#bytes.position;
    return this.#write(start, (arena) => {
      const at = arena.begin(headerTag);
      encodeInput(arena, message, header);
      if (arena.position === at) arena.position = start;
      else arena.end(at);
      if (schemaUrl !== '') {
        const urlAt = arena.begin(schemaUrlTag);
        arena.text(schemaUrl);
        arena.end(urlAt);
      }
      return this.#intern(among, start);
    });
  }

  /** For `NewScope` only. */
  newMetric<T extends Exclude<MetricType, 'empty'>>(scope: Group, metric: MetricInput<T>): NewMetric<T> {
    this.#check(scope, 'metrics');
    const data = messages.get('Metric')?.fields.find(({ jsonName, oneof }) => jsonName === metric.type && oneof === 'data');
    const message = messages.get(data?.message ?? '');
    if (data === undefined || message === undefined) throw new TypeError(`${metric.type} is no type of metrics`);
    const { name, description, unit, metadata } = metric;
    const start = this.#bytes.position;
    const group = this.#write(start, (arena) => {
      encodeInput(arena, 'Metric', { name, description, unit, metadata });
      const dataAt = arena.position;
      arena.byte((data.number << 3) | 2);
      encodeInput(arena, message.name, { aggregationTemporality: metric.temporality, isMonotonic: metric.isMonotonic });
      return this.#intern(scope.children, start, dataAt);
    });
    return new NewMetric(this, group, message.fields[0].message ?? '');
  }

  /** For `NewScope` and `NewMetric` only. */
  newItem(signal: Signal, group: Group, message: string, input: object): void {
    this.#check(group, signal);
    const start = this.#bytes.position;
    this.#write(start, (arena) => {
      const at = arena.begin(signal === 'metrics' ? pointTag : childTag);
      encodeInput(arena, message, input);
      arena.end(at);
      group.add(start, arena.position);
      return group;
    });
    this.#items++;
  }

  /** For `NewScope` and `NewMetric` only. */
  newBytes(signal: Signal, group: Group, { buffer, view, position }: ByteWriter): void {
    this.#check(group, signal);
    const arena = this.#bytes;
    const start = arena.position;
    arena.byte(signal === 'metrics' ? pointTag : childTag);
    arena.varint(position);
    arena.copy(buffer, view, 0, position);
    group.add(start, arena.position);
    this.#items++;
  }

  /** Takes back what was written from `start` on when the input is wrong. */
  #write(start: number, write: (arena: ByteWriter) => Group): Group {
    const arena = this.#bytes;
    try {
      const group = write(arena);
      this.#made.add(group);
      return group;
    } catch (error) {
      arena.position = start;
      throw error;
    }
  }

  #check(group: Group, signal: Signal = this.signal): void {
    if (signal !== this.signal) throw new TypeError(`a builder of ${this.signal} takes no ${signal}`);
    if (!this.#made.has(group)) throw new Error('the batch that this belongs to is finished');
  }

  /** The batch of everything that was added, `undefined` when nothing was. The builder is empty afterwards. */
  finish(client: Client = noClient): Batch | undefined {
    try {
      const arena = this.#arena;
      if (arena === undefined || this.#items === 0) return undefined;
      const groups = [...this.#groups.values()];
      let sizeBytes = 0;
      for (const group of groups) {
        const size = group.measure();
        if (size > 0) sizeBytes += 1 + varintSize(size) + size;
      }
      const lease = this.#pool.lease(sizeBytes);
      const output = new ByteWriter(lease);
      for (const group of groups) group.write(output, groupTag, arena);
      return createBatch(this.signal, lease, 0, output.position, this.#items, client);
    } finally {
      this[Symbol.dispose]();
    }
  }

  /** Forgets everything that was added. */
  [Symbol.dispose](): void {
    this.#arena?.lease?.release();
    this.#arena = undefined;
    this.#lastGroup = undefined;
    this.#groups.clear();
    this.#made.clear();
    this.#items = 0;
  }
}

/** A text that is the same for the same bytes only. */
function headerName({ buffer, view, position }: ByteWriter, start: number): string {
  if (position - start < longHeaderBytes) return buffer.latin1Slice(start, position);
  headerHash.fill(0);
  addKeyedHash(view, start, position, headerSecret, 0, headerHash);
  return `${position - start} ${headerHash.join(' ')}`;
}

/** Writes everything of a metric but its data points; returns where its data begins. */
function writeMetric(to: ByteWriter, { tape }: HeaderVersion, { memory: { body }, metric, data, dataField }: Context): number {
  splice(tape, to);
  copyOther(to, body, data.end, metric.end, -1);
  const dataAt = to.position;
  to.byte((dataField << 3) | 2);
  copyOther(to, body, data.start, data.end, pointTag);
  return dataAt;
}
