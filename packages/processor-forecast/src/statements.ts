import { durationMs } from '@millrace/config';
import { matchesAny } from '@millrace/timeseries';
import type { PlainAttributes } from '@millrace/wire';
import { periodOf } from './calendar.ts';
import type { BudgetConfig, ForecastConfig } from './config.ts';
import { historyFor, missingFor, Outlook } from './outlook.ts';
import type { Missing } from './outlook.ts';
import { historyHours, hourMs } from './series.ts';
import type { Series } from './series.ts';

/** The gauges that are made. */
export const gauges = {
  'forecast.value': 'What a counter will count over the horizon, or the mean of a gauge: the expected value and the ends of its interval',
  'forecast.trend': 'Where a series is going: 1 increasing, 0 stable, -1 decreasing',
  'forecast.time_to_threshold': 'Time until a threshold is reached, when that is to be expected within the longest horizon',
  'forecast.budget.expected': 'What will be counted of a budget by the end of its period: the expected value and the ends of its interval',
  'forecast.budget.risk': 'Whether a budget will be exceeded in its period: 0 not to be expected, 1 within the interval, 2 expected',
  'forecast.budget.exceeded_at': 'When a budget that is on pace to be exceeded will be (Unix time); in the past when it was',
  'forecast.insufficient_data': 'Hours of history or observations that are missing for a forecast',
} as const;

/** What a forecast says: a point of a gauge. */
export interface Statement {
  readonly gauge: keyof typeof gauges;
  readonly unit: string;
  readonly value: number;
  readonly attributes: PlainAttributes;
}

/** A horizon: its hours, and how it is called. */
export interface Horizon {
  readonly hours: number;
  readonly name: string;
}

/** The horizons of a configuration. */
export function horizonsOf({ horizons }: ForecastConfig): Horizon[] {
  return horizons.map((text) => {
    const hours = durationMs(text) / hourMs;
    return { hours, name: hours % 24 === 0 ? `${hours / 24}d` : `${hours}h` };
  });
}

/** How a budget is called. */
export const budgetName = ({ name, metric, period }: BudgetConfig): string => name ?? `${metric} ${period}`;

const quantiles = { 80: ['0.1', '0.9'], 95: ['0.025', '0.975'] } as const;

/** Forecasts one series: what is said of it at `atMs`, from its hours before `end`. `stream`: the state of a series that is not exact. */
export type Forecaster = (series: Series, stream: Uint8Array | undefined, end: number, atMs: number) => Statement[];

/** Makes statements as configured. */
export function createForecaster(config: ForecastConfig): Forecaster {
  const horizons = horizonsOf(config);
  return (series, stream, end, atMs) => {
    const { budget } = series.identity;
    return budget < 0 ? statementsOf(series, stream, end, atMs, config, horizons) : budgetStatements(series, end, config.budgets[budget]!);
  };
}

function statementsOf(
  series: Series,
  stream: Uint8Array | undefined,
  end: number,
  atMs: number,
  { intervals, thresholds }: ForecastConfig,
  horizons: readonly Horizon[],
): Statement[] {
  const { metric, unit } = series.identity;
  const base = { ...series.identity.attributes, 'forecast.metric': metric };
  const statements: Statement[] = [];
  const ready: Horizon[] = [];
  for (const horizon of horizons) {
    const missing = missingFor(series, end, horizon.hours);
    if (missing === undefined) ready.push(horizon);
    else statements.push(insufficient({ ...base, horizon: horizon.name }, missing));
  }
  if (ready.length === 0) return statements;
  const outlook = look(series, stream, end, Math.max(...ready.map(({ hours }) => hours)));
  if (outlook === undefined) {
    for (const { name } of ready) statements.push(insufficient({ ...base, horizon: name }, { what: 'observations', hours: 1 }));
    return statements;
  }
  for (const { hours, name } of ready)
    statements.push(...estimates('forecast.value', unit, { ...base, horizon: name }, outlook, hours, intervals, 0));
  statements.push({ gauge: 'forecast.trend', unit: '1', value: outlook.trend, attributes: base });
  for (const { metric: pattern, value, direction } of thresholds) {
    if (!matchesAny(metric, [pattern])) continue;
    const hour = outlook.reaches(value, direction);
    if (hour < 0) continue;
    const seconds = Math.max(0, (end + hour) * hourMs - atMs) / 1000;
    const attributes = { ...base, 'forecast.threshold': value, 'forecast.threshold.direction': direction };
    statements.push({ gauge: 'forecast.time_to_threshold', unit: 's', value: seconds, attributes });
  }
  return statements;
}

/** Looks ahead, and remembers once a day what was said. */
function look(series: Series, stream: Uint8Array | undefined, end: number, hours: number): Outlook | undefined {
  const outlook = Outlook.of(series, stream, end, hours);
  if (outlook === undefined || series.origins?.isDue(end) !== true) return outlook;
  series.origins.add(end, Math.min(historyHours, end - series.firstHour), outlook.days());
  series.dirty = true;
  return outlook;
}

function budgetStatements(series: Series, end: number, budget: BudgetConfig): Statement[] {
  const { metric, amount, period } = budget;
  const { unit } = series.identity;
  const base = { 'forecast.metric': metric, 'forecast.budget': budgetName(budget), 'forecast.period': period };
  const { startMs, endMs } = periodOf(period, end * hourMs);
  let spent = 0;
  let exceededHour = -1;
  for (let hour = Math.max(startMs / hourMs, series.firstHour); hour < end; hour++) {
    const value = series.at(hour);
    if (!Number.isNaN(value)) spent += value;
    if (spent > amount && exceededHour < 0) exceededHour = hour;
  }
  const rest = endMs / hourMs - end;
  const missing = missingFor(series, end, Math.max(rest, historyFor(periodHours[period])));
  const statements: Statement[] = [];
  // What was learned daily is about looks of some length.
  const outlook = missing === undefined ? look(series, undefined, end, Math.max(rest, periodHours[period])) : undefined;
  if (outlook === undefined) statements.push(insufficient(base, missing ?? { what: 'observations', hours: 1 }));
  else {
    statements.push(...estimates('forecast.budget.expected', unit, base, outlook, rest, [95], spent));
    const { value, upper } = outlook.over(rest, 95, spent);
    statements.push({ gauge: 'forecast.budget.risk', unit: '1', value: value > amount ? 2 : upper > amount ? 1 : 0, attributes: base });
    let sum = spent;
    for (let h = 0; h < rest && exceededHour < 0; h++) {
      sum += outlook.mean[h]!;
      if (sum > amount) exceededHour = end + h;
    }
  }
  if (exceededHour >= 0)
    statements.push({ gauge: 'forecast.budget.exceeded_at', unit: 's', value: ((exceededHour + 1) * hourMs) / 1000, attributes: base });
  return statements;
}

const periodHours = { day: 24, week: 168, month: 720 } as const;

function estimates(
  gauge: 'forecast.value' | 'forecast.budget.expected',
  unit: string,
  attributes: PlainAttributes,
  outlook: Outlook,
  hours: number,
  intervals: readonly (80 | 95)[],
  before: number,
): Statement[] {
  const statements: Statement[] = [];
  const add = (quantile: string, value: number): void =>
    void statements.push({ gauge, unit, value, attributes: { ...attributes, quantile } });
  add('0.5', outlook.over(hours, 95, before).value);
  for (const percent of new Set(intervals)) {
    const { lower, upper } = outlook.over(hours, percent, before);
    add(quantiles[percent][0], lower);
    add(quantiles[percent][1], upper);
  }
  return statements;
}

/** The attribute names what is missing, the value how much: it does not make another series of every point. */
function insufficient(attributes: PlainAttributes, { what, hours }: Missing): Statement {
  return { gauge: 'forecast.insufficient_data', unit: 'h', value: hours, attributes: { ...attributes, 'forecast.missing': what } };
}
