import type { Context } from '@millrace/api';
import { decisions } from './decision.ts';
import type { Decision } from './decision.ts';
import type { NamedPolicy } from './decider.ts';

const prefix = 'processor_tail_sampling_';
/** The Collector's. */
const latencyBuckets = [
  1, 2, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2000, 3000, 4000, 5000, 10_000, 20_000, 30_000, 50_000,
];

/** Attributes of what was decided, by decision. */
const byDecision: Readonly<Record<number, { readonly sampled: string; readonly decision: string }>> = {
  [decisions.sampled]: { sampled: 'true', decision: 'sampled' },
  [decisions.notSampled]: { sampled: 'false', decision: 'not_sampled' },
  [decisions.dropped]: { sampled: 'false', decision: 'dropped' },
};

/** What the policies said. */
interface Decided {
  readonly policies: readonly NamedPolicy[];
  readonly errors: number;
}

/** Whether the feature gates of metrics are on. */
interface Gates {
  readonly countsSpans: boolean;
  readonly countsBytes: boolean;
}

/** The Collector's metrics of processor `tail_sampling`. */
export class TailSamplingMetrics {
  newTraces = 0;
  droppedTooEarly = 0;
  droppedTooLarge = 0;
  /** Spans that a decision cache decided about. */
  earlySampled = 0;
  earlyNotSampled = 0;
  /** Milliseconds spent with deciding. */
  decidingMs = 0;
  readonly #traces = new Float64Array(4);
  readonly #attributes: { readonly processor: string };
  readonly #latency: (ms: number) => void;
  readonly #lateAge: (seconds: number) => void;
  readonly #removalAge: (seconds: number) => void;

  constructor({ meter, id }: Pick<Context, 'meter' | 'id'>, decided: Decided, held: { readonly size: number }, gates: Gates) {
    const own = (this.#attributes = { processor: id });
    const recorder = (name: string, description: string, unit: string, boundaries?: number[]): ((value: number) => void) => {
      const advice = boundaries === undefined ? {} : { advice: { explicitBucketBoundaries: boundaries } };
      const histogram = meter.createHistogram(prefix + name, { description, unit, ...advice });
      return (value) => histogram.record(value, own);
    };
    this.#latency = recorder(
      'sampling_decision_timer_latency',
      'Latency (in milliseconds) of each run of the sampling decision timer',
      'ms',
      latencyBuckets,
    );
    this.#lateAge = recorder(
      'sampling_late_span_age',
      'Time (in seconds) from the sampling decision was taken and the arrival of a late span',
      's',
    );
    this.#removalAge = recorder(
      'sampling_trace_removal_age',
      'Time (in seconds) from arrival of a new trace until its removal from memory',
      's',
    );
    this.#observeTotals(meter, decided, held);
    this.#observePolicies(meter, decided, gates, id);
  }

  #observeTotals(meter: Context['meter'], decided: Decided, held: { readonly size: number }): void {
    const own = this.#attributes;
    const counter = (name: string, description: string, unit: string, read: () => number): void =>
      meter.createObservableCounter(prefix + name, { description, unit }).addCallback((result) => result.observe(read(), own));
    counter('new_trace_id_received', 'Counts the arrival of new traces', '{traces}', () => this.newTraces);
    counter(
      'sampling_trace_dropped_too_early',
      'Count of traces that needed to be dropped before the configured wait time',
      '{traces}',
      () => this.droppedTooEarly,
    );
    counter(
      'traces_dropped_too_large',
      'Count of traces that were dropped because they were too large',
      '{traces}',
      () => this.droppedTooLarge,
    );
    counter('sampling_policy_evaluation_error', 'Count of sampling policy evaluation errors', '{errors}', () => decided.errors);
    meter
      .createObservableGauge(`${prefix}sampling_traces_on_memory`, {
        description: 'Tracks the number of traces current on memory',
        unit: '{traces}',
      })
      .addCallback((result) => result.observe(held.size, own));
    meter
      .createObservableCounter(`${prefix}early_releases_from_cache_decision`, {
        description: 'Number of spans that were able to be immediately released due to a decision cache hit.',
        unit: '{spans}',
      })
      .addCallback((result) => {
        if (this.earlySampled > 0) result.observe(this.earlySampled, { ...own, sampled: 'true' });
        if (this.earlyNotSampled > 0) result.observe(this.earlyNotSampled, { ...own, sampled: 'false' });
      });
    meter
      .createObservableCounter(`${prefix}global_count_traces_sampled`, {
        description: 'Global count of traces that were sampled or not by at least one policy',
        unit: '{traces}',
      })
      .addCallback((result) => {
        for (const [decision, attributes] of Object.entries(byDecision)) {
          const count = this.#traces[Number(decision)];
          if (count > 0) result.observe(count, { ...own, ...attributes });
        }
      });
  }

  #observePolicies(meter: Context['meter'], { policies }: Decided, gates: Gates, id: string): void {
    const own = this.#attributes;
    const name = id.includes('/') ? `${id.slice(id.indexOf('/') + 1)}.` : '';
    const counted = (what: 'traces' | 'spans' | 'bytes', unit: string, isOn: () => boolean): void =>
      meter
        .createObservableCounter(`${prefix}count_${what}_sampled`, {
          description: `Count of ${what} that were sampled or not per sampling policy`,
          unit,
        })
        .addCallback((result) => {
          if (!isOn()) return;
          for (const policy of policies) {
            for (const [decision, attributes] of Object.entries(byDecision)) {
              if (policy.counts.traces[Number(decision)] === 0) continue;
              result.observe(policy.counts[what][Number(decision)], { ...own, policy: name + policy.name, ...attributes });
            }
          }
        });
    counted('traces', '{traces}', () => true);
    counted('spans', '{spans}', () => gates.countsSpans);
    counted('bytes', 'By', () => gates.countsBytes);
    meter
      .createObservableCounter(`${prefix}sampling_policy_execution_count`, {
        description: 'Total number of executions of a specific sampling policy',
        unit: '{executions}',
      })
      .addCallback((result) => {
        for (const policy of policies) result.observe(policy.counts.executions, { ...own, policy: name + policy.name });
      });
    meter
      .createObservableCounter(`${prefix}sampling_policy_execution_time_sum`, {
        description: 'Total time spent (in microseconds) executing a specific sampling policy',
        unit: 'µs',
      })
      .addCallback((result) => {
        // The policies look at a trace together: each gets a share by how often it was asked.
        const executions = policies.reduce((sum, { counts }) => sum + counts.executions, 0);
        for (const policy of policies) {
          const share = executions === 0 ? 0 : policy.counts.executions / executions;
          result.observe(Math.round(this.decidingMs * 1000 * share), { ...own, policy: name + policy.name });
        }
      });
  }

  /** A trace was decided about. */
  decided(decision: Decision): void {
    this.#traces[decision]++;
  }

  /** The decisions that were due took so long. */
  ran(ms: number): void {
    this.decidingMs += ms;
    this.#latency(Math.floor(ms));
  }

  /** Spans came so long after the decision. */
  late(ms: number): void {
    this.#lateAge(Math.floor(ms / 1000));
  }

  /** A trace is forgotten so long after it came. */
  removed(ms: number): void {
    this.#removalAge(Math.floor(ms / 1000));
  }
}
