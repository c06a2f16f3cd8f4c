import { describe, expect, it } from '@jest/globals';
import { durationMs } from '@millrace/config';

describe('durationMs', () => {
  it.each([
    ['0', 0],
    ['+0', 0],
    ['-0', 0],
    ['5s', 5000],
    ['+5s', 5000],
    ['-5s', -5000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['5.s', 5000],
    ['200ms', 200],
    ['1h30m', 5_400_000],
    ['1h1m1s1ms', 3_661_001],
    ['10us', 0.01],
    ['10\u00b5s', 0.01],
    ['10\u03bcs', 0.01],
    ['1ns', 0.000001],
    ['2540400h', 9_145_440_000_000],
  ])('reads %s', (text, expected) => {
    expect(durationMs(text)).toBeCloseTo(expected, 9);
  });

  it.each([
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['s', 'time: invalid duration "s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['soon', 'time: invalid duration "soon"'],
    [' 5s', 'time: invalid duration " 5s"'],
    ['5', 'time: missing unit in duration "5"'],
    ['1.5.5s', 'time: missing unit in duration "1.5.5s"'],
    ['5d', 'time: unknown unit "d" in duration "5d"'],
    ['5S', 'time: unknown unit "S" in duration "5S"'],
    ['1h 2m', 'time: unknown unit "h " in duration "1h 2m"'],
    ['99999999h', 'time: invalid duration "99999999h"'],
  ])('refuses %j in the words of Go', (text, message) => {
    expect(() => durationMs(text)).toThrow(new Error(message));
  });
});
