import { parseArgs } from 'node:util';
import { configOf, FakeClock, noDeadline, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import { incidentKinds, listPrice, traffic } from '@millrace/demo';
import type { DemoRequest } from '@millrace/demo';
import { connectorFactory } from '@millrace/processor-forecast';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';

// Forecasts of connector `forecast` over the traffic of the demo, incidents and all, against what came. How to run it: demo-forecasts.md.

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A Sunday; the price of a model changes a week later. */
const begin = Date.UTC(2026, 10, 1);

/** What is forecast: sums of counters, means of gauges. */
const metrics = [
  'millrace.cost.amount',
  'millrace.tokens',
  'millrace.requests',
  'millrace.cache.hit_rate',
  'millrace.request.duration',
] as const;

/** How a run is made. */
export interface ForecastRun {
  readonly seed: string;
  readonly requestsPerSecond: number;
  /** Forecasts are made daily after so many days, until a horizon before the last one. */
  readonly historyDays: number;
  /** How far to look ahead. Default: a week. */
  readonly horizonDays?: number;
  readonly days: number;
}

/** A forecast, and what came. */
export interface Judged {
  readonly metric: string;
  readonly atDay: number;
  readonly value: number;
  readonly actual: number;
  readonly inside80: boolean;
  readonly inside95: boolean;
  /** Width of the 95 % interval, as a share of what came. */
  readonly width95: number;
}

/** What came in an hour. */
interface Hour {
  cost: number;
  tokens: number;
  requests: number;
  asked: number;
  hits: number;
  seconds: number;
}

function hoursOf({ seed, requestsPerSecond, days }: ForecastRun): Hour[] {
  const hours = Array.from({ length: days * 24 }, (): Hour => ({ cost: 0, tokens: 0, requests: 0, asked: 0, hits: 0, seconds: 0 }));
  for (const request of traffic({ seed, requestsPerSecond, incidents: incidentKinds }, begin, begin + days * dayMs))
    add(hours[Math.floor((request.unixMs - begin) / hourMs)]!, request);
  return hours;
}

function add(hour: Hour, { attempts, answeredByCache, cache, unixMs }: DemoRequest): void {
  if (cache.length > 0) {
    hour.asked++;
    if (answeredByCache) hour.hits++;
  }
  if (answeredByCache) return;
  for (const attempt of attempts) {
    hour.requests++;
    hour.seconds += attempt.durationMs / 1000;
    hour.tokens += attempt.input + attempt.cacheRead + attempt.cacheWrite + attempt.output;
    if (attempt.errorType === '') hour.cost += Number(listPrice(attempt.model, attempt, unixMs) ?? 0n) / 1e12;
  }
}

/** The value of a metric over some hours. */
function actualOf(metric: string, hours: readonly Hour[]): number {
  const sum = (read: (hour: Hour) => number): number => hours.reduce((total, hour) => total + read(hour), 0);
  const meanOf = (part: (hour: Hour) => number, whole: (hour: Hour) => number): number => {
    const known = hours.filter((hour) => whole(hour) > 0);
    return known.reduce((total, hour) => total + part(hour) / whole(hour), 0) / known.length;
  };
  switch (metric) {
    case 'millrace.cost.amount':
      return sum(({ cost }) => cost);
    case 'millrace.tokens':
      return sum(({ tokens }) => tokens);
    case 'millrace.requests':
      return sum(({ requests }) => requests);
    case 'millrace.cache.hit_rate':
      return meanOf(
        ({ hits }) => hits,
        ({ asked }) => asked,
      );
    default:
      return meanOf(
        ({ seconds }) => seconds,
        ({ requests }) => requests,
      );
  }
}

function requestOf(hour: Hour, atMs: number): object {
  const timeUnixNano = `${atMs}000000`;
  const sum = (name: string, value: number): object => ({
    name,
    sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ timeUnixNano, asDouble: value }] },
  });
  const all = [sum('millrace.cost.amount', hour.cost), sum('millrace.tokens', hour.tokens), sum('millrace.requests', hour.requests)];
  if (hour.asked > 0)
    all.push({ name: 'millrace.cache.hit_rate', gauge: { dataPoints: [{ timeUnixNano, asDouble: hour.hits / hour.asked }] } });
  const point = { timeUnixNano, count: String(hour.requests), sum: hour.seconds };
  all.push({ name: 'millrace.request.duration', histogram: { aggregationTemporality: 1, dataPoints: [point] } });
  return { resourceMetrics: [{ scopeMetrics: [{ metrics: all }] }] };
}

/** Runs the traffic of a seed through the connector, hour by hour, and compares its forecasts with what came. */
export async function judge(options: ForecastRun): Promise<Judged[]> {
  const hours = hoursOf(options);
  const sink = new Sink();
  const clock = new FakeClock(begin + 365 * dayMs);
  const context = testContext({ id: 'forecast', kind: 'connector', signal: 'metrics', clock });
  const config = configOf(connectorFactory, {
    interval: '24h',
    allowed_lateness: '0s',
    horizons: [`${24 * (options.horizonDays ?? 7)}h`],
    intervals: [80, 95],
  });
  const stage = connectorFactory.create(config, { all: sink, byPipeline: new Map([['metrics/out', sink]]) }, context);
  const host = testHost();
  await stage.start?.(host);
  for (const [index, hour] of hours.entries()) {
    const body = Buffer.from(JSON.stringify(requestOf(hour, begin + index * hourMs)));
    const lease = host.pool.lease(body.length);
    lease.buffer.set(body);
    using admitted = admitJson('metrics', lease, 0, body.length, noClient);
    await stage.consume(admitted);
  }
  await stage.shutdown?.(noDeadline());
  await settle();
  return judged(options, hours, valuesIn(sink.requests));
}

/** Forecasts by metric, time and quantile. */
function valuesIn(requests: readonly Uint8Array[]): Map<string, number> {
  const values = new Map<string, number>();
  type Point = { timeUnixNano: bigint; asDouble: number; attributes: { key: string; value: { stringValue?: string } }[] };
  type Request = { resourceMetrics: { scopeMetrics: { metrics: { name: string; gauge: { dataPoints: Point[] } }[] }[] }[] };
  for (const bytes of requests)
    for (const { scopeMetrics } of (toPlain('metrics', bytes) as unknown as Request).resourceMetrics)
      for (const { name, gauge } of scopeMetrics.flatMap(({ metrics: all }) => all)) {
        if (name !== 'forecast.value') continue;
        for (const { timeUnixNano, asDouble, attributes } of gauge.dataPoints) {
          const { 'forecast.metric': metric, quantile } = Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
          values.set(`${metric} ${timeUnixNano / 1_000_000n} ${quantile}`, asDouble);
        }
      }
  return values;
}

function judged(
  { historyDays, days, horizonDays = 7 }: ForecastRun,
  hours: readonly Hour[],
  values: ReadonlyMap<string, number>,
): Judged[] {
  const result: Judged[] = [];
  for (let atDay = historyDays; atDay <= days - horizonDays; atDay++) {
    for (const metric of metrics) {
      const at = (quantile: string): number => values.get(`${metric} ${begin + atDay * dayMs} ${quantile}`) ?? NaN;
      const actual = actualOf(metric, hours.slice(atDay * 24, (atDay + horizonDays) * 24));
      const inside = (lower: string, upper: string): boolean => actual >= at(lower) && actual <= at(upper);
      result.push({
        metric,
        atDay,
        value: at('0.5'),
        actual,
        inside80: inside('0.1', '0.9'),
        inside95: inside('0.025', '0.975'),
        width95: (at('0.975') - at('0.025')) / actual,
      });
    }
  }
  return result;
}

async function main(): Promise<void> {
  const { values: args } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20' },
      prefix: { type: 'string', default: 'unseen' },
      rate: { type: 'string', default: '0.03' },
      history: { type: 'string', default: '21' },
      days: { type: 'string', default: '35' },
      horizon: { type: 'string', default: '7' },
    },
  });
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const all: Judged[] = [];
  for (let i = 0; i < Number(args.seeds); i++) {
    const options = {
      requestsPerSecond: Number(args.rate),
      historyDays: Number(args.history),
      days: Number(args.days),
      horizonDays: Number(args.horizon),
    };
    all.push(...(await judge({ ...options, seed: `${args.prefix}-${i}` })));
  }
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const error = ({ value, actual }: Judged): number => {
    const share = Math.abs(value / actual - 1);
    return Number.isNaN(share) ? Infinity : share;
  };
  print(row(['metric', 'forecasts', 'mean error', 'largest error', 'inside 80 %', 'inside 95 %', 'width of 95 %']));
  print(row(['---', ...Array.from({ length: 6 }, () => '---:')]));
  for (const metric of [...metrics, 'all']) {
    const some = all.filter((one) => metric === 'all' || one.metric === metric);
    const shares = [
      some.map(({ inside80 }) => Number(inside80)),
      some.map(({ inside95 }) => Number(inside95)),
      some.map(({ width95 }) => width95),
    ];
    print(
      row([
        metric,
        some.length,
        percent(mean(some.map(error))),
        percent(Math.max(...some.map(error))),
        ...shares.map((share) => percent(mean(share))),
      ]),
    );
  }
}

if (import.meta.main) await main();
