import { describe, expect, it } from '@jest/globals';
import { evaluate, nanos } from './evaluate.ts';

describe('Time', () => {
  it('gives a text without a year this one, or the last when that is more than a week ahead', () => {
    const now = nanos('2026-01-27T12:00:00Z');
    expect(evaluate('UnixNano(Time("Jan 27 10:00:00", "%b %d %T", "UTC"))', now)).toBe(nanos('2026-01-27T10:00:00Z'));
    expect(evaluate('UnixNano(Time("Feb 02 10:00:00", "%b %d %T", "UTC"))', now)).toBe(nanos('2026-02-02T10:00:00Z'));
    expect(evaluate('UnixNano(Time("Dec 31 10:00:00", "%b %d %T", "UTC"))', now)).toBe(nanos('2025-12-31T10:00:00Z'));
  });

  it('reads spaces before digits where the format has none', () => {
    expect(evaluate('UnixNano(Time("May  6 2023", "%b %d %Y", "UTC"))')).toBe(nanos('2023-05-06T00:00:00Z'));
    expect(evaluate('UnixNano(Time("2023-05-06T 7", "%FT%I", "UTC"))')).toBe(nanos('2023-05-06T07:00:00Z'));
  });

  it.each([
    '2023-01-02T15:04:05Z',
    '2023-01-02T15:04:05 Z',
    '2023-01-02T20:34:05+05:30',
    '2023-01-02T20:34:05 +0530',
    '2023-01-02T13:04:05-02',
  ])('reads the zone of %s', (text) => {
    expect(evaluate(`UnixNano(Time("${text}", "%FT%T%z"))`)).toBe(nanos('2023-01-02T15:04:05Z'));
  });

  it('reads names of months and halves of the day in other languages', () => {
    expect(evaluate('UnixNano(Time("3 января 2024", "%d %B %Y", "UTC", "ru"))')).toBe(nanos('2024-01-03T00:00:00Z'));
    expect(evaluate('UnixNano(Time("2024-01-03 午後3:00", "%F %p%l:%M", "UTC", "ja"))')).toBe(nanos('2024-01-03T15:00:00Z'));
  });
});

describe('FormatTime', () => {
  it('writes abbreviations of zones, or their offset where they have none', () => {
    const zone = (name: string): unknown => evaluate(`FormatTime(Time("2023-07-01", "%F", "${name}"), "%Z")`);
    expect(['America/New_York', 'Europe/Berlin', 'Australia/Sydney', 'Asia/Tokyo', 'Africa/Johannesburg', 'UTC'].map(zone)).toEqual([
      'EDT',
      'CEST',
      'AEST',
      'JST',
      'SAST',
      'UTC',
    ]);
    expect(['America/Sao_Paulo', 'Asia/Kathmandu'].map(zone)).toEqual(['-03', '+0545']);
  });
});

describe('Now', () => {
  it('is the time of the host', () => {
    expect(evaluate('UnixNano(Now())', 5n)).toBe(5n);
  });
});
