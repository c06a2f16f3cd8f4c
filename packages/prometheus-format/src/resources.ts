import type { AttributesView, ResourceView, ScopeView } from '@millrace/wire';
import type { LabelNames } from './label-names.ts';
import { encodeLabels } from './labels.ts';
import type { Label } from './metric-family.ts';
import type { RegistryConfig } from './registry.ts';
import { attributesKey, attributesOf, chosenAttributes, jobOf, reservedScopeAttributes, serviceAttributes } from './resource-labels.ts';

/** A resource and scope: the labels that every series below them has. */
export interface Scope {
  /** Different for every scope of an exporter. */
  readonly id: number;
  readonly resource: Resource;
  /** Besides those of the point: scope, job, instance, chosen resource attributes, constants. */
  readonly labels: readonly Label[];
}

/** A resource that sent lately. */
interface Resource {
  /** Resource attributes that stand in for those of points with the same names. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly labels: readonly Label[];
  /** Identifies the target by job and instance; empty when one of them is missing. */
  readonly target: string;
  readonly targetLabels: string;
  readonly scopes: Map<string, Scope>;
  seenMs: number;
}

/** The resources and scopes that series come from, known by the bytes of their attributes, until they have been silent for a while. */
export class Resources {
  readonly #config: RegistryConfig;
  readonly #names: LabelNames;
  readonly #chosen: (name: string) => boolean;
  readonly #resources = new Map<string, Resource>();
  /** The resource that describes each target: the first one, as long as it sends. */
  readonly #targets = new Map<string, Resource>();
  readonly #expirationMs: number;
  #nextId = 0;

  constructor(config: RegistryConfig, names: LabelNames, expirationMs: number) {
    this.#config = config;
    this.#expirationMs = expirationMs;
    this.#names = names;
    this.#chosen = chosenAttributes(config);
  }

  find(view: ResourceView, nowMs: number): Resource {
    const key = attributesKey(view.attributes);
    let resource = this.#resources.get(key);
    if (resource === undefined) {
      if (this.#resources.size >= maxResources) this.#resources.clear();
      this.#resources.set(key, (resource = this.#read(view.attributes, nowMs)));
    }
    resource.seenMs = nowMs;
    if (resource.target !== '') {
      const describing = this.#targets.get(resource.target);
      if (describing === undefined || describing.seenMs < nowMs - this.#expirationMs) this.#targets.set(resource.target, resource);
    }
    return resource;
  }

  findScope(resource: Resource, view: ScopeView): Scope {
    if (this.#config.without_scope_info) return this.#scope(resource, '', () => []);
    const key = `${view.name}\0${view.version}\0${view.schemaUrl}\0${attributesKey(view.attributes)}`;
    return this.#scope(resource, key, () => {
      const labels: Label[] = [];
      for (const [name, value] of attributesOf(view.attributes)) {
        if (!reservedScopeAttributes.has(name)) labels.push([this.#names.label(`otel_scope_${name}`), value]);
      }
      labels.push(['otel_scope_name', view.name], ['otel_scope_version', view.version], ['otel_scope_schema_url', view.schemaUrl]);
      return labels;
    });
  }

  get size(): number {
    return this.#resources.size;
  }

  /** Labels of `target_info` of each target that sent since. */
  *targets(sinceMs: number): Generator<string> {
    for (const { seenMs, targetLabels } of this.#targets.values()) if (seenMs >= sinceMs) yield targetLabels;
  }

  /** Forgets what has not sent since. */
  expire(sinceMs: number): void {
    for (const [key, { seenMs }] of this.#resources) if (seenMs < sinceMs) this.#resources.delete(key);
    for (const [target, { seenMs }] of this.#targets) if (seenMs < sinceMs) this.#targets.delete(target);
  }

  #scope(resource: Resource, key: string, scopeLabels: () => Label[]): Scope {
    let scope = resource.scopes.get(key);
    if (scope === undefined) {
      if (this.#nextId === 0xffff_ffff) this.#nextId = 0;
      scope = { id: this.#nextId++, resource, labels: [...scopeLabels(), ...resource.labels] };
      if (resource.scopes.size >= maxScopes) resource.scopes.clear();
      resource.scopes.set(key, scope);
    }
    return scope;
  }

  #read(view: AttributesView, nowMs: number): Resource {
    const attributes = attributesOf(view);
    const job = jobOf(attributes);
    const instance = attributes.get('service.instance.id');
    const labels: Label[] = [];
    if (job !== undefined) labels.push(['job', job]);
    if (instance !== undefined) labels.push(['instance', instance]);
    const targetLabels = [...labels];
    for (const [name, value] of attributes) if (!serviceAttributes.has(name)) targetLabels.push([this.#names.label(name), value]);
    for (const [name, value] of Object.entries(this.#config.const_labels)) labels.push([this.#names.label(name), value]);
    const converted = new Map([...attributes].filter(([name]) => this.#chosen(name)));
    const target = job === undefined || instance === undefined || job === '' || instance === '' ? '' : `${job}\0${instance}`;
    return { attributes: converted, labels, target, targetLabels: encodeLabels(targetLabels), scopes: new Map(), seenMs: nowMs };
  }
}

/** More resources than this are not kept: they are read again. */
const maxResources = 100_000;

/** More scopes of one resource than this are not kept: they are read again. */
const maxScopes = 10_000;
