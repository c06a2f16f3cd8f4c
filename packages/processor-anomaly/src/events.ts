import { BatchBuilder } from '@millrace/wire';
import type { Batch, BufferPool, PlainAttributes } from '@millrace/wire';
import type { Labels } from './labels.ts';
import { isRate, kinds, measures, place } from './measures.ts';
import type { Gauge, Notice } from './notice.ts';

/** The scope of everything that is reported. */
const scopeName = 'anomaly';
/** Points of a batch; those of a group are not split. */
const batchPoints = 6000;

const units: readonly string[] = ['{currency}', 's', '1', '1', '{point}'];
const words: readonly string[] = [
  'The typical cost of a call',
  'The typical duration of a call',
  'The share of calls that fail',
  'The share of calls that a cache answers',
  'The score of evaluations',
];

/** Nanoseconds since the epoch. */
function nanosOf(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}

/** What a notice says by itself: everything. Content of calls is not known here, so it is not in it. */
export function noticeAttributes(notice: Notice, labels: Labels): PlainAttributes {
  const { kind, severity, measure, state, reason, score, value, expected, group, startedMs, detectedMs, atMs } = notice;
  const known = Number.isFinite(value) && Number.isFinite(expected);
  return {
    ...labels.attributesOf(group.key),
    'anomaly.kind': kind,
    'anomaly.state': state,
    'anomaly.severity': severity,
    'anomaly.metric': measures[measure]!,
    'anomaly.score': score,
    ...(known && { 'anomaly.value': value, 'anomaly.expected': expected, 'anomaly.deviation_percent': deviationPercent(value, expected) }),
    'anomaly.explanation': explanation(notice, labels),
    'anomaly.started': new Date(startedMs).toISOString(),
    'anomaly.detected': new Date(detectedMs).toISOString(),
    ...(state === 'ended' && { 'anomaly.ended': new Date(atMs).toISOString(), 'anomaly.end_reason': reason }),
  };
}

function deviationPercent(value: number, expected: number): number {
  return expected === 0 ? 0 : (100 * (value - expected)) / expected;
}

/** A notice in words. */
export function explanation({ group, measure, state, reason, value, expected, startedMs }: Notice, labels: Labels): string {
  const who = Object.values(labels.attributesOf(group.key)).join(', ') || 'all calls';
  if (state === 'ended') {
    const why = {
      recovered: 'is as usual again',
      adapted: 'is what is usual from now on',
      silent: 'is not known any more: there are no calls',
      '': '',
    };
    return `${words[measure]} of ${who} ${why[reason]}.`;
  }
  const since = `since ${new Date(startedMs).toISOString()}`;
  return `${words[measure]} of ${who} is ${inWords(measure, value)}, where ${inWords(measure, expected)} is expected, ${since}.`;
}

function inWords(measure: number, value: number): string {
  if (isRate(measure)) return `${Number((100 * value).toPrecision(3))} %`;
  const rounded = String(Number(value.toPrecision(3)));
  if (measure === place.latency) return `${rounded} s`;
  return measure === place.quality ? `${rounded} points` : rounded;
}

/** A log record for each onset and end. */
export function noticesBatch(notices: readonly Notice[], labels: Labels, pool: BufferPool): Batch | undefined {
  const builder = new BatchBuilder('logs', pool);
  const scope = builder.resource().scope(scopeName);
  for (const notice of notices) {
    const time = nanosOf(notice.atMs);
    const [severityNumber, severityText] =
      notice.state === 'ended' ? [9, 'INFO'] : notice.severity === 'critical' ? [17, 'ERROR'] : [13, 'WARN'];
    scope.log({
      timeUnixNano: time,
      observedTimeUnixNano: time,
      severityNumber: severityNumber as number,
      severityText: severityText as string,
      eventName: `anomaly.${notice.state}`,
      body: explanation(notice, labels),
      attributes: noticeAttributes(notice, labels),
    });
  }
  return builder.finish();
}

/** A point of the counter `anomaly.events` for each onset and end. */
export function noticePoints(notices: readonly Notice[], labels: Labels, pool: BufferPool): Batch | undefined {
  const builder = new BatchBuilder('metrics', pool);
  const metric = builder.resource().scope(scopeName).metric({
    name: 'anomaly.events',
    description: 'Number of anomalies that started or ended',
    unit: '{event}',
    type: 'sum',
    temporality: 1,
    isMonotonic: true,
  });
  for (const { group, kind, severity, state, atMs } of notices) {
    const time = nanosOf(atMs);
    const attributes = { ...labels.attributesOf(group.key), 'anomaly.kind': kind, 'anomaly.severity': severity, 'anomaly.state': state };
    metric.point({ startTimeUnixNano: time, timeUnixNano: time, asInt: 1n, attributes });
  }
  return builder.finish();
}

const gaugeTexts = {
  score: ['anomaly.score', 'Probability that something is wrong: from 0.5 on there may be an anomaly'],
  value: ['anomaly.value', 'What was seen in the last interval'],
  expected: ['anomaly.expected', 'What was expected in the last interval'],
  lower: ['anomaly.lower', 'Lower end of the 95 % interval of what was expected'],
  upper: ['anomaly.upper', 'Upper end of the 95 % interval of what was expected'],
} as const;
const gaugeFields = Object.keys(gaugeTexts) as (keyof typeof gaugeTexts)[];

/** Gauges of groups, in batches of a bounded size. */
export function* gaugeBatches(atMs: number, gauges: readonly Gauge[], labels: Labels, pool: BufferPool): Generator<Batch> {
  const timeUnixNano = nanosOf(atMs);
  for (let from = 0; from < gauges.length; from += batchPoints / gaugeFields.length) {
    const builder = new BatchBuilder('metrics', pool);
    const scope = builder.resource().scope(scopeName);
    const part = gauges.slice(from, from + batchPoints / gaugeFields.length);
    for (const name of gaugeFields) {
      const [metricName, description] = gaugeTexts[name];
      for (const gauge of part) {
        const attributes = {
          ...labels.attributesOf(gauge.group.key),
          'anomaly.kind': kinds[gauge.measure]!,
          'anomaly.metric': measures[gauge.measure]!,
        };
        const unit = name === 'score' ? '1' : units[gauge.measure]!;
        scope.metric({ name: metricName, description, unit, type: 'gauge' }).point({ timeUnixNano, asDouble: gauge[name], attributes });
      }
    }
    const batch = builder.finish();
    if (batch !== undefined) yield batch;
  }
}
