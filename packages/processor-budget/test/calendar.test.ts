import { describe, expect, it } from '@jest/globals';
import { Calendar } from '../src/calendar.ts';

const period = (calendar: Calendar, at: string): string => {
  const { startMs, endMs } = calendar.at(Date.parse(at));
  return `${new Date(startMs).toISOString().slice(0, 16)} ${new Date(endMs).toISOString().slice(0, 16)}`;
};

describe('The calendar', () => {
  it('has months and days of the time zone', () => {
    expect(period(new Calendar('month', 'UTC', 'monday'), '2026-02-10T00:00:00Z')).toBe('2026-02-01T00:00 2026-03-01T00:00');
    expect(period(new Calendar('month', 'Asia/Kolkata', 'monday'), '2026-01-31T18:30:00Z')).toBe('2026-01-31T18:30 2026-02-28T18:30');
    expect(period(new Calendar('month', 'America/New_York', 'monday'), '2026-01-01T04:59:59Z')).toBe('2025-12-01T05:00 2026-01-01T05:00');
    expect(period(new Calendar('day', 'Asia/Tokyo', 'monday'), '2026-05-01T14:59:59.999Z')).toBe('2026-04-30T15:00 2026-05-01T15:00');
  });

  it('has weeks that start on any day', () => {
    expect(period(new Calendar('week', 'UTC', 'monday'), '2026-11-22T23:59:59Z')).toBe('2026-11-16T00:00 2026-11-23T00:00');
    expect(period(new Calendar('week', 'UTC', 'sunday'), '2026-11-22T00:00:00Z')).toBe('2026-11-22T00:00 2026-11-29T00:00');
    expect(period(new Calendar('week', 'Europe/Berlin', 'saturday'), '2026-10-24T00:00:00Z')).toBe('2026-10-23T22:00 2026-10-30T23:00');
  });

  it('has days of 23 and 25 hours where clocks change', () => {
    const berlin = new Calendar('day', 'Europe/Berlin', 'monday');
    expect(period(berlin, '2026-03-29T12:00:00Z')).toBe('2026-03-28T23:00 2026-03-29T22:00');
    expect(period(berlin, '2026-10-25T12:00:00Z')).toBe('2026-10-24T22:00 2026-10-25T23:00');
  });

  it('counts an hour that the clock shows twice as two', () => {
    const berlin = new Calendar('hour', 'Europe/Berlin', 'monday');
    expect(period(berlin, '2026-10-25T00:30:00Z')).toBe('2026-10-25T00:00 2026-10-25T01:00');
    expect(period(berlin, '2026-10-25T01:30:00Z')).toBe('2026-10-25T01:00 2026-10-25T02:00');
    expect(period(new Calendar('hour', 'Asia/Kathmandu', 'monday'), '2026-01-01T00:00:00Z')).toBe('2025-12-31T23:15 2026-01-01T00:15');
  });

  it.each([
    ['day', 'America/Havana', '2026-01-01', '2027-01-01'],
    ['day', 'America/Sao_Paulo', '2017-01-01', '2019-01-01'],
    ['day', 'America/St_Johns', '2008-01-01', '2010-01-01'],
    ['day', 'Pacific/Apia', '2011-12-01', '2012-01-31'],
    ['week', 'America/New_York', '2020-01-01', '2027-01-01'],
    ['month', 'Africa/Casablanca', '2020-01-01', '2027-01-01'],
    ['hour', 'Australia/Lord_Howe', '2026-04-03', '2026-04-07'],
    ['hour', 'Australia/Lord_Howe', '2026-10-02', '2026-10-06'],
    ['hour', 'America/St_Johns', '2006-10-28', '2006-10-31'],
  ] as const)('has neither gaps nor overlaps: %s in %s', (unit, timeZone, from, to) => {
    const calendar = new Calendar(unit, timeZone, 'monday');
    let current = calendar.at(Date.parse(from));
    while (current.endMs < Date.parse(to)) {
      const next = calendar.at(current.endMs);
      expect(next.startMs).toBe(current.endMs);
      expect(new Calendar(unit, timeZone, 'monday').at(current.endMs - 1)).toEqual(current);
      expect(calendar.at(next.startMs)).toEqual(next);
      current = next;
    }
  });

  it('refuses a time zone that is not known', () => {
    expect(() => new Calendar('day', 'Mars/Olympus', 'monday')).toThrow(RangeError);
  });
});
