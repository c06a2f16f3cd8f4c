import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { run } from '@millrace/cli';
import { histogramBytes, HistoryStore, seriesKinds } from '@millrace/history';

const root = mkdtempSync(join(tmpdir(), 'millrace-cli-history-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function millrace(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const terminal = {
    stdout: (text: string) => void (out += text),
    stderr: (text: string) => void (err += text),
    env: {},
    cwd: root,
    events: new EventEmitter(),
  };
  return { code: await run(['history', ...argv], terminal), out, err };
}

const nowMs = Math.floor(Date.now() / 1000) * 1000;
const clock = { now: () => nowMs, setTimeout: () => ({ cancel: () => {} }) };

async function filled(name: string): Promise<HistoryStore> {
  const store = await HistoryStore.open({ directory: join(root, name), clock, threads: false });
  const batch = store.batch();
  const numbers = batch.series(
    [
      ['__name__', 'n'],
      ['job', 'é"'],
    ],
    seriesKinds.counter,
  );
  [1.5, Number.NaN, Infinity, -Infinity].forEach((value, i) => batch.points.add(numbers, nowMs - 10_000 + i, value));
  batch.points.addStale(numbers, nowMs - 5000);
  const histograms = batch.series([['__name__', 'h']], seriesKinds.histogram);
  const buckets = { spans: [0, 1], counts: [4] };
  const histogram = {
    schema: -53,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 4,
    sum: 2,
    positive: buckets,
    negative: { spans: [], counts: [] },
  };
  batch.points.addHistogram(histograms, nowMs, histogramBytes({ ...histogram, customBounds: [1, 2] }));
  batch.metadata({ name: 'n', type: 'counter', help: 'Help.', unit: '' });
  await batch.commit();
  return store;
}

describe('millrace history', () => {
  it('exports what a running pipeline stores, and imports it into another store', async () => {
    const store = await filled('first');
    expect(await millrace('export', 'first', 'all.jsonl')).toMatchObject({ code: 0, out: '3 lines written\n' });
    expect(await millrace('import', 'second', 'all.jsonl')).toMatchObject({ code: 0, out: '6 samples imported\n' });
    expect(await millrace('export', 'second', 'again.jsonl')).toMatchObject({ code: 0 });
    const text = readFileSync(join(root, 'all.jsonl'), 'utf8');
    expect(readFileSync(join(root, 'again.jsonl'), 'utf8')).toBe(text);
    expect(text).toContain('"values":[1.5,"NaN","Infinity","-Infinity","stale"]');
    await store.close();
  });

  it('tells what is in a store', async () => {
    const store = await filled('told');
    const { code, out } = await millrace('info', 'told');
    expect(code).toBe(0);
    expect(out).toMatch(/told\/history\.db: [\d.]+ [KM]iB, version 2, 2 series, 6 points not compacted yet\n/);
    expect(out).toMatch(/^raw +0 +0\.0 KiB$/m);
    await store.compact();
    expect(JSON.parse((await millrace('info', 'told', '--json')).out)).toMatchObject({
      series: 2,
      pendingPoints: 0,
      tiers: [{ samples: 6 }, {}, {}, {}, {}],
    });
    await store.close();
  });

  it('gives space back, when nobody else has the store', async () => {
    const store = await filled('small');
    expect(await millrace('vacuum', 'small')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is in use by another process or store') as unknown,
    });
    await store.close();
    expect(await millrace('vacuum', 'small')).toMatchObject({ code: 0, out: expect.stringMatching(/ before, .* now\n/) as unknown });
  });

  it('says what is wrong', async () => {
    expect((await millrace()).err).toContain('history needs one of: history info <directory>, ');
    expect((await millrace('export', 'x')).err).toBe('Error: usage: history export <directory> <file>\n');
    expect((await millrace('info', 'nowhere')).err).toContain('there is no ');
    writeFileSync(join(root, 'bad.jsonl'), '\n{"metric":{"__name__":"a"},"timestamps":[1],"values":[1]}\n{"metric"\n');
    expect((await millrace('import', 'bad', 'bad.jsonl')).err).toMatch(/^Error: line 3 is not a line of an export: /);
  });
});
