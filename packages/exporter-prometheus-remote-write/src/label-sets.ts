import {
  attributesKey,
  attributesOf,
  chosenAttributes,
  jobOf,
  LabelNames,
  reservedScopeAttributes,
  serviceAttributes,
} from '@millrace/prometheus-format';
import type { Label, NameOptions } from '@millrace/prometheus-format';
import type { AttributesView, ResourceView, ScopeView } from '@millrace/wire';
import { messageNames } from './config.ts';
import type { RemoteWriteConfig } from './config.ts';

/** A scope of a resource. */
export interface Scope {
  /** Different for every scope of an exporter. */
  readonly id: number;
  readonly resource: Resource;
  /** They stand in for those of points with the same names. */
  readonly labels: readonly Label[];
}

/** A resource. */
export interface Resource {
  /** Different for every resource and scope of an exporter. */
  readonly id: number;
  /** Resource attributes that stand in for those of points with the same names. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Job and instance. They stand in for those of points with the same names. */
  readonly labels: readonly Label[];
  /** The labels of `target_info`; undefined when the resource has nothing to tell or no name. */
  readonly target: readonly Label[] | undefined;
  readonly scopes: Map<string, Scope>;
}

/** More resources, or scopes of one resource, than this are not kept: they are read again. */
const maxKept = 10_000;

/** The labels that series have, by the rules of the Collector's remote write. */
export class LabelSets {
  readonly #config: RemoteWriteConfig;
  readonly #names: LabelNames;
  readonly #targetNames: LabelNames;
  readonly #external: readonly Label[];
  readonly #chosen: (name: string) => boolean;
  readonly #resources = new Map<string, Resource>();
  #nextId = 1;

  constructor(config: RemoteWriteConfig, { utf8 }: NameOptions) {
    this.#config = config;
    this.#names = new LabelNames({ utf8, collapses: true });
    this.#targetNames = config.protobuf_message === messageNames.v1 ? new LabelNames({ utf8 }) : this.#names;
    this.#external = Object.entries(config.external_labels).map(([name, value]) => [this.#names.label(name), value]);
    this.#chosen = chosenAttributes(config);
  }

  resource({ attributes }: ResourceView): Resource {
    const key = attributesKey(attributes);
    let resource = this.#resources.get(key);
    if (resource === undefined) {
      if (this.#resources.size >= maxKept) this.#resources.clear();
      this.#resources.set(key, (resource = this.#readResource(attributes)));
    }
    return resource;
  }

  scope(resource: Resource, view: ScopeView): Scope {
    const isOff = this.#config.disable_scope_info;
    const key = isOff ? '' : `${view.name}\0${view.version}\0${attributesKey(view.attributes)}`;
    let scope = resource.scopes.get(key);
    if (scope === undefined) {
      if (resource.scopes.size >= maxKept) resource.scopes.clear();
      scope = { id: this.#nextId++, resource, labels: isOff ? [] : this.#scopeLabels(view) };
      resource.scopes.set(key, scope);
    }
    return scope;
  }

  /** All labels of a series but its name, sorted. */
  series(view: AttributesView, { resource, labels }: Scope): Label[] {
    const attributes = attributesOf(view);
    if (resource.attributes.size === 0) return this.#merge(attributes, resource.labels, labels, this.#names);
    for (const [name, value] of resource.attributes) attributes.set(name, value);
    const sorted = new Map([...attributes].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return this.#merge(sorted, resource.labels, labels, this.#names);
  }

  /** Empty values are no labels. What different attributes of one name say is joined. */
  #merge(attributes: ReadonlyMap<string, string>, target: readonly Label[], scope: readonly Label[], names: LabelNames): Label[] {
    const merged = new Map<string, string>();
    for (const [attribute, value] of attributes) {
      if (value === '') continue;
      const name = names.label(attribute);
      const before = merged.get(name);
      if (before !== value) merged.set(name, before === undefined ? value : `${before};${value}`);
    }
    for (const [name, value] of target) merged.set(name, value);
    for (const [name, value] of this.#external) if (!merged.has(name)) merged.set(name, value);
    for (const [name, value] of scope) merged.set(name, value);
    return [...merged].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  #readResource(view: AttributesView): Resource {
    const attributes = attributesOf(view);
    const labels: Label[] = [];
    const job = attributes.get('service.name') === '' ? undefined : jobOf(attributes);
    const instance = attributes.get('service.instance.id');
    if (job !== undefined) labels.push(['job', job]);
    if (instance !== undefined && instance !== '') labels.push(['instance', instance]);
    const described = new Map([...attributes].filter(([name]) => !serviceAttributes.has(name)));
    const target = described.size === 0 ? [] : this.#merge(described, labels, [], this.#targetNames);
    return {
      id: this.#nextId++,
      attributes: new Map([...attributes].filter(([name]) => this.#chosen(name))),
      labels,
      target: target.some(([name]) => name === 'job' || name === 'instance') ? target : undefined,
      scopes: new Map(),
    };
  }

  #scopeLabels({ name, version, attributes }: ScopeView): Label[] {
    const labels: Label[] = [];
    if (name !== '') labels.push(['otel_scope_name', name]);
    if (version !== '') labels.push(['otel_scope_version', version]);
    for (const [attribute, value] of attributesOf(attributes)) {
      if (!reservedScopeAttributes.has(attribute) && value !== '') labels.push([this.#names.label(`otel_scope_${attribute}`), value]);
    }
    return labels;
  }
}
