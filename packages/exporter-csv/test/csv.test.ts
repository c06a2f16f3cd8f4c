import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchBuilder } from '@millrace/wire';
import type { Signal } from '@millrace/wire';
import { configOf, exampleBatch, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-csv-'));
});

afterEach(() => rm(directory, { recursive: true }));

const file = (name = 'out.csv'): string => join(directory, name);
const text = (name?: string): Promise<string> => readFile(file(name), 'utf8');

/** A reader of RFC 4180 of its own. */
function parse(csv: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/gy;
  while (cell.lastIndex < csv.length) {
    const found = cell.exec(csv);
    if (found === null) throw new Error('not RFC 4180');
    const [, value, end] = found as unknown as [string, string, string];
    rows.at(-1)!.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end === '\r\n' && cell.lastIndex < csv.length) rows.push([]);
  }
  return rows;
}

/** The rows below the header, by column. */
async function table(name?: string): Promise<Record<string, string>[]> {
  const [header, ...rows] = parse(await text(name)) as [string[], ...string[][]];
  for (const row of rows) expect(row).toHaveLength(header.length);
  return rows.map((row) => Object.fromEntries(row.map((value, column) => [header[column]!, value])));
}

type Build = (builder: BatchBuilder) => void;

function exporter(settings: object, signal: Exclude<Signal, 'profiles'> = 'traces', clock = new FakeClock(), host = testHost()) {
  const context = testContext({ id: 'csv', kind: 'exporter', signal, clock });
  const stage = factory.create(configOf(factory, { path: file(), ...settings }), context);
  const build = (fill: Build): void => {
    using builder = new BatchBuilder(signal, host.pool);
    fill(builder);
    using batch = builder.finish()!;
    expect(stage.consume(batch)).toBeUndefined();
  };
  const send = (items: number, first = 0): void => {
    using batch = exampleBatch(host.pool, signal, items, first);
    expect(stage.consume(batch)).toBeUndefined();
  };
  return {
    stage,
    host,
    clock,
    build,
    send,
    items: context.items,
    lines: context.lines,
    start: async (): Promise<void> => stage.start?.(host),
    stop: async (signal = noDeadline()): Promise<void> => stage.shutdown?.(signal),
  };
}

async function write(settings: object, signal: Exclude<Signal, 'profiles'>, fill: Build): Promise<Record<string, string>[]> {
  const each = exporter(settings, signal);
  await each.start();
  each.build(fill);
  await each.stop();
  expect(each.host.memory.accounted).toBe(0);
  return table();
}

const id = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte);

describe('csv, its tables (PXY-15)', () => {
  it('has a row for each span, with fixed columns and chosen ones', async () => {
    const rows = await write(
      { attributes: ['http.route', 'ok', 'n', 'd', 'list', 'bytes', 'absent'], resource_attributes: ['host'] },
      'traces',
      (builder) => {
        const resource = builder.resource({ 'service.name': 'shop', host: 'h1' });
        resource.scope('lib', '1.2').span({
          traceId: id(1, 16),
          spanId: id(2, 8),
          parentSpanId: id(3, 8),
          name: 'GET, "quoted"\r\nnext',
          kind: 2,
          startTimeUnixNano: 1_790_000_000_000_000_001n,
          endTimeUnixNano: 1_790_000_000_000_000_501n,
          status: { code: 2, message: 'bad' },
          attributes: {
            'http.route': '/é/{id}',
            ok: true,
            n: -9_223_372_036_854_775_808n,
            d: -0.5,
            list: [1n, 'a"b', { k: undefined }],
            bytes: id(255, 3),
          },
        });
        builder.resource().scope().span({ name: 'bare' });
      },
    );
    expect(rows).toEqual([
      {
        start_time: '2026-09-21T14:13:20.000000001Z',
        end_time: '2026-09-21T14:13:20.000000501Z',
        duration_ns: '500',
        trace_id: '01'.repeat(16),
        span_id: '02'.repeat(8),
        parent_span_id: '03'.repeat(8),
        name: 'GET, "quoted"\r\nnext',
        kind: 'server',
        status_code: 'error',
        status_message: 'bad',
        scope_name: 'lib',
        scope_version: '1.2',
        service_name: 'shop',
        'resource.host': 'h1',
        'http.route': '/é/{id}',
        ok: 'true',
        n: '-9223372036854775808',
        d: '-0.5',
        list: '[1,"a""b",{"k":null}]'.replaceAll('""', '\\"'),
        bytes: '////',
        absent: '',
      },
      expect.objectContaining({
        name: 'bare',
        service_name: '',
        start_time: '',
        duration_ns: '0',
        kind: 'unspecified',
        'resource.host': '',
      }),
    ]);
  });

  it('has a row for each data point of every kind', async () => {
    const rows = await write({ attributes: ['route'] }, 'metrics', (builder) => {
      const scope = builder.resource({ 'service.name': 'shop' }).scope('m');
      const at = { startTimeUnixNano: 1_790_000_000_000_000_000n, timeUnixNano: 1_790_000_001_000_000_000n };
      scope.metric({ name: 'g', type: 'gauge', unit: 'By' }).point({ ...at, asDouble: -1.5, attributes: { route: '/a' } });
      scope.metric({ name: 's', type: 'sum', temporality: 2, isMonotonic: true }).point({ ...at, asInt: 7n });
      scope
        .metric({ name: 'h', type: 'histogram', temporality: 1 })
        .point({ ...at, count: 3n, sum: 6, min: 1, max: 3, bucketCounts: [1n, 2n], explicitBounds: [1.5] });
      scope.metric({ name: 'e', type: 'exponentialHistogram', temporality: 2 }).point({
        ...at,
        count: 4n,
        scale: 1,
        zeroCount: 1n,
        positive: { offset: -2, bucketCounts: [1n, 2n] },
        negative: { offset: 3, bucketCounts: [4n] },
      });
      scope.metric({ name: 'q', type: 'summary' }).point({ ...at, count: 2n, sum: 5, quantileValues: [{ quantile: 0.5, value: 2 }] });
    });
    const shared = {
      start_time: '2026-09-21T14:13:20.000000000Z',
      time: '2026-09-21T14:13:21.000000000Z',
      scope_name: 'm',
      service_name: 'shop',
    };
    expect(rows.map(({ buckets, ...row }) => [row, buckets === '' ? '' : JSON.parse(buckets!)])).toEqual([
      [
        expect.objectContaining({
          ...shared,
          metric: 'g',
          type: 'gauge',
          unit: 'By',
          temporality: '',
          monotonic: '',
          value: '-1.5',
          count: '',
          route: '/a',
        }),
        '',
      ],
      [
        expect.objectContaining({ metric: 's', type: 'sum', temporality: 'cumulative', monotonic: 'true', value: '7', sum: '', route: '' }),
        '',
      ],
      [
        expect.objectContaining({
          metric: 'h',
          type: 'histogram',
          temporality: 'delta',
          value: '',
          count: '3',
          sum: '6',
          min: '1',
          max: '3',
        }),
        { bounds: [1.5], counts: [1, 2] },
      ],
      [
        expect.objectContaining({ metric: 'e', type: 'exponentialHistogram', count: '4', sum: '' }),
        { scale: 1, zero_count: 1, zero_threshold: 0, positive: { offset: -2, counts: [1, 2] }, negative: { offset: 3, counts: [4] } },
      ],
      [expect.objectContaining({ metric: 'q', type: 'summary', count: '2', sum: '5' }), { quantiles: [[0.5, 2]] }],
    ]);
  });

  it('has a row for each log record, nested bodies as JSON', async () => {
    const rows = await write({}, 'logs', (builder) => {
      const scope = builder.resource({ 'service.name': 'shop' }).scope();
      scope.log({
        timeUnixNano: 1n,
        observedTimeUnixNano: 2n,
        severityNumber: 9,
        severityText: 'INFO',
        body: 'hello',
        traceId: id(1, 16),
        spanId: id(2, 8),
      });
      scope.log({ body: { a: [1n, true, 0.5, Number.NaN], b: id(1, 1) }, eventName: 'e' });
      scope.log({ body: 12n });
      scope.log({});
    });
    expect(
      rows.map(({ body, time, severity_number, severity_text, event_name }) => [body, time, severity_number, severity_text, event_name]),
    ).toEqual([
      ['hello', '1970-01-01T00:00:00.000000001Z', '9', 'INFO', ''],
      ['{"a":[1,true,0.5,"NaN"],"b":"AQ=="}', '', '', '', 'e'],
      ['12', '', '', '', ''],
      ['', '', '', '', ''],
    ]);
    expect(rows[0]).toMatchObject({ observed_time: '1970-01-01T00:00:00.000000002Z', trace_id: '01'.repeat(16), span_id: '02'.repeat(8) });
  });

  it('quotes only what needs it, and ends rows with CRLF', async () => {
    await write({ attributes: ['a'] }, 'logs', (builder) => {
      const scope = builder.resource().scope();
      for (const body of ['plain', 'com,ma', 'quo"te', 'line\nfeed', 'car\rriage', ' space ', '"'])
        scope.log({ body, attributes: { a: 'x' } });
    });
    const rows = (await text()).split('\r\n');
    expect(rows.at(-1)).toBe('');
    expect(rows.slice(1, -1).map((row) => row.replace(/^,{7}/, '').replace(/,,,,x$/, ''))).toEqual([
      'plain',
      '"com,ma"',
      '"quo""te"',
      '"line\nfeed"',
      '"car\rriage"',
      ' space ',
      '""""',
    ]);
  });

  it('counts what it wrote, also large values', async () => {
    const each = exporter({ attributes: ['a'] }, 'logs');
    await each.start();
    const large = '"\n'.repeat(300_000);
    each.build((builder) => {
      for (let i = 0; i < 5; i++)
        builder
          .resource()
          .scope()
          .log({ body: large, attributes: { a: i === 3 ? large : '' } });
    });
    await each.stop();
    expect(each.items.absorbed).toBe(5);
    expect((await table()).map(({ body, a }) => [body === large, a!.length])).toEqual(
      [0, 0, 0, 600_000, 0].map((length) => [true, length]),
    );
  });
});

describe('csv, formulas', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '\nx', '＝1', '＋1', '－1', '＠x', '=HYPERLINK("http://x","y")', '=a,b'])(
    'are neutralized in texts: %j',
    async (formula) => {
      const rows = await write({ attributes: [formula], resource_attributes: ['r'] }, 'logs', (builder) => {
        const resource = builder.resource({ 'service.name': formula, r: formula });
        resource
          .scope(formula, formula)
          .log({ body: formula, severityText: formula, eventName: formula, attributes: { [formula]: formula } });
      });
      const row = rows[0]!;
      for (const column of [
        'service_name',
        'resource.r',
        'scope_name',
        'scope_version',
        'body',
        'severity_text',
        'event_name',
        `'${formula}`,
      ])
        expect([column, row[column]]).toEqual([column, `'${formula}`]);
    },
  );

  it('leaves numbers and harmless texts alone', async () => {
    const rows = await write({ attributes: ['n', 't'] }, 'logs', (builder) => {
      builder
        .resource()
        .scope()
        .log({ body: -5n, attributes: { n: -1.5, t: 'a=b' } });
      builder
        .resource()
        .scope()
        .log({ body: 'ﬀ', attributes: { t: '日本' } });
    });
    expect(rows).toMatchObject([
      { body: '-5', n: '-1.5', t: 'a=b' },
      { body: 'ﬀ', t: '日本' },
    ]);
  });
});

describe('csv and content (SHM-11, IMS-1)', () => {
  const fill: Build = (builder) => {
    const scope = builder.resource({ 'ai.prompt': 'SECRET' }).scope();
    const attributes = {
      'gen_ai.prompt': 'SECRET',
      'gen_ai.prompt.0.content': 'SECRET',
      content: 'SECRET',
      'gen_ai.usage.input_tokens': 5n,
    };
    scope.log({ eventName: 'gen_ai.user.message', body: 'SECRET', attributes });
    scope.log({ body: { content: 'SECRET' }, attributes: { ...attributes, 'event.name': 'gen_ai.choice' } });
    scope.log({ body: { 'gen_ai.input.messages': 'SECRET', model: 'm' }, attributes: { nested: { prompt: 'SECRET', n: 1n } } });
  };
  const settings = {
    attributes: ['gen_ai.prompt', 'gen_ai.prompt.0.content', 'content', 'gen_ai.usage.input_tokens', 'nested'],
    resource_attributes: ['ai.prompt'],
  };

  it('leaves cells of prompts and responses empty', async () => {
    const rows = await write(settings, 'logs', fill);
    expect(await text()).not.toContain('SECRET');
    expect(rows).toMatchObject([
      { event_name: 'gen_ai.user.message', 'gen_ai.usage.input_tokens': '5', body: '' },
      { event_name: 'gen_ai.choice', body: '' },
      { body: '{"model":"m"}', nested: '{"n":1}' },
    ]);
  });

  it('says at the start which columns stay empty', async () => {
    const each = exporter(settings, 'logs');
    await each.start();
    await each.stop();
    expect(each.lines.map(({ level, attributes }) => [level, attributes])).toEqual([
      ['warn', { attributes: ['gen_ai.prompt', 'gen_ai.prompt.0.content', 'ai.prompt'] }],
    ]);
  });

  it('writes them when told to', async () => {
    const rows = await write({ ...settings, content: 'keep' }, 'logs', fill);
    expect(rows).toMatchObject([
      { 'gen_ai.prompt': 'SECRET', body: 'SECRET', content: 'SECRET', 'resource.ai.prompt': 'SECRET' },
      { body: '{"content":"SECRET"}' },
      { nested: '{"prompt":"SECRET","n":1}' },
    ]);
  });
});

describe('csv, its files', () => {
  const headerOf = async (name?: string): Promise<string> => parse(await text(name))[0]!.at(-1)!;

  it('has one for each signal, where a * stands in the path', async () => {
    const host = testHost();
    for (const signal of ['traces', 'metrics', 'logs'] as const) {
      const each = exporter({ path: file('a-*.csv') }, signal, new FakeClock(), host);
      await each.start();
      each.send(2);
      await each.stop();
    }
    expect((await readdir(directory)).toSorted()).toEqual(['a-logs.csv', 'a-metrics.csv', 'a-traces.csv']);
    expect(await table('a-logs.csv')).toHaveLength(2);
  });

  it('refuses two tables in one file, and shares a file between exporters of one table', async () => {
    const first = exporter({});
    await first.start();
    await expect(exporter({}, 'logs').start()).rejects.toThrow(`${file()} is written with other columns already`);
    const second = exporter({});
    await second.start();
    first.send(1);
    second.send(1, 1);
    await Promise.all([first.stop(), second.stop()]);
    expect((await table()).map(({ name }) => name)).toEqual(['item-00000000', 'item-00000001']);
  });

  it('empties the file unless told to append; the header stands once', async () => {
    for (const [append, names] of [
      [false, ['item-00000000']],
      [true, ['item-00000000', 'item-00000000']],
      [false, ['item-00000000']],
    ] as const) {
      const each = exporter({ append });
      await each.start();
      each.send(1);
      await each.stop();
      expect((await table()).map(({ name }) => name)).toEqual(names);
    }
  });

  it('starts a new file when the columns are others', async () => {
    const before = exporter({ append: true });
    await before.start();
    before.send(1);
    await before.stop();
    const after = exporter({ append: true, attributes: ['x'] });
    await after.start();
    after.send(2, 1);
    await after.stop();
    expect(await headerOf()).toBe('x');
    expect(await table()).toHaveLength(2);
    const old = 'out-2026-09-21T14-13-20.000-header.csv';
    expect(await readdir(directory)).toEqual([old, 'out.csv']);
    expect(await table(old)).toHaveLength(1);
  });

  it('does not append to what is no table', async () => {
    await writeFile(file(), 'something else');
    const each = exporter({ append: true });
    await each.start();
    each.send(1);
    await each.stop();
    expect(await table()).toHaveLength(1);
    expect(await readdir(directory)).toHaveLength(2);
  });

  it('is rotated with a header in every file', async () => {
    const each = exporter(
      { path: file('sub/out.csv'), rotation: { max_megabytes: 1, max_backups: 2, max_days: 0, localtime: false } },
      'logs',
    );
    await each.start();
    for (let i = 0; i < 5; i++) {
      each.build((builder) =>
        builder
          .resource()
          .scope()
          .log({ body: 'x'.repeat(700_000) }),
      );
      await each.clock.advance(1_000);
    }
    await each.stop();
    const names = (await readdir(file('sub'))).toSorted();
    expect(names).toHaveLength(3);
    for (const name of names) expect((await table(`sub/${name}`)).map(({ body }) => body!.length)).toEqual([700_000]);
    expect(each.items.absorbed).toBe(5);
  });

  it('waits for flush_interval, and creates its directory when told to', async () => {
    const path = file('a/b.csv');
    await expect(exporter({ path }).start()).rejects.toThrow('ENOENT');
    const each = exporter({ path, create_directory: true, directory_permissions: '0700', flush_interval: '5s' });
    await each.start();
    expect((await stat(file('a'))).mode & 0o777).toBe(0o700);
    each.send(1);
    await each.clock.advance(4_999);
    expect((await stat(path)).size).toBe(0);
    await each.clock.advance(1);
    await each.stop();
    expect(await table('a/b.csv')).toHaveLength(1);
  });

  it('refuses data for now on a full disk, before its start and after its end', async () => {
    const each = exporter({ path: '/dev/full', append: true });
    using batch = exampleBatch(each.host.pool, 'traces', 1);
    expect(() => each.stage.consume(batch)).toThrow('csv is not running');
    await each.start();
    each.send(3);
    await each.clock.advance(1_000);
    while (each.stage.refusing?.() === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(() => each.stage.consume(batch)).toThrow(expect.objectContaining({ kind: 'retryable' }));
    expect(each.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    await each.stop(AbortSignal.abort());
    expect(each.items.dropped).toEqual({ shutdown: 3 });
    expect(() => each.stage.consume(batch)).toThrow('csv is not running');
  });
});

describe('the configuration of csv', () => {
  const problems = (settings: object) => factory.validateConfig?.(configOf(factory, settings));

  it('is checked', () => {
    expect(problems({})).toEqual(['path must be non-empty']);
    expect(problems({ path: 'a*b*', append: true, rotation: { max_megabytes: 1 }, flush_interval: '-1s' })).toEqual([
      'path must contain at most one *',
      'append and rotation enabled at the same time is not supported',
      'flush_interval must be larger than zero',
    ]);
    expect(problems({ path: 'x', attributes: ['a', 'a'] })).toEqual(['attributes: the table of traces has a column "a" already']);
    expect(problems({ path: 'x', attributes: ['body'] })).toEqual(['attributes: the table of logs has a column "body" already']);
    expect(problems({ path: 'x', directory_permissions: '9' })).toEqual([
      'directory_permissions requires create_directory to be true',
      'directory_permissions value must be a valid octal representation',
    ]);
    expect(problems({ path: 'x', create_directory: true, directory_permissions: '7777' })).toEqual([
      'directory_permissions contain invalid bits for file access',
    ]);
    expect(problems({ path: 'x' })).toEqual([]);
  });
});
