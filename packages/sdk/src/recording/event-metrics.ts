import type { Moment, UsageSummary } from '@millrace/genai';
import { EventClock, RollingMean } from '@millrace/instruments';
import type { Registry } from '@millrace/instruments';
import type { BatchEvent, CacheEvent, ErrorEvent, PolicyEvent, RetryEvent, RoutingEvent } from './events.ts';
import type { RollingWindow, RowInstruments, Rows } from './rows.ts';

/** Records what happens beside the calls of models, in the metrics of the list and the summary. */
export class EventMetrics {
  readonly #registry: Registry;
  readonly #rows: Rows;
  readonly #summary: UsageSummary | undefined;
  readonly #hitRate: RollingMean;

  /** Without a summary there are only metrics. */
  constructor(registry: Registry, rows: Rows, { windowMs, limit }: RollingWindow, summary: UsageSummary | undefined) {
    this.#registry = registry;
    this.#rows = rows;
    this.#summary = summary;
    this.#hitRate = new RollingMean(windowMs, limit, new EventClock(() => registry.now()), rows.get('gauge', 'millrace.cache.hit_rate'));
    registry.observe(() => this.#hitRate.show());
  }

  cacheEvent(event: CacheEvent): void {
    const { operation = 'get', hit, count = 1, durationMs = Number.NaN, sizeBytes, entries } = event;
    const at = { unixMs: event.unixMs ?? this.#registry.now(), durationMs };
    const tier = String(event.tier);
    if (operation === 'evict') this.#counter('millrace.cache.evictions').seriesOf(tier).add(count);
    else if (operation === 'expire') this.#counter('millrace.cache.expirations').seriesOf(tier).add(count);
    else {
      this.#counter('millrace.cache.operations').seriesOf(tier, operation).add(count);
      if (operation === 'get' && hit !== undefined) this.cache(tier, hit, at);
      if (durationMs >= 0) {
        const result = hit === undefined ? '' : hit ? 'hit' : 'miss';
        this.#rows
          .get('histogram', 'millrace.cache.operation.duration')
          .seriesOf(tier, operation, result)
          .record(durationMs / 1000);
      }
    }
    if (sizeBytes !== undefined) this.#rows.get('gauge', 'millrace.cache.size').seriesOf(tier).set(sizeBytes);
    if (entries !== undefined) this.#rows.get('gauge', 'millrace.cache.entries').seriesOf(tier).set(entries);
  }

  /** One look into a tier of the application's cache. */
  cache(tier: string, hit: boolean, at: Moment): void {
    this.#counter(hit ? 'millrace.cache.hits' : 'millrace.cache.misses')
      .seriesOf(tier)
      .add(1);
    this.#hitRate.add(this.#hitRate.of([tier]), hit ? 1 : 0, at.unixMs);
    this.#summary?.recordCache(tier, hit, at);
  }

  routing(event: RoutingEvent): void {
    const { strategy, model, provider, durationMs, fallbackFrom, failoverFrom, failoverTo } = event;
    this.#counter('millrace.model.selections').seriesOf(strategy, provider, model).add(1);
    if (durationMs !== undefined)
      this.#rows
        .get('histogram', 'millrace.routing.decision.duration')
        .seriesOf(strategy)
        .record(durationMs / 1000);
    if (fallbackFrom !== undefined) this.#counter('millrace.model.fallbacks').seriesOf(fallbackFrom, model).add(1);
    if (failoverFrom !== undefined) this.#counter('millrace.failovers').seriesOf(failoverFrom, failoverTo).add(1);
    this.#note('routing decisions', event.unixMs);
    if (fallbackFrom !== undefined) this.#note('fallbacks', event.unixMs);
  }

  batch(event: BatchEvent): void {
    this.#rows.get('histogram', 'millrace.batch.size').seriesOf(event.provider).record(event.size);
    if (event.savingsPercent !== undefined)
      this.#rows.get('histogram', 'millrace.batch.savings').seriesOf(event.provider).record(event.savingsPercent);
    this.#note('batches', event.unixMs);
  }

  error(event: ErrorEvent): void {
    this.#counter('millrace.errors').seriesOf(event.type, event.component, event.severity).add(1);
    this.#summary?.recordError(event.type, event.unixMs ?? this.#registry.now());
  }

  policy(event: PolicyEvent): void {
    const { name, violation } = event;
    this.#counter('millrace.policy.evaluations')
      .seriesOf(name, event.result ?? (violation === undefined ? 'allow' : 'deny'))
      .add(1);
    if (violation === undefined) return;
    this.#counter('millrace.policy.violations').seriesOf(name, violation).add(1);
    this.#note('policy violations', event.unixMs);
  }

  retry(event: RetryEvent): void {
    this.#counter('millrace.retries').seriesOf(event.provider, event.model, event.error).add(1);
    this.#note('retries', event.unixMs);
  }

  #note(name: string, unixMs: number = this.#registry.now()): void {
    this.#summary?.count(name, unixMs);
  }

  #counter(name: string): RowInstruments['counter'] {
    return this.#rows.get('counter', name);
  }
}
