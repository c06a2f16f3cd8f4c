import { parseArgs } from 'node:util';
import { forecast } from '@millrace/timeseries';
import { businessKinds } from './business-series.ts';
import type { SeriesKind } from './business-series.ts';
import { baselines } from './forecast-baselines.ts';
import { Random } from './random.ts';

// Rolling-origin comparison of the forecaster with simple methods: sMAPE, MASE and OWA as the M4 competition defines them (Makridakis et al. 2020),
// coverage and mean scaled interval score of the intervals. How to run it: forecasting.md.

const seeds = { tuning: 1000, judging: 500_000 } as const;
const seriesPerKind = 12;
/** Lengths of history; the longest daily one has two years. */
const lengths = { hour: [336, 700, 1000], day: [90, 365, 1000] } as const;
const setting = { hour: { season: 24, horizon: 48, stepMs: 3_600_000 }, day: { season: 7, horizon: 14, stepMs: 86_400_000 } } as const;
const originsPerSeries = 2;
const start = Date.UTC(2024, 0, 1);

interface Score {
  forecasts: number;
  smape: number;
  mase: number;
  rmsse: number;
  inside80: number;
  inside95: number;
  intervalScore: number;
}

const newScore = (): Score => ({ forecasts: 0, smape: 0, mase: 0, rmsse: 0, inside80: 0, inside95: 0, intervalScore: 0 });
const ours = 'millrace';
const times: number[] = [];

function judge(kind: SeriesKind, firstSeed: number): Map<string, Score> {
  const { season, horizon, stepMs } = setting[kind.step];
  const scores = new Map<string, Score>([ours, ...Object.keys(baselines)].map((name) => [name, newScore()]));
  for (let i = 0; i < seriesPerKind; i++) {
    for (const length of lengths[kind.step]) {
      const all = kind.make(new Random(firstSeed + i * 1009 + length), length + horizon * originsPerSeries);
      for (let origin = 0; origin < originsPerSeries; origin++) {
        const values = all.slice(0, length + origin * horizon);
        const truth = all.slice(values.length, values.length + horizon);
        const scale = seasonalDifference(values, season, 1);
        const squareScale = seasonalDifference(values, season, 2);
        if (scale === 0) continue;
        const timestampsMs = Float64Array.from(values, (_, t) => start + t * stepMs);
        const begun = performance.now();
        const result = forecast({ timestampsMs, values }, horizon);
        times.push(performance.now() - begun);
        if (result.status !== 'ok') throw new Error(result.missing);
        const score = scores.get(ours)!;
        add(score, result.mean, truth, scale, squareScale);
        for (let h = 0; h < horizon; h++) {
          const value = truth[h]!;
          if (value >= result.lower80[h]! && value <= result.upper80[h]!) score.inside80 += 1 / horizon;
          if (value >= result.lower95[h]! && value <= result.upper95[h]!) score.inside95 += 1 / horizon;
          const beyond = Math.max(0, result.lower95[h]! - value, value - result.upper95[h]!);
          score.intervalScore += (result.upper95[h]! - result.lower95[h]! + 40 * beyond) / horizon / scale;
        }
        for (const [name, baseline] of Object.entries(baselines))
          add(scores.get(name)!, baseline(values, season, horizon), truth, scale, squareScale);
      }
    }
  }
  return scores;
}

function add(score: Score, forecasts: Float64Array, truth: Float64Array, scale: number, squareScale: number): void {
  score.forecasts++;
  let squares = 0;
  for (let h = 0; h < truth.length; h++) {
    const miss = Math.abs(forecasts[h]! - truth[h]!);
    const size = Math.abs(forecasts[h]!) + Math.abs(truth[h]!);
    score.mase += miss / scale / truth.length;
    squares += (miss * miss) / truth.length;
    if (size > 0) score.smape += (200 * miss) / size / truth.length;
  }
  score.rmsse += Math.sqrt(squares / squareScale);
}

/** The mean of the seasonal differences to a power: the scale of MASE, or of RMSSE. */
function seasonalDifference(values: Float64Array, season: number, power: 1 | 2): number {
  let sum = 0;
  for (let t = season; t < values.length; t++) sum += Math.abs(values[t]! - values[t - season]!) ** power / (values.length - season);
  return sum;
}

/** M4's overall weighted average; of sparse series RMSSE, as in the M5 competition, stands for both: absolute errors reward a forecast of zero. */
const owa = (kind: SeriesKind, score: Score, reference: Score): number =>
  kind.sparse ? score.rmsse / reference.rmsse : (score.smape / reference.smape + score.mase / reference.mase) / 2;
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

const { values: args } = parseArgs({ options: { seeds: { type: 'string', default: 'judging' } } });
const firstSeed = seeds[args.seeds as keyof typeof seeds];
if (firstSeed === undefined) throw new Error(`--seeds must be one of ${Object.keys(seeds).join(', ')}`);

const results = businessKinds.map((kind) => ({ kind, scores: judge(kind, firstSeed) }));
const names = [ours, ...Object.keys(baselines).filter((name) => name !== 'naive 2')];
const print = (text: string): void => void process.stdout.write(`${text}\n`);

print(`OWA against Naive 2 (lower is better), seeds: ${args.seeds}\n`);
print(row(['kind', 'step', ...names]));
print(row(['---', '---', ...names.map(() => '---:')]));
const owas = (name: string): number[] => results.map(({ kind, scores }) => owa(kind, scores.get(name)!, scores.get('naive 2')!));
for (const { kind, scores } of results)
  print(row([kind.name, kind.step, ...names.map((name) => owa(kind, scores.get(name)!, scores.get('naive 2')!).toFixed(3))]));
print(row(['**mean**', '', ...names.map((name) => `**${mean(owas(name)).toFixed(3)}**`)]));
print('');
print(row(['kind', 'forecasts', 'sMAPE', 'MASE', 'MASE of seasonal naive', 'inside 80 %', 'inside 95 %', 'MSIS']));
print(row(['---', ...Array.from({ length: 7 }, () => '---:')]));
const line = (name: string, all: readonly Score[], other: readonly Score[]): string => {
  const of = (read: (score: Score) => number, scores = all): number => mean(scores.map((score) => read(score) / score.forecasts));
  const count = all.reduce((sum, { forecasts }) => sum + forecasts, 0);
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const errors = [of((s) => s.smape).toFixed(2), of((s) => s.mase).toFixed(3), of((s) => s.mase, other).toFixed(3)];
  return row([
    name,
    count,
    ...errors,
    percent(of((s) => s.inside80)),
    percent(of((s) => s.inside95)),
    of((s) => s.intervalScore).toFixed(2),
  ]);
};
for (const { kind, scores } of results) print(line(kind.name, [scores.get(ours)!], [scores.get('seasonal naive')!]));
const scoresOf = (name: string): Score[] => results.map(({ scores }) => scores.get(name)!);
print(line('**mean**', scoresOf(ours), scoresOf('seasonal naive')));
times.sort((a, b) => a - b);
print(
  `\n${times.length} forecasts, ${times[times.length >> 1]!.toFixed(1)} ms each (median), ${times[Math.floor(times.length * 0.95)]!.toFixed(1)} ms at most for 95 %`,
);
