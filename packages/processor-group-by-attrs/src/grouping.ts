import type { AttributesView, BufferPool, Client, DataPointView, Key, LogView, ResourceView, SpanView } from '@millrace/api';
import type { Batch, ByteRange, NewMetric, NewResource, NewScope } from '@millrace/wire';
import { BatchBuilder } from '@millrace/wire';

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
  readonly #resources = new Map<string, ResourceGroup>();
  /** Of the current resource: its groups by the values of the keys. */
  readonly #known = new Map<string, ResourceGroup>();

  constructor(signal: 'traces' | 'metrics' | 'logs', keys: readonly Key[], pool: BufferPool) {
    this.#builder = new BatchBuilder(signal, pool);
    this.#keys = keys;
  }

  /** The items that follow are of another resource. */
  enterResource(): void {
    this.#known.clear();
  }

  /** Copies an item to its group, without the attributes that moved. Returns whether any did. Call it inside of the hook. */
  add(item: Item): boolean {
    const { attributes } = item;
    let values = '';
    for (let i = 0; i < this.#keys.length; i++) {
      const slot = attributes.find(this.#keys[i]!);
      if (slot >= 0) values += `${i} ${valueName(attributes, slot)}`;
    }
    let group = this.#known.get(values);
    if (group === undefined) this.#known.set(values, (group = this.#groupOf(item)));
    if (values !== '') for (const key of this.#keys) attributes.delete(key);
    const { scope, metrics } = scopeOf(group, item);
    if ('metric' in item) metricOf(scope, metrics, item).copy(item);
    else scope.copy(item);
    return values !== '';
  }

  #groupOf(item: Item): ResourceGroup {
    const name = nameOf(item.resource, item.attributes, this.#keys);
    let group = this.#resources.get(name);
    if (group === undefined) {
      group = { resource: this.#builder.resourceWith(item.resource, item, this.#keys), scopes: new Map() };
      this.#resources.set(name, group);
    }
    return group;
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

function scopeOf({ resource, scopes }: ResourceGroup, { scope }: Item): ScopeGroup {
  const { version } = scope;
  const name = `${version.length} ${version}${scope.name}`;
  let group = scopes.get(name);
  if (group === undefined) scopes.set(name, (group = { scope: resource.scopeLike(scope), metrics: new Map() }));
  return group;
}

/** Of metrics with one name and type the first gives everything else. */
function metricOf(scope: NewScope, metrics: Map<string, AnyMetric>, point: DataPointView): AnyMetric {
  const name = `${point.metric.type} ${point.metric.name}`;
  let metric = metrics.get(name);
  if (metric === undefined) metrics.set(name, (metric = scope.metricLike(point)));
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

/** A text that is the same for the same set of attributes only: those of the resource, but of the keys what the item has. */
function nameOf(resource: ResourceView, item: AttributesView, keys: readonly Key[]): string {
  const parts: string[] = [];
  const part = (attributes: AttributesView, slot: number): void => {
    const key = latin1(attributes.keyRangeAt(slot));
    parts.push(`${key.length} ${key} ${valueName(attributes, slot)}`);
  };
  const { attributes } = resource;
  const replaced = new Set(keys.filter((key) => item.has(key)).map((key) => attributes.find(key)));
  for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) if (!replaced.has(slot)) part(attributes, slot);
  for (const key of keys) {
    const slot = item.find(key);
    if (slot >= 0) part(item, slot);
  }
  return parts.sort().join('');
}
