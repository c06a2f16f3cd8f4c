import { describe, expect, it } from '@jest/globals';
import { forecast } from '@millrace/timeseries';
import type { Forecast } from '@millrace/timeseries';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

function dates(timestampsMs: readonly number[], horizon: number): string[] {
  const values = timestampsMs.map((_, t) => 10 + (t % 3));
  const result = forecast({ timestampsMs, values }, horizon) as Forecast;
  return Array.from(result.timestampsMs, (time) => new Date(time).toISOString().slice(0, 16));
}

const count = (size: number): number[] => Array.from({ length: size }, (_, t) => t);

describe('The steps of a forecast', () => {
  it('go on at the median interval', () => {
    const times = count(40).map((t) => Date.UTC(2024, 1, 28) + t * 12 * hourMs);
    expect(dates(times, 2)).toEqual(['2024-03-19T00:00', '2024-03-19T12:00']);
  });

  it('bear times that jitter, and gaps', () => {
    const times = count(60)
      .filter((t) => t % 10 !== 4)
      .map((t) => Date.UTC(2024, 0, 1) + t * hourMs + (t % 3) * 1000);
    const [first] = dates(times, 1);
    expect(first).toBe('2024-01-03T12:00');
  });

  it('are calendar months for monthly data', () => {
    const times = count(26).map((t) => Date.UTC(2022, t, 1));
    expect(dates(times, 3)).toEqual(['2024-03-01T00:00', '2024-04-01T00:00', '2024-05-01T00:00']);
  });

  it('stay at the end of the month', () => {
    const times = count(25).map((t) => Date.UTC(2022, t + 1, 0));
    expect(dates(times, 3)).toEqual(['2024-02-29T00:00', '2024-03-31T00:00', '2024-04-30T00:00']);
  });

  it('are quarters and years, too', () => {
    expect(
      dates(
        count(12).map((t) => Date.UTC(2021, t * 3, 15)),
        2,
      ),
    ).toEqual(['2024-01-15T00:00', '2024-04-15T00:00']);
    expect(
      dates(
        count(12).map((t) => Date.UTC(2012 + t, 6, 1)),
        2,
      ),
    ).toEqual(['2024-07-01T00:00', '2025-07-01T00:00']);
  });

  it('are four weeks when the day of the month moves', () => {
    expect(
      dates(
        count(14).map((t) => Date.UTC(2023, 0, 2) + t * 28 * dayMs),
        1,
      ),
    ).toEqual(['2024-01-29T00:00']);
  });

  it('leave out weekends when the data does', () => {
    const times = count(60)
      .map((t) => Date.UTC(2024, 0, 1) + t * dayMs)
      .filter((time) => ![0, 6].includes(new Date(time).getUTCDay()));
    // The last one is Thursday, 2024-02-29.
    expect(dates(times, 3)).toEqual(['2024-03-01T00:00', '2024-03-04T00:00', '2024-03-05T00:00']);
  });

  it('have the week of five days as a season, and the year of months', () => {
    const workdays = count(140)
      .map((t) => Date.UTC(2024, 0, 1) + t * dayMs)
      .filter((time) => ![0, 6].includes(new Date(time).getUTCDay()));
    const week = [5, 9, 7, 4, 1];
    expect((forecast({ timestampsMs: workdays, values: workdays.map((_, t) => week[t % 5]!) }, 5) as Forecast).seasons).toEqual([5]);
    const months = count(60).map((t) => Date.UTC(2019, t, 1));
    const values = months.map((_, t) => 100 + 30 * Math.sin((2 * Math.PI * t) / 12));
    expect((forecast({ timestampsMs: months, values }, 12) as Forecast).seasons).toEqual([12]);
  });
});
