import { AskError } from './endpoint.ts';
import type { Parameters, ParameterSchema } from './parameters.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Names of periods. A month is 30 days where it ends now, and one of the calendar where it is one of several. */
export const periodNames = ['hour', 'day', 'week', 'month'] as const;
export type PeriodName = (typeof periodNames)[number];

/** Times at which buckets begin, and the end of the last one, ascending. `stepMs` is the resolution that they need. */
export interface Buckets {
  readonly edgesMs: readonly number[];
  readonly stepMs: number;
}

const lengths: Readonly<Record<PeriodName, number>> = { hour: hourMs, day: dayMs, week: 7 * dayMs, month: 30 * dayMs };
const steps: Readonly<Record<PeriodName, number>> = { hour: minuteMs, day: hourMs, week: dayMs, month: dayMs };

/** The parameters that choose a period. */
export const periodParameters: Readonly<Record<string, ParameterSchema>> = {
  period: {
    type: 'string',
    enum: periodNames,
    default: 'day',
    description: 'The period up to now: an hour, 24 hours of the clock, 7 or 30 days of UTC, the present one among them.',
  },
  start: { type: 'string', format: 'date-time', description: 'The begin of the period, instead of the one that `period` says.' },
  end: { type: 'string', format: 'date-time', description: 'The end of the period, instead of now.' },
};

/** One bucket: the period that a request asks for, from a whole step on. */
export function periodOf(parameters: Parameters, nowMs: number): Buckets {
  const period = parameters.text('period') as PeriodName;
  const endMs = parameters.number('end') ?? nowMs;
  const startMs = parameters.number('start') ?? endMs - lengths[period];
  if (startMs >= endMs) throw new AskError(400, 'parameter start must be before end');
  const stepMs = parameters.number('start') === undefined ? steps[period] : stepFor(startMs, endMs);
  const wholeMs = Math.ceil(startMs / stepMs) * stepMs;
  return { edgesMs: [wholeMs, Math.max(endMs, wholeMs + 1)], stepMs };
}

function stepFor(startMs: number, endMs: number): number {
  if (endMs - startMs <= 2 * hourMs) return minuteMs;
  if (endMs - startMs <= 2 * dayMs) return 5 * minuteMs;
  return startMs % dayMs === 0 && endMs % dayMs === 0 ? dayMs : hourMs;
}

/** The period before one, as long as it. */
export function before({ edgesMs, stepMs: periodStepMs }: Buckets): Buckets {
  const [startMs, endMs] = [edgesMs[0]!, edgesMs.at(-1)!];
  const stepMs = Math.min(hourMs, periodStepMs);
  return { edgesMs: [Math.ceil((startMs - (endMs - startMs)) / stepMs) * stepMs, startMs], stepMs };
}

/** So many hours, days, weeks (from Monday) or months of UTC, the present one last. */
export function lastBuckets(period: PeriodName, count: number, nowMs: number): Buckets {
  const edgesMs = Array.from({ length: count + 1 }, (_, i) => bucketStart(period, nowMs, i - count + 1));
  return { edgesMs, stepMs: period === 'hour' ? hourMs : dayMs };
}

function bucketStart(period: PeriodName, nowMs: number, offset: number): number {
  if (period === 'hour') return (Math.floor(nowMs / hourMs) + offset) * hourMs;
  const day = Math.floor(nowMs / dayMs);
  if (period === 'day') return (day + offset) * dayMs;
  // 1970 began on a Thursday.
  if (period === 'week') return (day - ((day + 3) % 7) + 7 * offset) * dayMs;
  const date = new Date(nowMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1);
}
