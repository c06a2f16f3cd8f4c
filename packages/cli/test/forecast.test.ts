import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { run } from '../src/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'forecast-'));

async function millrace(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const terminal = {
    stdout: (text: string) => void (printed.out += text),
    stderr: (text: string) => void (printed.err += text),
    env: {},
    cwd: folder,
  };
  return { code: await run(argv, terminal as never), ...printed };
}

function file(name: string, rows: readonly string[], header = 'timestamp,value'): string {
  writeFileSync(join(folder, name), `${[header, ...rows].join('\n')}\n`);
  return name;
}

const hour = (t: number): Date => new Date(Date.UTC(2024, 0, 1, t));
const value = (t: number): number => 100 + 20 * Math.sin((2 * Math.PI * t) / 24);
const count = (size: number): number[] => Array.from({ length: size }, (_, t) => t);
const hourly = (size: number, text: (at: Date) => string = (at) => at.toISOString()): string[] =>
  count(size).map((t) => `${text(hour(t))},${value(t)}`);

describe('millrace forecast', () => {
  it('prints the mean and the intervals of the next steps', async () => {
    const { code, out } = await millrace('forecast', file('hourly.csv', hourly(200)), '--horizon', '24');
    expect(code).toBe(0);
    const [header, ...rows] = out.trimEnd().split('\n');
    expect(header).toBe('timestamp,mean,lower80,upper80,lower95,upper95');
    expect(rows).toHaveLength(24);
    for (const [h, row] of rows.entries()) {
      const [timestamp, ...texts] = row.split(',');
      const [mean, lower80, upper80, lower95, upper95] = texts.map(Number) as [number, number, number, number, number];
      expect(timestamp).toBe(
        hour(200 + h)
          .toISOString()
          .replace('.000', ''),
      );
      expect(Math.abs(mean - value(200 + h))).toBeLessThan(1);
      expect([lower95, lower80, mean, upper80, upper95]).toEqual([lower95, lower80, mean, upper80, upper95].toSorted((a, b) => a - b));
    }
  });

  it.each([
    ['a space', (at: Date) => at.toISOString().slice(0, 19).replace('T', ' '), '2024-01-05 04:00:00'],
    ['an offset', (at: Date) => `${new Date(at.getTime() + 7_200_000).toISOString().slice(0, 19)}+02:00`, '2024-01-05T06:00:00+02:00'],
    ['seconds', (at: Date) => String(at.getTime() / 1000), '1704427200'],
    ['milliseconds', (at: Date) => String(at.getTime()), '1704427200000'],
    ['nanoseconds', (at: Date) => `${at.getTime()}000000`, '1704427200000000000'],
  ])('writes times as the file does: with %s', async (_name, text, expected) => {
    const { out } = await millrace('forecast', file('times.csv', hourly(100, text)), '--horizon', '1');
    expect(out.split('\n')[1]!.split(',')[0]).toBe(expected);
  });

  it('writes days and months as dates', async () => {
    const rows = count(60).map((t) => `${new Date(Date.UTC(2019, t, 1)).toISOString().slice(0, 10)},${t}`);
    const { out } = await millrace('forecast', file('monthly.csv', rows), '--horizon', '2');
    expect(
      out
        .split('\n')
        .slice(1, 3)
        .map((row) => row.split(',')[0]),
    ).toEqual(['2024-01-01', '2024-02-01']);
  });

  it('takes the columns that it is told', async () => {
    const rows = count(80).map((t) => `7,${hour(t).toISOString()},${t % 2},500`);
    const name = file('wide.csv', rows, 'a,when,b,spent');
    const { out } = await millrace('forecast', name, '--horizon', '3', '--timestamp', 'when', '--value', 'spent');
    expect(out.split('\n')[1]).toBe('2024-01-04T08:00:00Z,500,500,500,500,500');
  });

  it('uses the season that it is told', async () => {
    const rows = count(90).map((t) => `${hour(t).toISOString()},${[1, 5, 9, 4, 2][t % 5]}`);
    const { out } = await millrace('forecast', file('fives.csv', rows), '--horizon', '5', '--season', '5');
    const means = out
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((row) => Number(row.split(',')[1]));
    for (const [h, mean] of means.entries()) expect(Math.abs(mean - [1, 5, 9, 4, 2][h]!)).toBeLessThan(0.2);
  });

  it('does not depend on the name of the file', async () => {
    const rows = hourly(100);
    const first = await millrace('forecast', file('daily-stock.csv', rows), '--horizon', '9');
    const second = await millrace('forecast', file('x', rows), '--horizon', '9');
    expect(second.out).toBe(first.out);
  });

  it('works from 50 rows on, and says what is missing below', async () => {
    expect((await millrace('forecast', file('fifty.csv', hourly(50)), '--horizon', '5')).code).toBe(0);
    const { code, err } = await millrace('forecast', file('few.csv', [...hourly(49), `${hour(49).toISOString()},NaN`]), '--horizon', '5');
    expect(code).toBe(1);
    expect(err).toBe('Error: few.csv has too little history to forecast: 50 rows with a value are needed, there are 49\n');
  });

  it('says when the season or the horizon asks for more', async () => {
    const { err } = await millrace('forecast', file('season.csv', hourly(60)), '--horizon', '5', '--season', '40');
    expect(err).toBe('Error: season.csv has too little history to forecast: 80 observations at different times are needed, there are 60\n');
  });

  it('refuses unsorted rows and names the line', async () => {
    const rows = hourly(60);
    rows.splice(30, 0, rows[10]!);
    const { code, err } = await millrace('forecast', file('unsorted.csv', rows), '--horizon', '5');
    expect(code).toBe(1);
    expect(err).toContain('unsorted.csv:32');
  });

  it('needs one file and a horizon', async () => {
    expect((await millrace('forecast', '--horizon', '5')).err).toContain('forecast needs one file');
    expect((await millrace('forecast', 'hourly.csv')).err).toContain('forecast needs --horizon <n>');
  });
});
