import type { Batch, SpanView, Visitor, Walk } from '@millrace/wire';
import { key, walk } from '@millrace/wire';
import { type Attributes, attributesOf, firstText } from '../attributes.ts';
import { normalizeTag } from '../normalize.ts';
import { containerTagNames, containerTags } from '../resource-tags.ts';
import { hostName } from '../source.ts';
import type { StatsSource } from '../stats/concentrator.ts';
import { convertForStats, environmentOf, normalized, type Scope, serviceOf, type SpanOptions } from './convert-span.ts';
import { obfuscateSpan } from './obfuscate.ts';
import { resourceName } from './span-names.ts';
import { type DatadogSpan, kinds } from './span.ts';

const serviceName = key('service.name');
const noAttributes: Attributes = new Map();

/** How spans are read for statistics. */
export interface StatsMapperOptions extends SpanOptions {
  readonly peerTags: readonly string[];
  /** Spans of these resources are left out. */
  readonly ignoredResources: ReadonlySet<string>;
  /** Attributes of resources with a container that become tags. */
  readonly containerTagKeys: readonly string[];
}

/**
 * Reads batches of spans for statistics, straight from OTLP. Two passes: whether a span is top-level depends on the service of its parent,
 * which may come later in the batch.
 */
export class StatsMapper {
  readonly #options: StatsMapperOptions;
  readonly #first: Walk;
  readonly #second: Walk;
  #resource: Attributes = new Map();
  #scope: Scope = { name: '', version: '', attributes: new Map() };
  #services = new Map<string, string>();

  constructor(options: StatsMapperOptions, add: (span: DatadogSpan, source: StatsSource) => void) {
    this.#options = options;
    const onResource: NonNullable<Visitor['onResource']> = ({ attributes }) => {
      this.#resource = attributesOf(attributes);
    };
    this.#first = walk(
      [
        {
          traits: { refuses: true },
          onResource,
          onSpan: (view) => {
            if (isValid(view)) this.#services.set(view.spanIdHex, this.#serviceOf(view));
          },
        },
      ],
      () => {},
    );
    this.#second = walk(
      [
        {
          traits: { refuses: true },
          onResource,
          onScope: ({ name, version, attributes }) => {
            this.#scope = { name, version, attributes: attributesOf(attributes) };
          },
          onSpan: (view) => {
            if (isValid(view)) this.#convert(view, add);
          },
        },
      ],
      () => {},
    );
  }

  /** Hands every span that is valid and not ignored to `add`. */
  map(batch: Batch): void {
    this.#services = new Map();
    if (!this.#options.computeTopLevelBySpanKind) this.#first.run(batch);
    this.#second.run(batch);
    this.#services = new Map();
  }

  #convert(view: SpanView, add: (span: DatadogSpan, source: StatsSource) => void): void {
    const { peerTags, ignoredResources, containerTagKeys } = this.#options;
    const resource = this.#resource;
    const attributes = attributesOf(view.attributes);
    const named = { name: view.name, kind: view.kind, attributes, resource, scopeName: this.#scope.name };
    if (ignoredResources.size > 0 && ignoredResources.has(resourceName(named, this.#options))) return;
    const keys = peerTagsOf(view.kind, peerTags);
    const span = convertForStats(view, attributes, resource, this.#scope, this.#isTopLevel(view, attributes), this.#options, keys);
    obfuscateSpan(span);
    const containerId = normalized(attributes, resource, 'container.id', 'k8s.pod.uid');
    const hostFallback = firstText(resource, ['_dd.hostname']) || firstText(attributes, ['_dd.hostname']);
    add(span, {
      env: environmentOf(attributes, resource) || 'none',
      hostname: hostName(resource, hostFallback),
      version: normalized(attributes, resource, 'service.version'),
      containerId,
      lang: '',
      gitCommitSha: '',
      imageTag: '',
      containerTags: containerId === '' ? [] : tagsOf(resource, containerTagKeys),
    });
  }

  #isTopLevel(view: SpanView, attributes: Attributes): boolean {
    const { parentSpanIdHex, kind } = view;
    if (/^0*$/.test(parentSpanIdHex)) return true;
    if (this.#options.computeTopLevelBySpanKind) return kind === kinds.server || kind === kinds.consumer;
    return this.#services.get(parentSpanIdHex) !== serviceOf(attributes, this.#resource);
  }

  #serviceOf({ attributes }: SpanView): string {
    const own = attributes.value(serviceName)?.toPlain();
    return serviceOf(own === undefined ? noAttributes : new Map([['service.name', own]]), this.#resource);
  }
}

/** The peer tags that a span of this kind can have. */
function peerTagsOf(kind: number, peerTags: readonly string[]): readonly string[] {
  if (kind >= kinds.client) return peerTags;
  return kind === kinds.internal ? peerTags.filter((tag) => tag === '_dd.base_service') : [];
}

function isValid({ traceIdHex, spanIdHex }: SpanView): boolean {
  return !/^0*$/.test(traceIdHex) && !/^0*$/.test(spanIdHex);
}

function tagsOf(resource: Attributes, keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  const known = containerTags(resource);
  const tags: string[] = [];
  for (const key of keys) {
    const name = containerTagNames.get(key) ?? key;
    const value = name === key ? firstText(resource, [key]) : (known.get(name) ?? '');
    if (value !== '') tags.push(normalizeTag(`${name}:${value}`));
  }
  return tags.sort();
}
