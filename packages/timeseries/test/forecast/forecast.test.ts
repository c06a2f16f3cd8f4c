import { describe, expect, it } from '@jest/globals';
import { forecast } from '@millrace/timeseries';
import type { Forecast } from '@millrace/timeseries';
import { random } from '../random.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const monday = Date.UTC(2024, 0, 1);

const times = (count: number, stepMs: number): number[] => Array.from({ length: count }, (_, t) => monday + t * stepMs);

function ok(values: readonly number[], stepMs: number, horizon: number, season?: number): Forecast {
  const result = forecast({ timestampsMs: times(values.length, stepMs), values }, horizon, season === undefined ? {} : { season });
  if (result.status !== 'ok') throw new Error(result.missing);
  return result;
}

function series(count: number, valueAt: (t: number, noise: number) => number, seed = 1): number[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, t) => valueAt(t, (next(1_000_001) + next(1_000_001) + next(1_000_001)) / 500_000 - 3));
}

const bounds = ['mean', 'lower80', 'upper80', 'lower95', 'upper95'] as const;

function expectOrdered(result: Forecast): void {
  for (let h = 0; h < result.mean.length; h++) {
    for (const name of bounds) expect(Number.isFinite(result[name][h])).toBe(true);
    expect(result.lower95[h]).toBeLessThanOrEqual(result.lower80[h]!);
    expect(result.lower80[h]).toBeLessThanOrEqual(result.mean[h]!);
    expect(result.mean[h]).toBeLessThanOrEqual(result.upper80[h]!);
    expect(result.upper80[h]).toBeLessThanOrEqual(result.upper95[h]!);
  }
}

const day = (t: number): number => Math.sin((2 * Math.PI * t) / 24);
const businessHours = (t: number, noise: number): number => 100 + 30 * day(t) + (Math.floor(t / 24) % 7 > 4 ? -25 : 0) + 4 * noise;

describe('A forecast', () => {
  it('of a constant series is that constant, and certain', () => {
    const result = ok(
      Array.from({ length: 100 }, () => 42),
      hourMs,
      10,
    );
    for (const name of bounds) expect([...result[name]]).toEqual(Array.from({ length: 10 }, () => 42));
    expect(result.trend).toBe('stable');
    expect(result.seasons).toEqual([]);
  });

  it('of zeros is zero', () => {
    expect([
      ...ok(
        Array.from({ length: 60 }, () => 0),
        dayMs,
        3,
      ).upper95,
    ]).toEqual([0, 0, 0]);
  });

  it('of a straight line goes on with it', () => {
    const result = ok(
      series(120, (t) => 50 + 3 * t),
      dayMs,
      14,
    );
    for (let h = 0; h < 14; h++) expect(result.mean[h]).toBeCloseTo(50 + 3 * (120 + h), 6);
    expect(result.trend).toBe('increasing');
    expect(
      ok(
        series(120, (t) => 900 - 3 * t),
        dayMs,
        14,
      ).trend,
    ).toBe('decreasing');
  });

  it('reproduces pure seasons of a day and a week', () => {
    const pattern = (t: number): number => businessHours(t, 0);
    const result = ok(series(700, pattern), hourMs, 168);
    expect(result.seasons).toEqual([24, 168]);
    for (let h = 0; h < 168; h++) expect(Math.abs(result.mean[h]! - pattern(700 + h))).toBeLessThan(1);
  });

  it('of a growing multiplicative season grows with it', () => {
    const pattern = (t: number): number => 100 * Math.exp(0.004 * t) * (1 + 0.4 * Math.sin((2 * Math.PI * t) / 7));
    const result = ok(series(200, pattern), dayMs, 14);
    for (let h = 0; h < 14; h++) expect(Math.abs(result.mean[h]! / pattern(200 + h) - 1)).toBeLessThan(0.05);
  });

  it('takes a year into account when there is more than two', () => {
    const pattern = (t: number): number => 100 + 40 * Math.sin((2 * Math.PI * t) / 365.25);
    const result = ok(
      series(1200, (t, noise) => pattern(t) + 3 * noise),
      dayMs,
      60,
    );
    expect(result.seasons).toEqual([365.25]);
    let miss = 0;
    for (let h = 0; h < 60; h++) miss += Math.abs(result.mean[h]! - pattern(1200 + h)) / 60;
    expect(miss).toBeLessThan(4);
  });

  it('finds a season that no calendar knows, and none in a random walk', () => {
    expect(
      ok(
        series(300, (t, noise) => 10 + 5 * Math.sin((2 * Math.PI * t) / 17) + 0.3 * noise),
        hourMs,
        5,
      ).seasons,
    ).toEqual([17]);
    let level = 0;
    expect(
      ok(
        series(400, (_, noise) => (level += noise)),
        dayMs,
        5,
      ).seasons,
    ).toEqual([]);
  });

  it('uses the season that it is told, and none when told so', () => {
    const values = series(300, businessHours);
    expect(ok(values, hourMs, 5, 12).seasons[0]).toBe(12);
    expect(ok(values, hourMs, 5, 1).seasons).toEqual([]);
  });

  it('of data that was never negative is never negative, and rests where the data rests', () => {
    const shop = (t: number): number => (t % 24 < 8 || t % 24 > 19 ? 0 : 5);
    const result = ok(
      series(500, (t, noise) => Math.max(0, Math.round(shop(t) * (1 + 0.4 * noise)))),
      hourMs,
      48,
    );
    for (let h = 0; h < 48; h++) {
      expect(result.lower95[h]).toBeGreaterThanOrEqual(0);
      if (shop(500 + h) === 0) expect(result.mean[h]).toBe(0);
    }
    expectOrdered(result);
  });

  it.each([
    ['negative values', (t: number, noise: number) => -50 + 20 * day(t) + 5 * noise],
    ['huge values', (t: number, noise: number) => 1e300 * (5 + day(t) + 0.1 * noise)],
    ['tiny values', (t: number, noise: number) => 1e-300 * (5 + day(t) + 0.1 * noise)],
    ['mixed signs', (t: number, noise: number) => day(t) + noise],
    ['a lone spike', (t: number, noise: number) => (t === 150 ? 1e6 : 10) + noise],
    ['a spike at the end', (t: number, noise: number) => (t === 299 ? 1e6 : 10) + noise],
    ['rare ones', (t: number, noise: number) => (noise > 1.5 ? t % 5 : 0)],
    ['a step', (t: number, noise: number) => (t < 200 ? 10 : 50) + noise],
  ])('has finite, ordered intervals for %s', (_name, valueAt) => {
    for (const horizon of [1, 7, 168]) expectOrdered(ok(series(300, valueAt), hourMs, horizon));
  });

  it('is calm about a spike', () => {
    const result = ok(
      series(300, (t, noise) => (t === 299 ? 10_000 : 100) + noise),
      hourMs,
      5,
    );
    expect(result.mean[0]).toBeLessThan(150);
  });

  it('stands on the new level after a step', () => {
    const result = ok(
      series(400, (t, noise) => (t < 340 ? 100 : 300) + 10 * day(t) + 2 * noise),
      hourMs,
      24,
    );
    for (const value of result.mean) expect(Math.abs(value - 300)).toBeLessThan(20);
  });

  it('bridges gaps, averages duplicates and does not care for the order', () => {
    const values = series(500, businessHours);
    const whole = ok(values, hourMs, 24);
    const at = times(500, hourMs);
    const rows = at.map((time, t) => [time, t % 9 === 3 || (t > 200 && t < 230) ? Number.NaN : values[t]!] as const);
    const gappy = forecast({ timestampsMs: at, values: rows.map(([, value]) => value) }, 24) as Forecast;
    expect(gappy.seasons).toEqual([24, 168]);
    for (let h = 0; h < 24; h++) expect(Math.abs(gappy.mean[h]! - whole.mean[h]!)).toBeLessThan(6);
    const kept = rows.filter(([, value]) => !Number.isNaN(value));
    const doubled = [
      ...kept.map(([time, value]) => [time, value + 1] as const),
      ...kept.map(([time, value]) => [time, value - 1] as const),
    ].toReversed();
    const shuffled = forecast({ timestampsMs: doubled.map(([time]) => time), values: doubled.map(([, value]) => value) }, 24) as Forecast;
    for (let h = 0; h < 24; h++) expect(shuffled.mean[h]).toBeCloseTo(gappy.mean[h]!, 6);
  });

  it('leaves out what was before a gap that is longer than all that came since', () => {
    const values = series(600, (t, noise) => (t < 300 ? 1e6 : businessHours(t, noise)));
    const at = times(600, hourMs).map((time, t) => (t < 300 ? time - 365 * dayMs : time));
    const result = forecast({ timestampsMs: at, values }, 24) as Forecast;
    expect(result.seasons[0]).toBe(24);
    expect(result.timestampsMs[0]).toBe(monday + 600 * hourMs);
    for (let h = 0; h < 24; h++) expect(Math.abs(result.mean[h]! - businessHours(600 + h, 0))).toBeLessThan(20);
  });

  it('is the same for the same series', () => {
    const values = series(300, businessHours);
    expect(ok(values, hourMs, 48)).toEqual(ok(values, hourMs, 48));
  });

  it('does not depend on the unit', () => {
    const values = series(300, businessHours);
    const result = ok(values, hourMs, 24);
    const scaled = ok(
      values.map((value) => value * 1024),
      hourMs,
      24,
    );
    for (let h = 0; h < 24; h++) expect(scaled.upper95[h]).toBeCloseTo(result.upper95[h]! * 1024, 6);
  });

  it('has intervals that hold about what they promise', () => {
    let inside80 = 0;
    let inside95 = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const values = series(448, businessHours, seed);
      const result = ok(values.slice(0, 400), hourMs, 48);
      for (let h = 0; h < 48; h++) {
        const value = values[400 + h]!;
        if (value >= result.lower80[h]! && value <= result.upper80[h]!) inside80 += 1 / 576;
        if (value >= result.lower95[h]! && value <= result.upper95[h]!) inside95 += 1 / 576;
      }
    }
    expect(inside80).toBeGreaterThan(0.72);
    expect(inside80).toBeLessThan(0.9);
    expect(inside95).toBeGreaterThan(0.9);
  });

  it('does not take the weekend of a growing series, on which it begins, for a new level', () => {
    const growing = (t: number): number =>
      100 * (1 + (0.3 * t) / 1344) * (1 + 0.6 * Math.sin((t / 24) * 2 * Math.PI)) * (Math.floor(t / 24) % 7 > 4 ? 0.6 : 1.16);
    for (const seed of [1, 2, 3]) {
      const { mean } = ok(
        series(1344, (t, noise) => growing(t) * (1 + 0.02 * noise), seed),
        hourMs,
        168,
      );
      const truth = Array.from({ length: 168 }, (_, h) => growing(1344 + h));
      const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
      expect(Math.abs(sum(mean) / sum(truth) - 1)).toBeLessThan(0.05);
    }
  });

  it('names the methods that it combined', () => {
    expect(ok(series(200, businessHours), hourMs, 5).method).toMatch(/^[\w ]+ \d+ %(, [\w ]+ \d+ %)*$/);
  });

  it('goes on from ten values, also much further than they reach', () => {
    const result = ok([3, 5, 4, 6, 5, 7, 6, 8, 7, 9], dayMs, 90);
    expect(result.mean).toHaveLength(90);
    expectOrdered(result);
  });

  it('keeps to the youngest weeks of a long history', () => {
    const result = ok(
      series(30_000, (t, noise) => (t < 25_000 ? 5 : 100) + noise),
      60_000,
      3,
    );
    expect(result.timestampsMs[0]).toBe(monday + 30_000 * 60_000);
    expect(Math.abs(result.mean[0]! - 100)).toBeLessThan(3);
  });
});

describe('Too little history', () => {
  const few = (count: number, horizon: number, season?: number): unknown =>
    forecast({ timestampsMs: times(count, dayMs), values: series(count, (t) => t) }, horizon, season === undefined ? {} : { season });
  const missing = (needed: number, there: number): object => ({
    status: 'insufficient_data',
    missing: `${needed} observations at different times are needed, there are ${there}`,
  });

  it('is named with what is missing', () => {
    expect(few(9, 3)).toEqual(missing(10, 9));
    expect(few(20, 3, 14)).toEqual(missing(28, 20));
    expect(few(20, 400)).toEqual(missing(40, 20));
    expect(few(0, 1)).toEqual(missing(10, 0));
  });

  it('is what NaN alone, or one moment alone, is', () => {
    expect(forecast({ timestampsMs: times(30, dayMs), values: Array.from({ length: 30 }, () => Number.NaN) }, 1)).toEqual(missing(10, 0));
    expect(forecast({ timestampsMs: Array.from({ length: 30 }, () => monday), values: times(30, 1) }, 1)).toEqual(missing(10, 1));
  });
});

describe('What is no number of steps', () => {
  const history = { timestampsMs: times(30, dayMs), values: times(30, 1) };

  it.each([0, -1, 1.5, Number.NaN])('%s is refused as a horizon and as a season', (steps) => {
    expect(() => forecast(history, steps)).toThrow(`the horizon must be a whole number of steps from 1 on, not ${steps}`);
    expect(() => forecast(history, 5, { season: steps })).toThrow(`the season must be a whole number of steps from 1 on, not ${steps}`);
  });
});
