import type { Group } from './group-store.ts';
import type { AnomalyKind } from './measures.ts';

/** What is said when an anomaly starts or ends. Values are in units of the measure: the currency, seconds, shares, points. */
export interface Notice {
  readonly state: 'started' | 'ended';
  /** Of an end: things are as they were, what they are is usual now, or there were no more calls. */
  readonly reason: '' | 'recovered' | 'adapted' | 'silent';
  readonly kind: AnomalyKind;
  readonly measure: number;
  readonly severity: 'warning' | 'critical';
  readonly group: Group;
  /** The end of the interval that led to it. */
  readonly atMs: number;
  /** When the first calls came that are not as usual, and when it was known. */
  readonly startedMs: number;
  readonly detectedMs: number;
  readonly score: number;
  readonly value: number;
  readonly expected: number;
}

/** What is known of a measure of a group at the end of an interval. */
export interface Gauge {
  readonly group: Group;
  readonly measure: number;
  readonly score: number;
  readonly value: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
}

/** What is said of a call of a group in an anomaly. */
export type Worst = Pick<Notice, 'measure' | 'severity' | 'score' | 'value' | 'expected'>;

/** Hears of what happens. */
export interface WatchListener {
  notices(notices: readonly Notice[]): void;
  /** Gauges of the groups with calls, at multiples of the interval of metrics. Absent: nobody wants them. */
  gauges?(atMs: number, gauges: readonly Gauge[]): void;
}
