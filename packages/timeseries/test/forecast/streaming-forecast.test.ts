import { describe, expect, it } from '@jest/globals';
import { StreamingForecast } from '@millrace/timeseries';
import type { Outlook } from '@millrace/timeseries';
import { random } from '../random.ts';

const hourMs = 3_600_000;
const monday = Date.UTC(2024, 0, 1);
const pattern = (t: number): number => 100 + 30 * Math.sin((2 * Math.PI * t) / 24) - (Math.floor(t / 24) % 7 > 4 ? 20 : 0);

function fed(hours: number, noise = 0, seed = 1): StreamingForecast {
  const next = random(seed);
  const stream = new StreamingForecast();
  for (let t = 0; t < hours; t++) stream.update(monday + t * hourMs, pattern(t) + noise * (next(2001) / 1000 - 1));
  return stream;
}

const outlook = (stream: StreamingForecast, horizon: number): Outlook => stream.forecast(horizon) as Outlook;

describe('A streaming forecast', () => {
  it('learns hours of the day and days of the week', () => {
    const { mean, timestampsMs } = outlook(fed(24 * 7 * 8), 168);
    let miss = 0;
    for (let h = 0; h < 168; h++) miss += Math.abs(mean[h]! - pattern(24 * 7 * 8 - 1 + h)) / 168;
    expect(miss).toBeLessThan(4);
    // The last hour is not complete: it is the first that is forecast.
    expect(timestampsMs[0]).toBe(monday + (24 * 7 * 8 - 1) * hourMs);
    expect(timestampsMs[1]! - timestampsMs[0]!).toBe(hourMs);
  });

  it('names what is missing until two days are complete', () => {
    expect(fed(48).forecast(1)).toEqual({ status: 'insufficient_data', missing: '48 complete hours are needed, there are 47' });
    expect(fed(49).forecast(1).status).toBe('ok');
  });

  it('goes on exactly after it was written and read', () => {
    const stream = fed(300, 10);
    const copy = StreamingForecast.read(stream.write());
    for (const each of [stream, copy]) for (let t = 299; t < 400; t++) each.update(monday + t * hourMs, pattern(t));
    expect(copy.forecast(24)).toEqual(stream.forecast(24));
    expect(copy.write()).toEqual(stream.write());
  });

  it('does not grow', () => {
    expect(fed(5000).write().length).toBe(fed(1).write().length);
    expect(fed(1).write().length).toBeLessThan(600);
  });

  it('refuses bytes of something else', () => {
    expect(() => StreamingForecast.read(new Uint8Array(9))).toThrow('these bytes are no state of a streaming forecast');
  });

  it('averages what belongs to one hour', () => {
    const one = new StreamingForecast();
    const two = new StreamingForecast();
    for (let t = 0; t < 100; t++) {
      one.update(monday + t * hourMs, pattern(t));
      two.update(monday + t * hourMs, pattern(t) - 5);
      two.update(monday + t * hourMs + 60_000, pattern(t) + 5);
    }
    const means = outlook(two, 24).mean;
    for (const [h, mean] of outlook(one, 24).mean.entries()) expect(means[h]).toBeCloseTo(mean, 6);
  });

  it('does not take what is late or no number', () => {
    const stream = fed(100);
    const before = stream.write();
    expect(stream.update(monday, 5)).toBe(false);
    expect(stream.update(monday + 200 * hourMs, Number.NaN)).toBe(false);
    expect(stream.update(Number.NaN, 1)).toBe(false);
    expect(stream.write()).toEqual(before);
  });

  it('bears a gap, however long', () => {
    const stream = fed(24 * 28);
    stream.update(monday + 24 * 365 * 10 * hourMs, 100);
    for (const mean of outlook(stream, 24).mean) expect(Math.abs(mean - 100)).toBeLessThan(80);
  });

  it('is calm about a spike, and follows a new level', () => {
    const calm = outlook(fed(500, 2), 24).mean;
    const stream = fed(500, 2);
    stream.update(monday + 500 * hourMs, 1e9);
    stream.update(monday + 501 * hourMs, pattern(501));
    const after = outlook(stream, 24).mean;
    for (let h = 0; h < 22; h++) expect(Math.abs(after[h]! - calm[h + 2]!)).toBeLessThan(15);
    for (let t = 502; t < 1200; t++) stream.update(monday + t * hourMs, pattern(t) + 200);
    expect(Math.abs(outlook(stream, 1).mean[0]! - pattern(1199) - 200)).toBeLessThan(20);
  });

  it('has ordered intervals that hold about what they promise', () => {
    let inside80 = 0;
    let inside95 = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const result = outlook(fed(24 * 28 + 1, 10, seed), 24);
      const next = random(seed + 100);
      for (let h = 0; h < 24; h++) {
        const value = pattern(24 * 28 + h) + 10 * (next(2001) / 1000 - 1);
        expect(result.lower95[h]).toBeLessThan(result.lower80[h]!);
        expect(result.upper80[h]).toBeLessThan(result.upper95[h]!);
        if (value >= result.lower80[h]! && value <= result.upper80[h]!) inside80 += 1 / 480;
        if (value >= result.lower95[h]! && value <= result.upper95[h]!) inside95 += 1 / 480;
      }
    }
    expect(inside80).toBeGreaterThan(0.7);
    expect(inside95).toBeGreaterThan(0.9);
  });

  it('refuses a horizon that is no whole number of hours', () => {
    expect(() => fed(100).forecast(0.5)).toThrow('the horizon must be a whole number of steps from 1 on, not 0.5');
  });
});
