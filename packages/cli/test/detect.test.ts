import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { run } from '../src/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'detect-'));
const startMs = Date.UTC(2026, 1, 14, 14, 27);

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

function file(name: string, ...lines: string[]): string {
  writeFileSync(join(folder, name), lines.join('\n'));
  return name;
}

const iso = (i: number): string => new Date(startMs + i * 300_000).toISOString().slice(0, 19).replace('T', ' ');
/** Repeatable noise. */
const noise = (i: number): number => ((Math.imul(i + 1, 2_654_435_761) >>> 8) % 1000) / 1000;
const value = (i: number): string => (20 + 5 * Math.sin(i / 40) + noise(i) + (i === 800 ? 30 : 0)).toFixed(3);
const rows = Array.from({ length: 1000 }, (_, i) => `${iso(i)},${value(i)}`);
const rowsOf = (out: string): string[][] =>
  out
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

describe('millrace detect', () => {
  it('prints a verdict for every row, with timestamp and value as they were written', async () => {
    const { code, out, err } = await millrace('detect', file('whole.csv', 'timestamp,value', ...rows, ''));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.startsWith('timestamp,value,score,detected,lower,upper\n2026-02-14 14:27:00,')).toBe(true);
    const printed = rowsOf(out);
    expect(printed.map(([time, text]) => `${time},${text}`)).toEqual(rows);
    expect(printed.filter((row) => row[3] === '1').map((row) => row[0])).toContain(iso(800));
    for (const [, , score, detected, lower, upper] of printed) {
      expect(Number(score) >= 0.5).toBe(detected === '1');
      expect(Number(lower)).toBeLessThanOrEqual(Number(upper));
    }
  });

  it('says of the first rows what it says of them in the whole file, from the binary on', async () => {
    const main = join(import.meta.dirname, '../src/main.ts');
    const options = { cwd: folder };
    const arguments_ = ['--conditions=@millrace/source', '--disable-warning=ExperimentalWarning', main, 'detect'];
    const whole = await promisify(execFile)(process.execPath, [...arguments_, file('a.csv', 'timestamp,value', ...rows)], options);
    for (const end of [60, 801]) {
      const cut = await promisify(execFile)(
        process.execPath,
        [...arguments_, file('another-name.csv', 'timestamp,value', ...rows.slice(0, end))],
        options,
      );
      expect(cut.stdout.split('\n').length).toBe(end + 2);
      expect(whole.stdout.startsWith(cut.stdout)).toBe(true);
    }
    const { out } = await millrace('detect', file('cut.csv', 'timestamp,value', ...rows.slice(0, 30)));
    expect(whole.stdout.startsWith(out)).toBe(true);
  });

  it('prints the same for every way to write a time', async () => {
    const verdicts = async (time: (i: number) => string): Promise<string[][]> => {
      const { out, err } = await millrace('detect', file('times.csv', 'timestamp,value', ...rows.map((_, i) => `${time(i)},${value(i)}`)));
      expect(err).toBe('');
      return rowsOf(out).map((row) => row.slice(1));
    };
    const ms = (i: number): number => startMs + i * 300_000;
    const expected = await verdicts(iso);
    for (const time of [
      (i: number) => new Date(ms(i)).toISOString(),
      (i: number) => `${new Date(ms(i) + 19_800_000).toISOString().slice(0, 19)}+05:30`,
      (i: number) => `${new Date(ms(i) - 3_600_000).toISOString().slice(0, 16).replace('T', ' ').replaceAll('-', '/')} -0100`,
      (i: number) => `"${iso(i)}"`,
      (i: number) => `${ms(i) / 1000}`,
      (i: number) => `${ms(i)}`,
      (i: number) => `${ms(i)}000`,
      (i: number) => `${ms(i)}000000`,
    ]) {
      expect(await verdicts(time)).toEqual(expected);
    }
  });

  it('takes the columns by name, by usual names, or the first and the second', async () => {
    const expected = rowsOf((await millrace('detect', file('plain.csv', 'timestamp,value', ...rows))).out);
    const columns = async (lines: string[], ...flags: string[]): Promise<void> => {
      const { out, err } = await millrace('detect', file('columns.csv', ...lines), ...flags);
      expect(err).toBe('');
      expect(rowsOf(out)).toEqual(expected);
    };
    const cells = rows.map((row) => row.split(','));
    await columns(rows);
    await columns(['\uFEFFWhen;How much', ...cells.map(([time, text]) => `${time};${text}`)]);
    await columns(['host\tValue\tTime', ...cells.map(([time, text]) => `a\t${text}\t${time}`)]);
    await columns(['"a ""quoted"", name",load,date', ...cells.map(([time, text]) => `"x,y",${text},${time}`)], '--value', 'load');
    await columns(['value,timestamp,x,y', ...cells.map(([time, text]) => `1,2,${text},${time}`)], '--timestamp', 'Y', '--value', 'x');
    expect((await millrace('detect', 'plain.csv', '--value', 'price')).err).toContain(
      'has no column "price" for --value (columns: timestamp, value)',
    );
  });

  it('takes gaps, equal timestamps and missing values as they are', async () => {
    const holes = ['', 'NaN', 'null', 'NA'];
    const lines = rows.flatMap((row, i) => (i % 50 > 45 ? [] : i % 20 === 0 ? [row, `${iso(i)},${holes[(i / 20) % 4]}`] : [row]));
    const { code, out } = await millrace('detect', file('gaps.csv', 'time,value', ...lines, '', ''));
    expect(code).toBe(0);
    const printed = rowsOf(out);
    expect(printed.map(([time, text]) => `${time},${text}`)).toEqual(lines);
    for (const [, text, score, detected] of printed) if (!/\d/.test(text)) expect([score, detected]).toEqual(['0', '0']);
  });

  it('names the line of what it cannot take, after what was before', async () => {
    const wrong = async (line: string): Promise<string> => {
      const { code, out, err } = await millrace(
        'detect',
        file('wrong.csv', 'timestamp,value', ...rows.slice(0, 60), line, ...rows.slice(60)),
      );
      expect(code).toBe(1);
      expect(rowsOf(out).length).toBe(60);
      return err;
    };
    expect(await wrong(`${iso(3)},1`)).toMatch(
      /wrong\.csv:62: the rows are not sorted by time: 2026-02-14 14:42:00 comes after 2026-02-14 19:22:00/,
    );
    expect(await wrong('yesterday,1')).toContain('wrong.csv:62: "yesterday" is no timestamp');
    for (const time of ['2026-02-30 10:00:00', '2026-13-01', '2026-02-14 25:00:00', '2026-02-14 19:61']) {
      expect(await wrong(`${time},1`)).toContain(`"${time}" is no timestamp`);
    }
    expect(await wrong(`${iso(60)},many`)).toContain('wrong.csv:62: "many" is no number');
  });

  it('asks for a file with 50 rows', async () => {
    expect((await millrace('detect')).err).toContain('detect needs one file');
    expect((await millrace('detect', 'missing.csv')).err).toContain('missing.csv');
    expect((await millrace('detect', file('empty.csv', ''))).err).toContain('is empty');
    expect((await millrace('detect', file('prose.csv', 'hello', 'world'))).err).toContain('needs a timestamp and a value');
    expect(await millrace('detect', file('few.csv', ...rows.slice(0, 49)))).toMatchObject({
      code: 1,
      err: expect.stringContaining('few.csv has 49 rows: at least 50'),
    });
    expect(await millrace('detect', file('enough.csv', ...rows.slice(0, 50)))).toMatchObject({ code: 0, err: '' });
  });
});
