import { parseArgs } from 'node:util';
import { AdaptiveDetector } from '@millrace/timeseries';
import { delayRewardingScore, RangeCounts, windowsOf } from './detection-scores.ts';
import { anomalyKinds, labelledSeries, seriesKinds } from './labelled-series.ts';
import type { LabelledSeries } from './labelled-series.ts';
import { ewma, rollingZScore, seasonalNaive } from './usual-detectors.ts';
import type { Detect } from './usual-detectors.ts';

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: 'judging' },
    'series-per-kind': { type: 'string', default: '12' },
    misses: { type: 'boolean', default: false },
  },
});
if (flags.seeds !== 'judging' && flags.seeds !== 'tuning') throw new Error('--seeds must be judging or tuning');
/** Seeds of the two sets never meet. */
const firstSeed = flags.seeds === 'judging' ? 1_000_000 : 1;
const perKind = Number(flags['series-per-kind']);
const all: readonly LabelledSeries[] = seriesKinds.flatMap((kind) =>
  Array.from({ length: perKind }, (_, i) => labelledSeries(kind, firstSeed + i)),
);

const adaptiveWith =
  (slots: number): Detect =>
  (times, values) => {
    const detector = new AdaptiveDetector({ slots });
    const detected = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) detected[i] = detector.update(times[i]!, values[i]!).detected ? 1 : 0;
    return detected;
  };
const adaptive = adaptiveWith(288);

interface Result {
  readonly name: string;
  readonly perSeries: readonly { series: LabelledSeries; detected: Uint8Array }[];
  readonly score: (kind?: string) => number;
  readonly counts: (kind?: string) => RangeCounts;
  readonly total: number;
}

function judge(name: string, detect: Detect): Result {
  const perSeries = all.map((series) => ({ series, detected: detect(series.timestampsMs, series.values) }));
  const score = (kind?: string): number => {
    let raw = 0;
    let anomalies = 0;
    for (const { series, detected } of perSeries) {
      if (kind !== undefined && series.kind !== kind) continue;
      raw += delayRewardingScore(detected, windowsOf(series));
      anomalies += series.anomalies.length;
    }
    return (100 * (raw + anomalies)) / (2 * anomalies);
  };
  const counts = (kind?: string): RangeCounts => {
    const sum = new RangeCounts();
    for (const { series, detected } of perSeries)
      if (kind === undefined || series.kind === kind) sum.add(detected, series, windowsOf(series));
    return sum;
  };
  return { name, perSeries, score, counts, total: score() / 100 + counts().f };
}

/** The usual method with the threshold that serves it best on these very series: more than it would get in use. */
const bestOf = (name: string, detect: (limit: number) => Detect): Result =>
  [3, 4, 5, 6, 8]
    .map((limit) => judge(`${name} (${limit} σ)`, detect(limit)))
    .reduce((best, result) => (result.total > best.total ? result : best));

const results = [
  judge('millrace', adaptive),
  judge('millrace, 48 slots', adaptiveWith(48)),
  bestOf('rolling z-score', rollingZScore),
  bestOf('EWMA', ewma),
  bestOf('seasonal-naive', seasonalNaive),
];

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  console.log([line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n'));
}

const names = results.map(({ name }) => name);
console.log(
  `${all.length} series (${flags.seeds} seeds), ${all.reduce((sum, { anomalies }) => sum + anomalies.length, 0)} anomalies\n\nDelay-rewarding score, 0 for silence, 100 at best; in brackets F of ranges\n`,
);
table(
  ['series', ...names],
  [...seriesKinds, undefined].map((kind) => [
    kind ?? '**all**',
    ...results.map((r) => `${r.score(kind).toFixed(1)} (${r.counts(kind).f.toFixed(2)})`),
  ]),
);
console.log('Precision / recall of ranges, and rows said outside of windows in a series\n');
table(
  ['', ...names],
  [
    ['precision', ...results.map((r) => r.counts().precision.toFixed(2))],
    ['recall', ...results.map((r) => r.counts().recall.toFixed(2))],
    [
      'false',
      ...results.map((r) =>
        (r.perSeries.reduce((sum, { series, detected }) => sum + falseRows(series, detected), 0) / all.length).toFixed(2),
      ),
    ],
  ],
);
console.log('Share of anomalies found, by kind\n');
table(
  ['anomaly', ...names],
  anomalyKinds.map((kind) => [kind, ...results.map((r) => foundShare(r, kind))]),
);

const timed = all.filter((_, i) => i % 4 === 0);
const points = timed.reduce((sum, { values }) => sum + values.length, 0);
let bestUs = Number.POSITIVE_INFINITY;
for (let round = 0; round < 8; round++) {
  const start = process.cpuUsage();
  for (const { timestampsMs, values } of timed) adaptive(timestampsMs, values);
  const { user, system } = process.cpuUsage(start);
  bestUs = Math.min(bestUs, (user + system) / points);
}
console.log(
  `${bestUs.toFixed(2)} µs of CPU time a point; state of ${stateBytes(288)} bytes a series in the mean, of ${stateBytes(48)} with 48 slots`,
);

if (flags.misses) {
  for (const { series, detected } of results[0]!.perSeries) {
    const windows = windowsOf(series);
    const found = series.anomalies.map(
      (a, i) => `${a.kind}${detected.subarray(a.first, Math.max(a.last, windows[i]!.last) + 1).includes(1) ? '+' : '-'}`,
    );
    console.log(series.kind, found.join(' '), 'false', falseRows(series, detected), 'rows', series.values.length);
  }
}

function falseRows(series: LabelledSeries, detected: Uint8Array): number {
  const windows = windowsOf(series);
  let sum = 0;
  for (let i = Math.floor(detected.length * 0.15); i < detected.length; i++) {
    if (detected[i] === 1 && !windows.some(({ first, last }) => i >= first && i <= last)) sum++;
  }
  return sum;
}

function foundShare({ perSeries }: Result, kind: string): string {
  let found = 0;
  let count = 0;
  for (const { series, detected } of perSeries) {
    const windows = windowsOf(series);
    for (const [i, anomaly] of series.anomalies.entries()) {
      if (anomaly.kind !== kind) continue;
      count++;
      if (detected.subarray(anomaly.first, Math.max(anomaly.last, windows[i]!.last) + 1).includes(1)) found++;
    }
  }
  return `${Math.round((100 * found) / count)} % of ${count}`;
}

function stateBytes(slots: number): number {
  let sum = 0;
  for (const { timestampsMs, values } of all) {
    const detector = new AdaptiveDetector({ slots });
    for (let i = 0; i < values.length; i++) detector.update(timestampsMs[i]!, values[i]!);
    sum += detector.write().length;
  }
  return Math.round(sum / all.length);
}
