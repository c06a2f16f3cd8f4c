import { isRateLimit } from '@millrace/genai';
import type { Call } from '@millrace/genai';
import { RollingMean } from '@millrace/instruments';
import type { EventClock, LabelValue } from '@millrace/instruments';
import { CallSeries } from './call-series.ts';
import type { AddToMean, Naming } from './call-series.ts';
import { overflowLabel, overflowLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import { MetricSet } from './metric-set.ts';
import type { MetricSetOptions } from './metric-set.ts';

/** About the bytes of a series, and of a combination of labels with its handles. */
const seriesBytes = 500;
const callBytes = 1_500;

/** Metrics that only the latest conventions have. */
const latestNames: ReadonlySet<string> = new Set([
  'gen_ai.invoke_agent.duration',
  'gen_ai.invoke_workflow.duration',
  'gen_ai.execute_tool.duration',
]);

/** What the resources have in common. */
export interface ResourceOptions extends MetricSetOptions {
  readonly naming: Naming;
  readonly rateWindowMs: number;
  readonly eventClock: EventClock;
}

type Branch = Map<LabelValue | undefined, Branch | CallSeries>;

/** Everything that is counted of one resource. */
export class ResourceMetrics {
  readonly metrics: MetricSet;
  /** Whether something changed since the last report. */
  isPending = false;
  /** When it was reported last. */
  reportedMs = 0;
  readonly #options: ResourceOptions;
  readonly #calls: Branch = new Map();
  #callCount = 0;
  #clearedMs: number;
  readonly #overflow = new Map<string, CallSeries>();
  /** By metric. */
  readonly #means = new Map<string, RollingMean>();

  constructor(attributes: Readonly<Record<string, LabelValue>>, options: ResourceOptions) {
    this.#options = options;
    this.#clearedMs = options.now();
    this.metrics = new MetricSet(attributes, options);
  }

  get sizeBytes(): number {
    return this.metrics.registry.size * seriesBytes + this.#callCount * callBytes;
  }

  /**
   * The series of calls with these values. Beyond twice the limit of series, new combinations of values are counted as overflow in every metric, so
   * that a label that explodes costs neither memory nor time.
   */
  callSeries(values: readonly (LabelValue | undefined)[], call: Call, isServer: boolean, labelsOf: () => Labels): CallSeries {
    const isFull = this.#callCount >= this.#options.limit * 2 && !this.#makeRoom();
    let branch = this.#calls;
    const last = values.length - 1;
    for (let i = 0; i < last; i++) {
      let next = branch.get(values[i]) as Branch | undefined;
      if (next === undefined) {
        if (isFull) return this.#beyond(call, isServer);
        branch.set(values[i], (next = new Map()));
      }
      branch = next;
    }
    let series = branch.get(values[last]) as CallSeries | undefined;
    if (series === undefined) {
      if (isFull) return this.#beyond(call, isServer);
      branch.set(values[last], (series = this.#create(call, isServer, labelsOf())));
      this.#callCount++;
    }
    return series;
  }

  /** Forgets all combinations, now and then, where series end: what is in use comes back at once. */
  #makeRoom(): boolean {
    const { expireAfterMs, now } = this.#options;
    if (expireAfterMs === 0 || now() - this.#clearedMs < expireAfterMs) return false;
    this.#clearedMs = now();
    this.#calls.clear();
    this.#callCount = 0;
    return true;
  }

  #beyond(call: Call, isServer: boolean): CallSeries {
    const outcome = call.errorType === '' ? 'ok' : isRateLimit(call.errorType) ? 'limited' : 'failed';
    const id = `${call.level} ${isServer} ${call.cacheResult} ${outcome}`;
    let series = this.#overflow.get(id);
    if (series === undefined) this.#overflow.set(id, (series = this.#create(call, isServer, overflowLabels)));
    return series;
  }

  #create(call: Call, isServer: boolean, labels: Labels): CallSeries {
    return new CallSeries(this.metrics, labels, call, isServer, this.#options.naming, {
      success: this.mean('millrace.request.success_rate', labels),
      cache: call.cacheResult === '' ? undefined : this.mean('millrace.cache.hit_rate', labels),
      isHit: call.cacheResult === 'hit',
    });
  }

  /** What adds to the rolling mean that a gauge with these labels shows. What is beyond the limit of combinations has none. */
  mean(name: string, labels: Labels): AddToMean {
    if (labels.has(overflowLabel)) return () => {};
    const rolling = this.#rollingOf(name);
    const mean = rolling.of(this.metrics.valuesOf(name, labels));
    return (timeMs, value) => rolling.add(mean, value, timeMs);
  }

  #rollingOf(name: string): RollingMean {
    let rolling = this.#means.get(name);
    if (rolling === undefined) {
      const { rateWindowMs, limit, eventClock } = this.#options;
      const made = (rolling = new RollingMean(rateWindowMs, limit, eventClock, this.metrics.gauge(name)));
      this.#means.set(name, made);
      this.metrics.registry.observe(() => made.show());
    }
    return rolling;
  }

  /** Records a duration in a standard metric, where that is made and the duration known. */
  measure(name: string, labels: Labels, seconds: number): void {
    if (!(seconds >= 0)) return;
    const { hasLatest, has137 } = this.#options.naming;
    const isLatest = latestNames.has(name);
    if (isLatest ? hasLatest : hasLatest || has137) this.metrics.histogram(name, labels).record(seconds);
  }
}
