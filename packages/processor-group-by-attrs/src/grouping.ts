import type { AttributesView, BufferPool, Client, DataPointView, Key, LogView, ResourceView, SpanView } from '@millrace/api';
import { SeriesKey, writeAttribute } from '@millrace/timeseries';
import type { Batch, ByteRange, NewMetric, NewResource, NewScope } from '@millrace/wire';
import { BatchBuilder, ByteWriter } from '@millrace/wire';

type Item = SpanView | LogView | DataPointView;
type AnyMetric = NewMetric<Exclude<DataPointView['metric']['type'], 'empty'>>;

interface ScopeGroup {
  readonly scope: NewScope;
  /** By type and name. */
  readonly metrics: Map<string, AnyMetric>;
}

interface ResourceGroup {
  readonly resource: NewResource;
  /** By name and version. */
  readonly scopes: Map<string, ScopeGroup>;
}

function latin1({ buffer, start, end }: ByteRange): string {
  return buffer.latin1Slice(start, end);
}

/** One batch in the making: items by the set of their resource's attributes, then by scope, then by metric. */
export class Grouping {
  readonly #builder: BatchBuilder;
  readonly #keys: readonly Key[];
  readonly #mostBytes: number;
  readonly #resources = new Map<string, ResourceGroup>();
  /** Of the current resource: its groups by the values of the keys. */
  readonly #known = new Map<string, ResourceGroup>();
  readonly #identity = new SeriesKey();
  readonly #scratch = new ByteWriter();
  /** What the attributes of the current resource that no key names add to an identity. */
  readonly #rest = new Int32Array(4);
  #isRestKnown = false;

  /** `mostBytes`: when it is as large, it takes no further groups. */
  constructor(signal: 'traces' | 'metrics' | 'logs', keys: readonly Key[], pool: BufferPool, mostBytes: number) {
    this.#builder = new BatchBuilder(signal, pool);
    this.#keys = keys;
    this.#mostBytes = mostBytes;
  }

  /** The items that follow are of another resource. */
  enterResource(): void {
    this.#known.clear();
    this.#isRestKnown = false;
  }

  /**
   * Copies an item to its group, without the attributes that moved. Returns whether any did; undefined, and nothing done, when it would be the first one of a
   * resource, scope or metric and there is no room for that. Call it inside of the hook.
   */
  add(item: Item): boolean | undefined {
    const { attributes } = item;
    let values = '';
    for (let i = 0; i < this.#keys.length; i++) {
      const slot = attributes.find(this.#keys[i]!);
      if (slot >= 0) values += `${i} ${valueName(attributes, slot)}`;
    }
    const isFull = this.#builder.sizeBytes >= this.#mostBytes;
    let group = this.#known.get(values);
    if (group === undefined) {
      // Whether another resource of the request has made the same group is not looked for then: that would cost as much as making it.
      if (isFull) return undefined;
      this.#known.set(values, (group = this.#groupOf(item)));
    }
    const scope = scopeOf(group, item, isFull);
    if (scope === undefined) return undefined;
    const metric = 'metric' in item ? metricOf(scope, item, isFull) : undefined;
    if ('metric' in item && metric === undefined) return undefined;
    if (values !== '') for (const key of this.#keys) attributes.delete(key);
    if ('metric' in item) metric!.copy(item);
    else scope.scope.copy(item);
    return values !== '';
  }

  #groupOf(item: Item): ResourceGroup {
    const name = this.#nameOf(item.resource, item.attributes);
    let group = this.#resources.get(name);
    if (group === undefined) {
      group = { resource: this.#builder.resourceWith(item.resource, item, this.#keys), scopes: new Map() };
      this.#resources.set(name, group);
    }
    return group;
  }

  /** A keyed hash of a set of attributes: those of the resource, but of the keys what the item has. The resource, which may be large, is read once. */
  #nameOf({ attributes }: ResourceView, item: AttributesView): string {
    const identity = this.#identity;
    if (!this.#isRestKnown) {
      identity.start();
      const named = new Set(this.#keys.map((key) => attributes.find(key)));
      for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot))
        if (!named.has(slot)) this.#addAttribute(attributes, slot);
      this.#rest.set(identity.words);
      this.#isRestKnown = true;
    }
    identity.start(this.#rest);
    for (const key of this.#keys) {
      const own = item.find(key);
      const slot = own >= 0 ? own : attributes.find(key);
      if (slot >= 0) this.#addAttribute(own >= 0 ? item : attributes, slot);
    }
    return identity.words.join(' ');
  }

  #addAttribute(attributes: AttributesView, slot: number): void {
    const scratch = this.#scratch;
    scratch.position = 0;
    writeAttribute(scratch, 0x0a, attributes, slot);
    this.#identity.bytes(scratch.buffer, 0, scratch.position, 0);
  }

  /** Resources so far. */
  get size(): number {
    return this.#resources.size;
  }

  /** The batch; undefined when nothing was added. */
  finish(client: Client): Batch | undefined {
    return this.#builder.finish(client);
  }

  /** Forgets what was added. */
  [Symbol.dispose](): void {
    this.#builder[Symbol.dispose]();
  }
}

function scopeOf({ resource, scopes }: ResourceGroup, { scope }: Item, isFull: boolean): ScopeGroup | undefined {
  const { version } = scope;
  const name = `${version.length} ${version}${scope.name}`;
  let group = scopes.get(name);
  if (group === undefined && !isFull) scopes.set(name, (group = { scope: resource.scopeLike(scope), metrics: new Map() }));
  return group;
}

/** Of metrics with one name and type the first gives everything else. */
function metricOf({ scope, metrics }: ScopeGroup, point: DataPointView, isFull: boolean): AnyMetric | undefined {
  const name = `${point.metric.type} ${point.metric.name}`;
  let metric = metrics.get(name);
  if (metric === undefined && !isFull) metrics.set(name, (metric = scope.metricLike(point)));
  return metric;
}

/** A text that is the same for equal values only. */
function valueName(attributes: AttributesView, slot: number): string {
  const value = attributes.valueAt(slot);
  switch (value.type) {
    case 'int':
      return `int ${value.bigint()};`;
    case 'double':
      return `double ${Object.is(value.number(), -0) ? '-0' : value.number()};`;
    case 'bool':
      return `bool ${value.boolean()};`;
    default: {
      const bytes = latin1(attributes.rangeAt(slot));
      return `${value.type} ${bytes.length} ${bytes};`;
    }
  }
}
