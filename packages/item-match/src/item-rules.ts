import type { LogView, ResourceView, ScopeView, SpanView } from '@millrace/wire';
import { checkForLogs, checkForSpans } from './check-properties.ts';
import { logMatcher, spanMatcher } from './item-matcher.ts';
import type { ItemMatcher } from './item-matcher.ts';
import type { MatchConfig, MatchProperties } from './match-config.ts';
import { PropertyMatcher } from './property-matcher.ts';

/** One side of the rules, and whether what the current item is in matches. */
class Side<V> {
  readonly #shared: PropertyMatcher;
  readonly #item: ItemMatcher<V>;
  #resourceMatches = false;
  #scopeMatches = false;

  constructor(properties: MatchProperties, check: (properties: MatchProperties) => void, item: typeof spanMatcher | typeof logMatcher) {
    check(properties);
    this.#shared = new PropertyMatcher(properties);
    this.#item = item(properties, this.#shared) as ItemMatcher<V>;
  }

  /** Whether items below can match. */
  enterResource(resource: ResourceView): boolean {
    return (this.#resourceMatches = this.#shared.matchesResource(resource));
  }

  /** Whether items below can match. */
  enterScope(scope: ScopeView): boolean {
    return (this.#scopeMatches = this.#resourceMatches && this.#shared.matchesScope(scope));
  }

  /** Whether all items of the current scope match, whatever they are. */
  get matchesScope(): boolean {
    return this.#scopeMatches && this.#item.isEmpty;
  }

  matches(item: V): boolean {
    return this.#scopeMatches && this.#item.matches(item);
  }
}

/**
 * Include and exclude: which spans or log records a processor leaves alone. To be told of every resource and scope before it is asked about
 * their items, so that what is decided there is decided once.
 */
export class ItemRules<V extends SpanView | LogView> {
  readonly #include: Side<V> | undefined;
  readonly #exclude: Side<V> | undefined;

  private constructor({ include, exclude }: MatchConfig, make: (properties: MatchProperties) => Side<V>) {
    this.#include = include === undefined ? undefined : make(include);
    this.#exclude = exclude === undefined ? undefined : make(exclude);
  }

  /** The rules for spans; undefined when all are worked on. Throws an Error in the Collector's words when they are wrong. */
  static forSpans(config: MatchConfig): ItemRules<SpanView> | undefined {
    return isEmpty(config) ? undefined : new ItemRules<SpanView>(config, (properties) => new Side(properties, checkForSpans, spanMatcher));
  }

  /** The rules for log records; undefined when all are worked on. Throws an Error in the Collector's words when they are wrong. */
  static forLogs(config: MatchConfig): ItemRules<LogView> | undefined {
    return isEmpty(config) ? undefined : new ItemRules<LogView>(config, (properties) => new Side(properties, checkForLogs, logMatcher));
  }

  /** Whether everything below the resource is left alone. */
  skipsResource(resource: ResourceView): boolean {
    this.#exclude?.enterResource(resource);
    return this.#include?.enterResource(resource) === false;
  }

  /** Whether everything below the scope, of the resource that was asked about last, is left alone. */
  skipsScope(scope: ScopeView): boolean {
    this.#exclude?.enterScope(scope);
    return this.#include?.enterScope(scope) === false || this.#exclude?.matchesScope === true;
  }

  /** Whether an item of the scope that was asked about last is left alone. */
  skips(item: V): boolean {
    return this.#include?.matches(item) === false || this.#exclude?.matches(item) === true;
  }
}

function isEmpty({ include, exclude }: MatchConfig): boolean {
  return include === undefined && exclude === undefined;
}
