import { Distribution, matchesAny } from '@millrace/timeseries';
import type { DataPointView, LogView, MetricEdit, ResourceView, SpanView, Verdict, Visitor } from '@millrace/wire';
import type { Aggregator } from './aggregator.ts';
import type { MetricRuleConfig } from './config.ts';
import type { Group } from './output-series.ts';
import type { Rule } from './rule.ts';
import type { Pseudo } from './series-lookup.ts';

const noRecordedValue = 1;
const errorStatus = 2;
const errorSeverity = 17;
const nanosPerMs = 1e6;
const spanKinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const statusCodes = ['Unset', 'Ok', 'Error'];

/** The rule for a metric. */
export function ruleFor(rules: readonly Rule[], name: string): Rule | undefined {
  return rules.find(({ config }) => matchesAny(name, (config as MetricRuleConfig).metrics));
}

/** Counts data points. */
export class PointSource implements Visitor {
  readonly #aggregator: Aggregator;
  readonly #rules: readonly Rule[];
  readonly #input = new Int32Array(4);
  readonly #distribution = new Distribution();
  #rule: Rule | undefined;
  #group: Group | undefined;
  #isCumulative = false;
  #isNumber = false;

  constructor(aggregator: Aggregator, rules: readonly Rule[]) {
    this.#aggregator = aggregator;
    this.#rules = rules;
  }

  onMetric(metric: MetricEdit): Verdict {
    const { name, type } = metric;
    this.#rule = ruleFor(this.#rules, name);
    if (this.#rule === undefined) return 'skip';
    this.#group = this.#aggregator.series.group(this.#rule, name, metric.unit, metric.resource);
    this.#isNumber = type === 'gauge' || type === 'sum';
    this.#isCumulative = type === 'summary' || (metric.temporality === 2 && (type !== 'sum' || metric.isMonotonic));
    if (this.#isCumulative) this.#aggregator.series.inputWords(metric, this.#input);
    return undefined;
  }

  onDataPoint(point: DataPointView): void {
    if ((point.flags & noRecordedValue) !== 0) return;
    const aggregator = this.#aggregator;
    const timeMs = aggregator.timeOf(point.timeNanos);
    const { refused } = aggregator.input;
    let value = 0;
    let distribution: Distribution | undefined;
    if (this.#isNumber)
      value = this.#isCumulative ? aggregator.input.number(this.#words(point), point, seenAt(timeMs, aggregator)) : point.number;
    else if (this.#isCumulative) distribution = aggregator.input.distribution(this.#words(point), point, seenAt(timeMs, aggregator));
    else {
      distribution = this.#distribution;
      distribution.read(point);
    }
    // A late point is given up once.
    if (Number.isNaN(timeMs)) aggregator.input.refused = refused;
    if (Number.isNaN(timeMs) || !Number.isFinite(value) || (!this.#isNumber && (distribution === undefined || distribution.count === 0)))
      return;
    const rule = this.#rule!;
    const slot = this.#group === undefined ? -1 : aggregator.series.seriesOf(this.#group, point.attributes, undefined, timeMs);
    if (slot < 0) {
      aggregator.droppedForMemory++;
      return;
    }
    const isFailure = rule.fails(point.attributes) === true;
    if (distribution === undefined) aggregator.add(slot, rule, timeMs, value, isFailure);
    else aggregator.addDistribution(slot, rule, timeMs, distribution, isFailure);
    if (aggregator.wantsExemplars) this.#offerExemplar(slot, timeMs, point);
  }

  #words(point: DataPointView): Int32Array {
    return this.#aggregator.series.identity.start(this.#input).attributes(point.attributes).words;
  }

  #offerExemplar(slot: number, timeMs: number, { exemplars }: DataPointView): void {
    for (let i = 0; i < exemplars.size; i++) {
      const exemplar = exemplars.at(i);
      const { number } = exemplar;
      if (!this.#aggregator.isLargest(slot, timeMs, number)) continue;
      const { timeUnixNano, traceIdHex: traceId, spanIdHex: spanId } = exemplar;
      this.#aggregator.setExemplar(slot, timeMs, { value: number, timeUnixNano, traceId, spanId });
    }
  }
}

function seenAt(timeMs: number, { maxTimeMs }: Aggregator): number {
  return Math.floor((Number.isNaN(timeMs) ? maxTimeMs : timeMs) / 1000);
}

/** Counts spans or log records: each by every rule. */
export class ItemSource implements Visitor {
  readonly onSpan?: (span: SpanView) => void;
  readonly onLog?: (log: LogView) => void;
  readonly #aggregator: Aggregator;
  readonly #rules: readonly Rule[];
  readonly #groups: (Group | undefined)[];
  #span: SpanView | undefined;
  #log: LogView | undefined;

  constructor(aggregator: Aggregator, rules: readonly Rule[], signal: 'traces' | 'logs') {
    this.#aggregator = aggregator;
    this.#rules = rules;
    this.#groups = rules.map(() => undefined);
    if (signal === 'traces') this.onSpan = (span) => this.#addSpan(span);
    else this.onLog = (log) => this.#addLog(log);
  }

  onResource(resource: ResourceView): void {
    for (const rule of this.#rules) {
      const { name, unit } = rule.config as { name: string; unit: string };
      this.#groups[rule.index] = this.#aggregator.series.group(rule, name, unit, resource);
    }
  }

  #addSpan(span: SpanView): void {
    const timeMs = this.#aggregator.timeOf(Number(span.endTimeUnixNano));
    if (Number.isNaN(timeMs)) return;
    this.#span = span;
    const isError = span.statusCode === errorStatus;
    for (const rule of this.#rules) {
      const { attributes } = span;
      const value =
        rule.valueKey !== undefined
          ? attributes.number(rule.valueKey)
          : (rule.config as { value: string }).value === '1'
            ? 1
            : span.durationNanos / 1e9;
      if (value !== undefined) this.#add(rule, span, timeMs, value, rule.fails(attributes) ?? isError, this.#ofSpan);
    }
  }

  #addLog(log: LogView): void {
    const timeMs = this.#aggregator.timeOf(Number(log.timeUnixNano === 0n ? log.observedTimeUnixNano : log.timeUnixNano));
    if (Number.isNaN(timeMs)) return;
    this.#log = log;
    const isError = log.severityNumber >= errorSeverity;
    for (const rule of this.#rules) {
      const value = rule.valueKey === undefined ? 1 : log.attributes.number(rule.valueKey);
      if (value !== undefined) this.#add(rule, log, timeMs, value, rule.fails(log.attributes) ?? isError, this.#ofLog);
    }
  }

  #add(rule: Rule, item: SpanView | LogView, timeMs: number, value: number, isFailure: boolean, pseudo: Pseudo): void {
    if (!Number.isFinite(value)) return;
    const group = this.#groups[rule.index];
    const aggregator = this.#aggregator;
    const slot = group === undefined ? -1 : aggregator.series.seriesOf(group, item.attributes, pseudo, timeMs);
    if (slot < 0) {
      // Once for an item, whatever the number of rules.
      if (rule.index === 0) aggregator.droppedForMemory++;
      return;
    }
    aggregator.add(slot, rule, timeMs, value, isFailure);
    if (!aggregator.wantsExemplars || !aggregator.isLargest(slot, timeMs, value)) return;
    const timeUnixNano = BigInt(Math.round(timeMs * nanosPerMs));
    aggregator.setExemplar(slot, timeMs, { value, timeUnixNano, traceId: item.traceIdHex, spanId: item.spanIdHex });
  }

  readonly #ofSpan: Pseudo = (name) => {
    const span = this.#span!;
    if (name === 'span.name') return span.name;
    if (name === 'span.kind') return spanKinds[span.kind] ?? spanKinds[0];
    return name === 'status.code' ? (statusCodes[span.statusCode] ?? statusCodes[0]) : undefined;
  };

  readonly #ofLog: Pseudo = (name) => {
    const log = this.#log!;
    if (name === 'severity_text') return log.severityText;
    return name === 'event.name' && log.eventName !== '' ? log.eventName : undefined;
  };
}
