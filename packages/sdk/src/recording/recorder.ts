import { summaryReport, UsageSummary } from '@millrace/genai';
import type { Call, Moment, PriceList, PricesConfig, SummaryCost, SummaryReport } from '@millrace/genai';
import { Registry } from '@millrace/instruments';
import type { InstrumentKind, RegistryOptions } from '@millrace/instruments';
import { CallMetrics } from './call-metrics.ts';
import { EventMetrics } from './event-metrics.ts';
import { readEvent } from './read-event.ts';
import type { BatchEvent, CacheEvent, ErrorEvent, InferenceEvent, PolicyEvent, RetryEvent, RoutingEvent } from './events.ts';
import { Rows } from './rows.ts';
import type { RowInstruments } from './rows.ts';
import { giveBack, takeCall } from './spare-calls.ts';

/** `full`: everything. `off`: counters only, and no summary. */
export type Detail = 'full' | 'off';

/** Settings of a recorder; those of its registry among them. */
export interface RecorderOptions extends Omit<RegistryOptions, 'kinds'> {
  /** Default `full`. */
  readonly detail?: Detail;
  /** What calls cost: settings, or a list that somebody loaded and closes. Default the catalogue. */
  readonly prices?: Partial<PricesConfig> | PriceList;
  /** How long the summary reaches back. Default 7 days. */
  readonly retentionMs?: number;
  /** Of the gauges of rates and averages. Default 5 minutes. */
  readonly rollingMs?: number;
  /** Told of prices that cannot be loaded; calls are unpriced then. Default nobody. */
  readonly report?: (error: Error) => void;
}

/** A call that is not in the metrics and the summary so far. */
interface Waiting {
  readonly call: Call;
  readonly at: Moment;
  /** When it was told. */
  readonly nowMs: number;
}

const counters: readonly InstrumentKind[] = ['counter', 'updown'];
const defaultRollingMs = 300_000;
const maxRollingSeries = 2000;
/** Calls are recorded so many at a time: what each one needs is at hand from the one before, and takes a fraction of the time. */
const batchSize = 64;
/** Calls that wait for the price list, which takes some milliseconds to load; more are recorded without a price. */
const maxWaiting = 10_000;

const unpriced: SummaryCost = {
  status: 'unpriced',
  currency: 'USD',
  estimated: 0n,
  actual: undefined,
  amount: 0n,
  savings: { cache: 0n, routing: 0n, batch: 0n },
};

/**
 * Records what an application does with models in the metrics of the list, and in a summary over time. Recording never throws and never waits.
 * What is recorded is in the text and the summary at once, calls as soon as the price list is there, which the first one loads.
 */
export class Recorder {
  readonly detail: Detail;
  /** The instruments, for any others that the application wants. */
  readonly registry: Registry;
  readonly #options: RecorderOptions;
  readonly #summary: UsageSummary;
  readonly #calls: CallMetrics;
  readonly #events: EventMetrics;
  readonly #rows: Rows;
  #prices: PriceList | undefined;
  #loading: Promise<void> | undefined;
  #isReady = false;
  /** Recorded by the next reading at the latest. */
  #waiting: Waiting[] = [];
  #isClosed = false;

  /** Throws an Error for a view that cannot be. */
  constructor(options: RecorderOptions = {}) {
    const { detail = 'full', prices, retentionMs, rollingMs = defaultRollingMs, limit } = options;
    this.detail = detail;
    this.#options = options;
    this.registry = new Registry({ ...options, ...(detail === 'off' && { kinds: counters }) });
    // First: what is read later has them.
    this.registry.observe(() => this.#recordWaiting());
    const listed = isList(prices) ? undefined : prices;
    this.#summary = new UsageSummary({
      now: () => this.registry.now(),
      ...(retentionMs !== undefined && { retentionMs }),
      ...(listed?.currency !== undefined && { currency: listed.currency }),
    });
    this.#rows = new Rows(this.registry);
    const rolling = { windowMs: rollingMs, limit: limit ?? maxRollingSeries };
    this.#calls = new CallMetrics(this.registry, this.#rows, rolling);
    this.#events = new EventMetrics(this.registry, this.#rows, rolling, detail === 'full' ? this.#summary : undefined);
    if (isList(prices)) {
      this.#prices = prices;
      this.#isReady = true;
    }
  }

  /** Resolves when the price list is there, or cannot be loaded. */
  ready(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    return (this.#loading ??= this.#load());
  }

  async #load(): Promise<void> {
    try {
      // Only here: an application that records no calls does without.
      const { loadPrices } = await import('./load-prices.ts');
      this.#prices = await loadPrices(this.#options.prices as Partial<PricesConfig> | undefined);
      if (this.#isClosed) this.#prices.close();
    } catch (error) {
      this.#options.report?.(error as Error);
    }
    this.#isReady = true;
    this.#recordWaiting();
  }

  /** Records a call of a model. */
  recordInference(event: InferenceEvent): void {
    const nowMs = this.registry.now();
    const at = { unixMs: event.unixMs ?? nowMs, durationMs: event.durationMs ?? Number.NaN };
    const call = takeCall();
    readEvent(event, call);
    if (call.cacheResult !== '') this.#events.cache(call.cacheTier || 'cache', call.cacheResult === 'hit', at);
    this.keepCall(call, at, nowMs);
  }

  /**
   * Records a call that a reader of telemetry filled; it may be reused afterwards. Of runs of agents, tools and workflows only the duration
   * counts. `unixMs` is when it ended.
   */
  recordCall(call: Call, at: Moment): void {
    if (!call.billed) this.#calls.run(call, at);
    else if (this.#isReady) this.#record(call, at, this.registry.now());
    else this.keepCall(call.copy(), at);
  }

  /** Likewise a call of a model that belongs to the recorder from now on; `nowMs` is when it was told. */
  keepCall(call: Call, at: Moment, nowMs: number = this.registry.now()): void {
    // Whoever wants to know the span that is active has to be asked now.
    const waits = this.#isReady ? this.#options.traceContext === undefined : this.#waiting.length < maxWaiting;
    if (!waits) {
      this.#record(call, at, nowMs);
      giveBack(call);
      return;
    }
    this.#waiting.push({ call, at, nowMs });
    if (!this.#isReady) void this.ready();
    else if (this.#waiting.length >= batchSize) this.#recordWaiting();
  }

  #recordWaiting(): void {
    if (!this.#isReady || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { call, at, nowMs } of waiting) {
      this.#record(call, at, nowMs);
      giveBack(call);
    }
  }

  #record(call: Call, at: Moment, nowMs: number): void {
    const startMs = at.durationMs >= 0 ? at.unixMs - at.durationMs : at.unixMs;
    const cost = this.#prices?.price(call, startMs) ?? unpriced;
    this.#calls.record(call, cost, at, nowMs);
    if (this.detail === 'full') this.#summary.record(call, cost, at);
  }

  /** Records what the application's cache did. */
  recordCacheEvent(event: CacheEvent): void {
    this.#events.cacheEvent(event);
  }

  /** Records a choice of a model or endpoint. */
  recordRouting(event: RoutingEvent): void {
    this.#events.routing(event);
  }

  /** Records a batch job. */
  recordBatch(event: BatchEvent): void {
    this.#events.batch(event);
  }

  /** Records an error outside of calls of models. */
  recordError(event: ErrorEvent): void {
    this.#events.error(event);
  }

  /** Records an evaluation of a policy. */
  recordPolicy(event: PolicyEvent): void {
    this.#events.policy(event);
  }

  /** Records that a call was tried again. */
  recordRetry(event: RetryEvent): void {
    this.#events.retry(event);
  }

  /** Records a judgement of an answer that came after its call. */
  recordQuality(model: string, score: number, { provider = '', evaluation = '', unixMs = this.registry.now() } = {}): void {
    this.#calls.rate(provider, model, evaluation, score, unixMs);
    if (this.detail === 'full') this.#summary.recordQuality(model, score, unixMs);
  }

  /** The counter of a metric of the list. Throws for any other name, with the nearest one. Keep it: this is a look-up. */
  counter(name: string): RowInstruments['counter'] {
    return this.#rows.get('counter', name);
  }

  /** Likewise an up-down counter. */
  upDownCounter(name: string): RowInstruments['up_down_counter'] {
    return this.#rows.get('up_down_counter', name);
  }

  /** Likewise a gauge. */
  gauge(name: string): RowInstruments['gauge'] {
    return this.#rows.get('gauge', name);
  }

  /** Likewise a histogram. */
  histogram(name: string): RowInstruments['histogram'] {
    return this.#rows.get('histogram', name);
  }

  /** What happened in the last `windowMs` up to now: whole minutes of up to 3 hours, whole hours beyond. Default one hour. */
  summary(windowMs = 3_600_000): SummaryReport {
    this.#recordWaiting();
    return summaryReport(this.#summary.window(windowMs, this.registry.now() + 1));
  }

  /** All metrics in Prometheus text. */
  metricsText(): string {
    return this.registry.text();
  }

  /** Waits for the calls that wait for prices, and stops looking at the file of prices. Safe twice, and recording afterwards is harmless. */
  async shutdown(): Promise<void> {
    this.#isClosed = true;
    if (this.#waiting.length > 0) await this.ready();
    this.#recordWaiting();
    if (!isList(this.#options.prices)) this.#prices?.close();
  }
}

function isList(prices: RecorderOptions['prices']): prices is PriceList {
  return prices !== undefined && 'price' in prices;
}
