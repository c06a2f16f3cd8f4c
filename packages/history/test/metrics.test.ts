import { afterAll, describe, expect, it } from '@jest/globals';
import type { HistogramSample, LabelMatcher } from '@millrace/api';
import { histogramBytes, seriesKinds } from '../src/index.ts';
import { hourMs, named, newDirectory, open, pointsOf, random, read, removeDirectories, seriesOf, startMs, write } from './rig.ts';

afterAll(removeDirectories);

const bitsOf = (values: Float64Array): string[] => Array.from(new BigUint64Array(values.slice().buffer), (bits) => bits.toString(16));

describe.each([
  ['in threads of its own', true],
  ['in the thread of the program', false],
])('A store %s', (_, threads) => {
  it('answers with what was appended, at once, after compaction and after a restart', async () => {
    const first = await open({ threads });
    const points = Array.from({ length: 1000 }, (__, i) => [startMs + i * 15_000, i % 7] as const);
    await write(first.store, 'up', points.slice(0, 600), { job: 'a' });
    await write(first.store, 'up', points.slice(600), { job: 'a' });
    expect(await pointsOf(first.store, 'up')).toEqual(points);
    await first.store.compact();
    expect(await pointsOf(first.store, 'up')).toEqual(points);
    await first.store.close();
    const second = await open({ directory: first.directory, threads });
    expect(await pointsOf(second.store, 'up')).toEqual(points);
    expect(await pointsOf(second.store, 'up', { startMs: points[10]![0], endMs: points[20]![0] })).toEqual(points.slice(10, 21));
    await second.store.close();
  });
});

describe('A store with threads', () => {
  it('answers while it takes more, and every answer has all that was acknowledged before the question', async () => {
    const { store } = await open({ threads: true });
    const batch = store.batch();
    const handles = Array.from({ length: 20 }, (__, i) => seriesOf(batch, 'busy', { i: String(i) }));
    const progress = { acknowledged: 0 };
    // The reader is there before the first point.
    await read(store.metrics, [named('busy')]);
    const writing = (async () => {
      for (let round = 0; round < 150; round++) {
        for (const handle of handles)
          for (let i = 0; i < 20; i++) batch.points.add(handle, startMs + (round * 20 + i) * 1000, round * 20 + i);
        await batch.commit();
        progress.acknowledged = round + 1;
        if (round % 50 === 49) await store.compact();
      }
    })();
    let questions = 0;
    while (progress.acknowledged < 150) {
      const before = progress.acknowledged;
      const found = await read(store.metrics, [named('busy')]);
      questions++;
      if (before === 0) continue;
      expect(found.length).toBe(20);
      for (const { timestampsMs, values } of found) {
        expect(timestampsMs.length).toBeGreaterThanOrEqual(before * 20);
        expect(values.every((value, i) => value === i && timestampsMs[i] === startMs + i * 1000)).toBe(true);
      }
    }
    await writing;
    expect(questions).toBeGreaterThan(1);
    await store.close();
  });
});

describe('Stored samples', () => {
  it('come back bit by bit, whatever the numbers are', async () => {
    const { store } = await open();
    const next = random(1);
    const kinds: Record<string, (i: number) => number> = {
      constant: () => 42.5,
      whole: (i) => i * 1000,
      falling: (i) => -i,
      steady: (i) => i * i,
      cents: () => Math.round(next() * 10_000) / 100,
      any: () => next() * 1e6,
      tiny: () => next() * 1e-300,
      huge: () => next() * 1e300,
      large: (i) => 2 ** 53 + i * 2,
      special: (i) => [Infinity, -Infinity, Number.NaN, -0, 0, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 51, -(2 ** 50)][i % 9]!,
      one: () => 1,
    };
    const batch = store.batch();
    const written = new Map<string, Float64Array>();
    for (const [name, make] of Object.entries(kinds)) {
      const handle = seriesOf(batch, name);
      const values = Float64Array.from({ length: name === 'one' ? 1 : 700 }, (_, i) => make(i));
      written.set(name, values);
      values.forEach((value, i) => batch.points.add(handle, startMs + i * 10_000 + Math.floor(next() * 50), value));
    }
    await batch.commit();
    for (let pass = 0; pass < 2; pass++) {
      for (const [name, values] of written) {
        const [series] = await read(store.metrics, [named(name)]);
        expect([name, bitsOf(series!.values)]).toEqual([name, bitsOf(values)]);
      }
      await store.compact();
    }
    await store.close();
  });

  it('keep the staleness marker apart from other NaNs', async () => {
    const { store } = await open();
    const batch = store.batch();
    const handle = seriesOf(batch, 'gone');
    batch.points.add(handle, startMs, 1);
    batch.points.add(handle, startMs + 1000, Number.NaN);
    batch.points.addStale(handle, startMs + 2000);
    await batch.commit();
    for (let pass = 0; pass < 2; pass++) {
      const [series] = await read(store.metrics, [named('gone')]);
      expect(bitsOf(series!.values)).toEqual(['3ff0000000000000', '7ff8000000000000', '7ff0000000000002']);
      await store.compact();
    }
    await store.close();
  });

  it('are in the order of time, one for each time, the last of those that came', async () => {
    const { store } = await open();
    await write(store, 'x', [
      [startMs + 5000, 5],
      [startMs + 1000, 1],
      [startMs + 3000, 3],
    ]);
    await store.compact();
    await write(store, 'x', [
      [startMs + 3000, 33],
      [startMs + 2000, 2],
      [startMs + 6000, 6],
    ]);
    const expected = [1000, 2000, 3000, 5000, 6000].map((after) => [startMs + after, after === 3000 ? 33 : after / 1000]);
    expect(await pointsOf(store, 'x')).toEqual(expected);
    await store.compact();
    expect(await pointsOf(store, 'x')).toEqual(expected);
    // Long after the chunks around them were closed.
    await write(
      store,
      'x',
      Array.from({ length: 1000 }, (_, i) => [startMs + 10_000 + i * 60_000, i] as const),
    );
    await store.compact();
    await write(store, 'x', [[startMs + 4000, 4]]);
    await store.compact();
    expect((await pointsOf(store, 'x')).slice(0, 6).map(([, value]) => value)).toEqual([1, 2, 33, 4, 5, 6]);
    await store.close();
  });

  it('may be native histograms, among markers', async () => {
    const { store } = await open();
    const histogram = (count: number): HistogramSample => ({
      schema: 3,
      zeroThreshold: 1e-128,
      zeroCount: 2,
      count,
      sum: count * 1.5,
      positive: { spans: [-3, 2, 4, 1], counts: [count, 0, 7] },
      negative: { spans: [], counts: [] },
    });
    const custom: HistogramSample = { ...histogram(3.5), schema: -53, customBounds: Float64Array.of(0.1, 1, 10), gauge: true };
    const batch = store.batch();
    const handle = seriesOf(batch, 'latency', {}, seriesKinds.histogram);
    for (let i = 0; i < 300; i++) batch.points.addHistogram(handle, startMs + i * 1000, histogramBytes(histogram(i)));
    batch.points.addStale(handle, startMs + 300_000);
    batch.points.addHistogram(handle, startMs + 301_000, histogramBytes(custom));
    await batch.commit();
    for (let pass = 0; pass < 2; pass++) {
      const [series] = await read(store.metrics, [named('latency')]);
      expect(series!.timestampsMs.length).toBe(302);
      expect(series!.histograms![299]).toEqual(histogram(299));
      expect(series!.histograms![300]).toBeUndefined();
      expect(series!.histograms![301]).toEqual(custom);
      await store.compact();
    }
    const [rollup] = await store.metrics.rollups({ matchers: [named('latency')], startMs, endMs: startMs + hourMs, stepMs: hourMs });
    expect({
      kind: rollup!.kind,
      count: rollup!.counts.reduce((sum, count) => sum + count),
      last: rollup!.histograms!.at(-1)!.count,
    }).toEqual({
      kind: 'histogram',
      count: 301,
      last: 3.5,
    });
    await store.close();
  });
});

describe('Selection', () => {
  it('finds the series that match every matcher, in the order of their labels', async () => {
    const { store } = await open();
    const all: Record<string, string>[] = [
      { __name__: 'a', job: 'x', instance: '1' },
      { __name__: 'a', job: 'x', instance: '2' },
      { __name__: 'a', job: 'y' },
      { __name__: 'b', job: 'x', path: '/é"\\' },
      { __name__: 'b', zone: 'eu' },
      { __name__: 'c', empty: '' },
    ];
    const batch = store.batch();
    for (const labels of all.toReversed()) batch.points.add(batch.series(Object.entries(labels), seriesKinds.gauge), startMs, 1);
    await batch.commit();
    const cases: [LabelMatcher[], number[]][] = [
      [[named('a')], [0, 1, 2]],
      [[{ name: 'job', operator: '=', value: 'x' }], [0, 1, 3]],
      [[named('a'), { name: 'job', operator: '=', value: 'x' }, { name: 'instance', operator: '!=', value: '1' }], [1]],
      [[named('a'), { name: 'instance', operator: '=', value: '' }], [2]],
      [
        [named('a'), { name: 'instance', operator: '!=', value: '' }],
        [0, 1],
      ],
      [[{ name: '__name__', operator: '=~', value: 'a|c' }], [0, 1, 2, 5]],
      [
        [
          { name: '__name__', operator: '=~', value: '.+' },
          { name: 'job', operator: '!~', value: 'x|y' },
        ],
        [4, 5],
      ],
      [
        [
          { name: 'job', operator: '=~', value: '[xy]?' },
          { name: '__name__', operator: '!=', value: 'a' },
        ],
        [3, 4, 5],
      ],
      [[{ name: 'path', operator: '=', value: '/é"\\' }], [3]],
      [[{ name: 'job', operator: '=', value: 'none' }], []],
      [[named('a'), { name: 'job', operator: '=', value: 'none' }], []],
    ];
    for (const [matchers, expected] of cases) {
      const found = (await read(store.metrics, matchers)).map(({ labels }) => Object.fromEntries(labels));
      expect([matchers, found]).toEqual([matchers, expected.map((i) => (i === 5 ? { __name__: 'c' } : all[i]))]);
    }
    const sorted = await store.metrics.series([[named('b')], [{ name: 'job', operator: '=', value: 'y' }]], 0, startMs * 2);
    expect(sorted.map(Object.fromEntries)).toEqual([all[2], all[3], all[4]]);
    expect((await store.metrics.series([], 0, startMs * 2)).length).toBe(6);
    await expect(read(store.metrics, [{ name: 'a', operator: '=~', value: '(' }])).rejects.toThrow('missing closing )');
    await store.close();
  });

  it('leaves out series without samples in the range', async () => {
    const { store } = await open();
    await write(store, 'early', [[startMs, 1]]);
    await store.compact();
    await write(store, 'late', [[startMs + hourMs, 1]]);
    const names = async (from: number, to: number): Promise<unknown[]> => [
      (await store.metrics.series([], from, to)).map((labels) => Object.fromEntries(labels)['__name__']),
      (await read(store.metrics, [{ name: '__name__', operator: '!=', value: '' }], { startMs: from, endMs: to })).map(
        ({ labels }) => Object.fromEntries(labels)['__name__'],
      ),
    ];
    expect(await names(startMs, startMs + 1)).toEqual([['early'], ['early']]);
    expect(await names(startMs + 1, startMs + hourMs)).toEqual([['late'], ['late']]);
    expect(await names(startMs + 1, startMs + 2)).toEqual([[], []]);
    await store.close();
  });

  it('is read part by part, may be left early, and may be aborted', async () => {
    const { store } = await open();
    const batch = store.batch();
    for (let i = 0; i < 300; i++) {
      const handle = seriesOf(batch, 'many', { i: String(i).padStart(3, '0') });
      for (let k = 0; k < 500; k++) batch.points.add(handle, startMs + k * 1000, k);
    }
    await batch.commit();
    const order = (await read(store.metrics, [named('many')])).map(({ labels }) => Object.fromEntries(labels)['i']);
    expect(order).toEqual(Array.from({ length: 300 }, (_, i) => String(i).padStart(3, '0')));
    let seen = 0;
    for await (const _ of store.metrics.select({ matchers: [named('many')], startMs: 0, endMs: startMs * 2 })) if (++seen === 3) break;
    const controller = new AbortController();
    await expect(
      (async () => {
        for await (const _ of store.metrics.select({
          matchers: [named('many')],
          startMs: 0,
          endMs: startMs * 2,
          signal: controller.signal,
        })) {
          controller.abort();
        }
      })(),
    ).rejects.toThrow('aborted');
    await store.close();
  });
});

describe('Metadata and exemplars', () => {
  it('are kept by metric and by series', async () => {
    const { store } = await open();
    const batch = store.batch();
    const handle = seriesOf(batch, 'requests_total', { job: 'x' }, seriesKinds.counter);
    batch.points.add(handle, startMs, 5);
    batch.metadata({ name: 'requests_total', type: 'counter', help: 'Requests.', unit: '' });
    batch.metadata({ name: 'other', type: 'gauge', help: '', unit: 'seconds' });
    batch.exemplar({ handle, timestampMs: startMs + 0.5, value: 1, labels: JSON.stringify(['trace_id', 'abc']) });
    batch.exemplar({ handle, timestampMs: startMs + 5000, value: 2, labels: '[]' });
    await batch.commit();
    expect([...(await store.metrics.metadata())]).toEqual([
      ['other', { type: 'gauge', help: '', unit: 'seconds' }],
      ['requests_total', { type: 'counter', help: 'Requests.', unit: '' }],
    ]);
    expect([...(await store.metrics.metadata('other')).keys()]).toEqual(['other']);
    const found = await store.metrics.exemplars({ matchers: [named('requests_total')], startMs, endMs: startMs + 1000 });
    expect(found).toEqual([
      {
        labels: [
          ['__name__', 'requests_total'],
          ['job', 'x'],
        ],
        exemplars: [{ labels: [['trace_id', 'abc']], value: 1, timestampMs: startMs + 0.5 }],
      },
    ]);
    expect(await store.metrics.exemplars({ matchers: [named('other')], startMs, endMs: startMs + 1000 })).toEqual([]);
    await store.close();
  });
});

describe('A closed store', () => {
  it('refuses, and closes twice', async () => {
    const { store } = await open({ directory: newDirectory() });
    await store.close();
    await store.close();
    await expect(write(store, 'x', [[startMs, 1]])).rejects.toMatchObject({ message: 'history is closed', kind: 'retryable' });
    await expect(store.metrics.series([], 0, 1)).rejects.toThrow('history is closed');
  });
});
