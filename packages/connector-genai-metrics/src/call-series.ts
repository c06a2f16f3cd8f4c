import { isRateLimit } from '@millrace/genai';
import type { Call, Usage } from '@millrace/genai';
import type { KeptDistribution, KeptSum } from '@millrace/instruments';
import type { Labels } from './labels.ts';
import type { MetricSet } from './metric-set.ts';
import { MoneySeries } from './money-series.ts';
import type { Spending } from './spending.ts';
import { UsageSeries } from './usage-series.ts';

/** What the names of the metrics depend on. */
export interface Naming {
  readonly hasLatest: boolean;
  readonly has137: boolean;
}

/** Adds a value of a time to a rolling mean. */
export type AddToMean = (timeMs: number, value: number) => void;

/** The rolling means that a kind of calls belongs to. */
export interface CallMeans {
  readonly success: AddToMean;
  /** Undefined when no cache of the application was asked. */
  readonly cache: AddToMean | undefined;
  /** Whether that cache answered. */
  readonly isHit: boolean;
}

/** The series of all calls of models that are alike in their labels. */
export class CallSeries {
  readonly #metrics: MetricSet;
  readonly #labels: Labels;
  readonly #naming: Naming;
  readonly #level: Call['level'];
  readonly #isServer: boolean;
  readonly #errorType: string;
  readonly #means: CallMeans;
  #counters: readonly KeptSum[] | undefined;
  #durations: readonly KeptDistribution[] | undefined;
  #firstTokens: readonly KeptDistribution[] | undefined;
  #speed: KeptDistribution | undefined;
  #perToken: KeptDistribution | undefined;
  #usage: UsageSeries | undefined;
  #missing: KeptSum | undefined;
  #estimated: KeptSum | undefined;
  #unpriced: KeptSum | undefined;
  #money: MoneySeries | undefined;

  constructor(metrics: MetricSet, labels: Labels, call: Call, isServer: boolean, naming: Naming, means: CallMeans) {
    this.#metrics = metrics;
    this.#labels = labels;
    this.#naming = naming;
    this.#level = call.level;
    this.#isServer = isServer;
    this.#errorType = call.errorType;
    this.#means = means;
  }

  /** What one call adds 1 to. */
  #createCounters(): readonly KeptSum[] {
    const names = ['millrace.requests'];
    if (this.#errorType !== '') names.push('millrace.api.errors', 'millrace.errors');
    if (isRateLimit(this.#errorType)) names.push('millrace.rate_limit.hits');
    if (this.#means.cache !== undefined) names.push(this.#means.isHit ? 'millrace.cache.hits' : 'millrace.cache.misses');
    return names.map((name) => this.#metrics.counter(name, this.#labels));
  }

  #createDurations(): readonly KeptDistribution[] {
    const { hasLatest, has137 } = this.#naming;
    const names = ['millrace.request.duration'];
    if (this.#means.isHit) return this.#histograms(names);
    if (this.#isServer) {
      if (hasLatest || has137) names.push('gen_ai.server.request.duration');
    } else {
      const isRenamed = this.#level === 'inference' || this.#level === 'embeddings';
      if (hasLatest && isRenamed) names.push(`gen_ai.client.${this.#level}.duration`);
      if (has137 || (hasLatest && !isRenamed)) names.push('gen_ai.client.operation.duration');
    }
    return this.#histograms(names);
  }

  #histograms(names: readonly string[]): readonly KeptDistribution[] {
    return names.map((name) => this.#metrics.histogram(name, this.#labels));
  }

  /** Counts a call; its duration is in seconds, NaN when it is not known. Usage and cost are apart. */
  record(call: Call, endMs: number, seconds: number): void {
    this.#counters ??= this.#createCounters();
    for (const counter of this.#counters) counter.add(1);
    const { success, cache, isHit } = this.#means;
    const isOk = this.#errorType === '';
    success(endMs, isOk ? 1 : 0);
    cache?.(endMs, isHit ? 1 : 0);
    if (seconds >= 0) {
      this.#durations ??= this.#createDurations();
      for (const duration of this.#durations) duration.record(seconds);
    }
    const { timeToFirstChunk, usage } = call;
    if (timeToFirstChunk >= 0) {
      this.#firstTokens ??= this.#createFirstTokens();
      for (const first of this.#firstTokens) first.record(timeToFirstChunk);
    }
    // What the application's cache answered used no tokens and was no call of a vendor.
    if (isHit) return;
    if (call.usageMissing) (this.#missing ??= this.#metrics.counter('millrace.usage.missing', this.#labels)).add(1);
    if (usage.known && isOk && seconds > 0) this.#recordSpeed(usage.outputTokens, timeToFirstChunk, seconds);
    if (usage.known) this.recordUsage(usage);
    else if (!this.#isServer) this.#usageSeries.recordNone();
  }

  #createFirstTokens(): readonly KeptDistribution[] {
    const { hasLatest, has137 } = this.#naming;
    const names = ['millrace.request.time_to_first_token'];
    if (this.#means.isHit) return this.#histograms(names);
    if (this.#isServer) {
      if (hasLatest || has137) names.push('gen_ai.server.time_to_first_token');
    } else {
      if (hasLatest && this.#level === 'inference') names.push('gen_ai.client.inference.time_to_first_chunk');
      if (has137) names.push('gen_ai.client.operation.time_to_first_chunk');
    }
    return this.#histograms(names);
  }

  #recordSpeed(outputTokens: number, firstSeconds: number, seconds: number): void {
    if (outputTokens <= 0) return;
    const after = firstSeconds >= 0 && firstSeconds < seconds ? seconds - firstSeconds : seconds;
    (this.#speed ??= this.#metrics.histogram('millrace.request.token_rate', this.#labels)).record(outputTokens / after);
    if (!this.#isServer || outputTokens <= 1 || !(firstSeconds >= 0)) return;
    (this.#perToken ??= this.#metrics.histogram('gen_ai.server.time_per_output_token', this.#labels)).record(after / (outputTokens - 1));
  }

  /** Counts tokens: of a call, or of a run of an agent that stands for its calls. */
  recordUsage(usage: Usage): void {
    this.#usageSeries.record(usage);
    if (usage.estimated) (this.#estimated ??= this.#metrics.counter('millrace.usage.estimated', this.#labels)).add(1);
  }

  get #usageSeries(): UsageSeries {
    return (this.#usage ??= new UsageSeries(this.#metrics, this.#labels, {
      latest:
        this.#naming.hasLatest && !this.#isServer
          ? this.#level === 'embeddings'
            ? 'embeddings'
            : this.#level === 'inference'
              ? 'inference'
              : ''
          : '',
      has137: this.#naming.has137 && !this.#isServer,
    }));
  }

  /** Counts money. */
  recordSpending(spending: Spending): void {
    if (spending.status === 'unpriced') (this.#unpriced ??= this.#metrics.counter('millrace.cost.unpriced', this.#labels)).add(1);
    if (!(spending.amount >= 0)) return;
    if (this.#money?.currency !== spending.currency) this.#money = new MoneySeries(this.#metrics, this.#labels, spending.currency);
    this.#money.record(spending);
  }
}
