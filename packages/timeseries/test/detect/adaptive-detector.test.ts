import { describe, expect, it } from '@jest/globals';
import { AdaptiveDetector } from '@millrace/timeseries';
import type { Verdict } from '@millrace/timeseries';
import { random } from '../random.ts';
import { calm, daily, gauss, startMs, stepMs } from './series.ts';

/** What a detector says of each point. */
function judge(values: Iterable<number>, detector: AdaptiveDetector = new AdaptiveDetector(), firstMs = startMs): Verdict[] {
  return Array.from(values, (value, i) => ({ ...detector.update(firstMs + i * stepMs, value) }));
}

function detections(verdicts: readonly Verdict[], from = 0): number[] {
  return verdicts.flatMap(({ detected }, i) => (detected && i >= from ? [i] : []));
}

describe('The adaptive detector finds', () => {
  it.each<[string, (values: Float64Array) => void, RegExp]>([
    ['a spike', (v) => void (v[2500] += 12), /^high/],
    ['a dip', (v) => void (v[2500] -= 12), /^low/],
    ['a shift of the level', (v) => v.subarray(2500, 2600).forEach((x, i, part) => void (part[i] = x + 4)), /^high/],
    ['a slow drift', (v) => v.subarray(2500, 2700).forEach((x, i, part) => void (part[i] = x - i / 15)), /^low/],
    ['unrest', (v) => v.subarray(2500, 2600).forEach((x, i, part) => void (part[i] = 50 + 4 * (x - 50))), /restless|high|low/],
    ['a flat line', (v) => void v.fill(v[2500], 2500, 2560), /^flat|calm/],
  ])('%s in noise, and the same on a day', (_, wrong, shape) => {
    for (const values of [calm(3000), daily(3000)]) {
      wrong(values);
      const verdicts = judge(values);
      const found = detections(verdicts, 700);
      expect(found.some((i) => i >= 2500 && i < 2700)).toBe(true);
      expect(found.filter((i) => i < 2500 || i > 2720).length).toBeLessThanOrEqual(2);
      expect(found.filter((i) => i >= 2500 && i < 2700).length).toBeLessThanOrEqual(2);
      if (values[0] === calm(1)[0]) expect(verdicts[found.find((i) => i >= 2500)!].shape).toMatch(shape);
    }
  });

  it('a day without its noon, which no single value shows', () => {
    const values = daily(288 * 14);
    for (let i = 288 * 10; i < 288 * 10 + 144; i++) values[i] = 50 + (values[i + 144] - 50) * 0.1;
    const found = detections(judge(values), 700);
    expect(found.find((i) => i >= 288 * 10 && i < 288 * 10 + 100)).toBeDefined();
  });

  it('a broken cycle of a length that is no day', () => {
    const next = gauss(5);
    const values = Float64Array.from({ length: 3000 }, (_, i) => 10 * Math.exp(-((((i / 47.3) % 1) - 0.5) ** 2) * 90) + 0.3 * next());
    for (let i = 2400; i < 2448; i++) values[i] = 0.3 * next();
    const found = detections(judge(values), 700);
    expect(found.find((i) => i >= 2400 && i < 2450)).toBeDefined();
    expect(found.filter((i) => i < 2400).length).toBeLessThanOrEqual(3);
  });

  it('a first change of what has always been the same', () => {
    const values = new Float64Array(500).fill(7);
    values[400] = 8;
    expect(detections(judge(values))).toEqual([400]);
  });
});

describe('The adaptive detector', () => {
  it('sees a beginning of what was zero before once, and learns what is usual then', () => {
    const values = Float64Array.from([...new Float64Array(500), ...calm(3000)]);
    values[2500] += 40;
    const verdicts = judge(values);
    const found = detections(verdicts);
    expect(found[0]).toBe(500);
    expect(found).toContain(2500);
    expect(found.length).toBeLessThanOrEqual(4);
    expect(verdicts[2499].lower).toBeGreaterThan(20);
    expect(verdicts[2499].upper).toBeLessThan(80);
  });

  it('says nothing of a constant series, of any value', () => {
    for (const value of [0, -3.5, 1e12, 1e-12, 1e300, Number.MIN_VALUE]) {
      const verdicts = judge(new Float64Array(1000).fill(value));
      expect(detections(verdicts)).toEqual([]);
      expect(verdicts.at(-1)).toMatchObject({ score: 0 });
    }
  });

  it('raises few false alarms, whatever the scale, place and tails of the noise', () => {
    const next = gauss(9);
    const series = [
      calm(4000, 3),
      Float64Array.from({ length: 4000 }, () => 1e9 + next()),
      Float64Array.from({ length: 4000 }, () => 1e-9 * next()),
      Float64Array.from({ length: 4000 }, () => Math.exp(1.5 * next())),
      Float64Array.from({ length: 4000 }, () => Math.round(Math.abs(next()))),
      daily(4000, 4),
    ];
    for (const values of series) expect(detections(judge(values), 600).length).toBeLessThanOrEqual(4);
  });

  it('keeps score, bounds and detection consistent', () => {
    const values = daily(3000);
    values[2000] += 40;
    const wrong = judge(values).filter(
      ({ score, detected, expected, lower, upper, shape }) =>
        !(
          score >= 0 &&
          score <= 1 &&
          detected === score >= 0.5 &&
          lower <= expected &&
          upper >= expected &&
          (!detected || shape !== 'none')
        ),
    );
    expect(wrong).toEqual([]);
  });

  it('says nothing in the first 30 points', () => {
    const values = calm(30);
    values[25] = 1e6;
    expect(detections(judge(values))).toEqual([]);
  });

  it('gives a missing value a forecast and does not learn it', () => {
    const values = daily(2000);
    const holes = new AdaptiveDetector();
    const forecasts: number[] = [];
    const silent: boolean[] = [];
    const verdicts = Array.from(values, (value, i) => {
      const timeMs = startMs + i * stepMs;
      if (i % 10 === 5) {
        for (const hole of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          const { score, detected, expected } = holes.update(timeMs, hole);
          silent.push(score === 0 && !detected);
          forecasts.push(expected);
        }
        silent.push(holes.update(Number.NaN, value).score === 0);
      }
      return { ...holes.update(timeMs, value) };
    });
    const whole = judge(values);
    expect(verdicts).toEqual(whole);
    expect(forecasts).toEqual(whole.flatMap(({ expected }, i) => (i % 10 === 5 ? [expected, expected, expected] : [])));
    expect(silent).not.toContain(false);
    expect(judge([Number.NaN])[0]).toMatchObject({ expected: Number.NaN, score: 0 });
  });

  it('stays finite on what no series should hold', () => {
    const next = random(3);
    const odd = [0, -0, 1e308, -1e308, 1e-308, 5, Number.NaN, Number.MAX_VALUE, -1, 1e20];
    const detector = new AdaptiveDetector();
    let timeMs = -1e12;
    for (let i = 0; i < 5000; i++) {
      timeMs += next(5) === 0 ? next(1e9) : 0;
      const { score, expected, lower, upper } = detector.update(timeMs, odd[next(odd.length)]);
      const fine = score >= 0 && score <= 1 && [expected, lower, upper].every(Number.isFinite);
      if (!fine && i > 20) throw new Error(`at ${i}: ${score} ${expected} ${lower} ${upper}`);
    }
    expect(detections(judge(calm(1000), detector, 0), 999).length).toBeLessThanOrEqual(1);
  });

  it('lives with equal timestamps, gaps and irregular intervals', () => {
    const next = random(8);
    const values = daily(6000);
    const detector = new AdaptiveDetector();
    const found: number[] = [];
    for (let i = 0; i < values.length; i++) {
      if (i % 1000 > 900 || next(4) === 0) continue;
      const value = i === 5500 ? values[i] + 40 : values[i];
      if (detector.update(startMs + i * stepMs, value).detected && i > 900) found.push(i);
      if (next(10) === 0) detector.update(startMs + i * stepMs, value);
    }
    expect(found).toContain(5500);
    expect(found.length).toBeLessThanOrEqual(6);
  });

  it('continues after a restart as if there had been none, at any point', () => {
    const values = daily(5000);
    let detector = new AdaptiveDetector();
    const next = random(1);
    const verdicts = Array.from(values, (value, i) => {
      if (next(i < 500 ? 5 : 100) === 0) detector = AdaptiveDetector.read(detector.write());
      return { ...detector.update(startMs + i * stepMs, value) };
    });
    expect(verdicts).toEqual(judge(values));
  });

  it('refuses state that is cut, longer or not its own', () => {
    const detector = new AdaptiveDetector();
    judge(daily(1000), detector);
    const state = detector.write();
    for (let length = 0; length < state.length; length += 13)
      expect(() => AdaptiveDetector.read(state.slice(0, length))).toThrow('cut or damaged');
    expect(() => AdaptiveDetector.read(Uint8Array.of(...state, 0))).toThrow('cut or damaged');
    expect(() => AdaptiveDetector.read(new Uint8Array(500))).toThrow('cut or damaged');
  });

  it('says of the first points what it says without those that follow', () => {
    const values = daily(3000);
    values[1500] += 50;
    const whole = judge(values);
    for (const end of [1, 50, 399, 400, 401, 1501, 2500]) expect(judge(values.subarray(0, end))).toEqual(whole.slice(0, end));
  });

  it('keeps its state below 1 kB with 48 slots, however long the series is', () => {
    const sizes = [500, 5000, 50_000].map((points) => {
      const detector = new AdaptiveDetector({ slots: 48 });
      judge(daily(points), detector);
      return detector.write().length;
    });
    expect(sizes[2]).toBe(sizes[1]);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
    const young = new AdaptiveDetector({ slots: 48 });
    judge(daily(399), young);
    expect(young.write().length).toBeLessThan(3000);
  });
});
