import { appendFile, copyFile, mkdir, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PipelineError } from '@millrace/api';
import { configOf, exampleBatch, FakeClock, itemNames, noDeadline, Sink, testContext, testHost } from '@millrace/api/testing';
import { encodeJson } from '@millrace/wire';
import type { Signal } from '@millrace/wire';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-json-file-'));
});

afterEach(() => rm(directory, { recursive: true }));

const file = (name = 'in.json'): string => join(directory, name);
const pool = testHost().pool;

/** A line of OTLP/JSON with items that count up from `first`. */
function line(first: number, items = 1, signal: Signal = 'logs'): string {
  using batch = exampleBatch(pool, signal, items, first);
  const { lease, length } = encodeJson(batch);
  const text = lease.buffer.toString('utf8', 0, length);
  lease.release();
  return `${text}\n`;
}

const lines = (first: number, count: number): string => Array.from({ length: count }, (_, i) => line(first + i)).join('');
const names = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `item-${String(first + i).padStart(8, '0')}`);

function receiver(settings: object = {}, signals: readonly Signal[] = ['traces', 'metrics', 'logs']) {
  const clock = new FakeClock();
  const context = testContext({ id: 'otlp_json_file', kind: 'receiver', clock });
  const sinks = new Map(signals.map((signal) => [signal, new Sink()]));
  const host = testHost();
  const config = configOf(factory, { include: [join(directory, '*.json')], start_at: 'beginning', include_file_name: false, ...settings });
  const component = factory.create(config, sinks, context);
  const logs = sinks.get('logs') ?? new Sink();
  return {
    component,
    clock,
    host,
    sinks,
    logs,
    items: context.items,
    log: context.lines,
    /** Starts it; it has looked for the first time then. */
    async start(): Promise<void> {
      await component.start?.(host);
      await this.look(1);
    },
    /** Lets so many looks pass, each to its end. */
    async look(count = 1): Promise<void> {
      for (let i = 0; i < count; i++) {
        while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
        await clock.advance(200);
        while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async stop(): Promise<void> {
      await component.shutdown?.(noDeadline());
      expect(host.memory.accounted).toBe(0);
    },
    seen: (): string[] => itemNames(logs.requests),
  };
}

describe('otlp_json_file', () => {
  it('reads the lines of every signal, in order', async () => {
    await writeFile(file(), line(0, 2, 'traces') + line(2, 3, 'metrics') + line(5, 4) + line(9, 1, 'traces'));
    const each = receiver();
    await each.start();
    expect([...each.sinks].map(([signal, { requests }]) => [signal, itemNames(requests)])).toEqual([
      ['traces', [...names(0, 2), ...names(9, 1)]],
      ['metrics', names(2, 3)],
      ['logs', names(5, 4)],
    ]);
    await each.stop();
  });

  it('passes over signals without a pipeline, blank lines and requests without items', async () => {
    await writeFile(file(), `\n \r\n${line(0, 1, 'traces')}{"resourceLogs":[]}\n${line(1)}`);
    const each = receiver({}, ['logs']);
    await each.start();
    expect(each.seen()).toEqual(names(1, 1));
    expect(each.items.dropped).toEqual({});
    await each.stop();
  });

  it('follows what is appended, also a line that comes in parts', async () => {
    await writeFile(file(), lines(0, 3));
    const each = receiver();
    await each.start();
    const next = lines(3, 2);
    await appendFile(file(), next.slice(0, next.length - 20));
    await each.look();
    expect(each.seen()).toEqual(names(0, 4));
    await appendFile(file(), next.slice(next.length - 20));
    await each.look();
    expect(each.seen()).toEqual(names(0, 5));
    await each.stop();
  });

  it('reads a last line without newline after force_flush_period, when it is complete', async () => {
    await writeFile(file(), line(0) + line(1).trimEnd());
    const each = receiver({ force_flush_period: '1s' });
    await each.start();
    await each.look(4);
    expect(each.seen()).toEqual(names(0, 1));
    await each.look(2);
    expect(each.seen()).toEqual(names(0, 2));
    await appendFile(file(), `\n${line(2).slice(0, 30)}`);
    await each.look(8);
    expect(each.seen()).toEqual(names(0, 2));
    await appendFile(file(), line(2).slice(30));
    await each.look(2);
    expect(each.seen()).toEqual(names(0, 3));
    expect(each.items.dropped).toEqual({});
    await each.stop();
  });

  it('starts at the end of files that are there at the start, and at the beginning of later ones', async () => {
    await writeFile(file('a.json'), lines(0, 3));
    await writeFile(file('b.json.gz'), gzipSync(lines(3, 3)));
    const each = receiver({ include: [join(directory, '*')], start_at: 'end', compression: 'auto' });
    await each.start();
    await appendFile(file('a.json'), lines(10, 1));
    await appendFile(file('b.json.gz'), gzipSync(lines(11, 1)));
    await writeFile(file('c.json'), lines(12, 1));
    await each.look();
    expect(each.seen()).toEqual(names(10, 3));
    await each.stop();
  });

  it('looks again after poll_interval', async () => {
    const each = receiver({ poll_interval: '10s' });
    await each.component.start?.(each.host);
    await each.look();
    await writeFile(file(), lines(0, 1));
    await each.look(48);
    expect(each.seen()).toEqual([]);
    await each.look(2);
    expect(each.seen()).toEqual(names(0, 1));
    await each.stop();
  });

  it('reads what include matches and exclude does not, in folders too', async () => {
    await mkdir(file('x/y'), { recursive: true });
    await writeFile(file('x/y/a.json'), lines(0, 1));
    await writeFile(file('x/b.json'), lines(1, 1));
    await writeFile(file('x/no-c.json'), lines(2, 1));
    await writeFile(file('d.txt'), lines(3, 1));
    const each = receiver({ include: [join(directory, '**/*.json')], exclude: [join(directory, '**/no-*')] });
    await each.start();
    expect(each.seen().toSorted()).toEqual(names(0, 2));
    await each.stop();
  });

  it('leaves files alone that changed before exclude_older_than', async () => {
    await writeFile(file('old.json'), lines(0, 1));
    await utimes(file('old.json'), 1_000, 1_000);
    await writeFile(file('new.json'), lines(1, 1));
    const each = receiver({ exclude_older_than: '24h' });
    await each.start();
    expect(each.seen()).toEqual(names(1, 1));
    await each.stop();
  });

  it('reads everything again at every look with replay_file', async () => {
    await writeFile(file(), lines(0, 2));
    const each = receiver({ replay_file: true });
    await each.start();
    await each.look(2);
    expect(each.seen()).toEqual([...names(0, 2), ...names(0, 2), ...names(0, 2)]);
    await each.stop();
  });
});

describe('otlp_json_file and the pipeline', () => {
  it('stays where it is while the pipeline refuses, and loses nothing', async () => {
    await writeFile(file('a.json'), lines(0, 3));
    await writeFile(file('b.json'), lines(3, 1));
    const each = receiver();
    let call = 0;
    each.logs.before = () => {
      if (call++ % 2 === 1) throw new PipelineError('full', { kind: 'retryable' });
      return call % 3 === 0 ? Promise.reject(new PipelineError('full', { kind: 'retryable' })) : undefined;
    };
    await each.start();
    await each.look(20);
    expect(each.seen().toSorted()).toEqual(names(0, 4));
    expect(each.items.dropped).toEqual({});
    await each.stop();
  });

  it('waits until a batch is taken before it reads on', async () => {
    await writeFile(file(), lines(0, 3));
    const each = receiver();
    const waiting: (() => void)[] = [];
    each.logs.before = () => new Promise<void>((resolve) => waiting.push(resolve));
    await each.component.start?.(each.host);
    await each.clock.advance(200);
    for (let i = 0; i < 3; i++) {
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(each.seen()).toEqual(names(0, i));
      waiting.pop()?.();
    }
    await each.look();
    expect(each.seen()).toEqual(names(0, 3));
    await each.stop();
  });

  it('does not wait for the pipeline when the time for its shutdown is up', async () => {
    await writeFile(file(), lines(0, 2));
    const each = receiver();
    let take = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      each.logs.before = () => {
        resolve();
        return new Promise<void>((taken) => (take = taken));
      };
    });
    await each.component.start?.(each.host);
    await each.clock.advance(200);
    await asked;
    const timeUp = new AbortController();
    const stopped = each.component.shutdown?.(timeUp.signal);
    timeUp.abort();
    await stopped;
    take();
    await each.stop();
    expect(each.seen()).toEqual(names(0, 1));
  });

  it('counts what is refused for good, and goes on', async () => {
    await writeFile(file(), line(0, 5) + line(5));
    const each = receiver();
    each.logs.before = ({ items }) => {
      if (items === 5) throw new PipelineError('no', { kind: 'permanent' });
      return undefined;
    };
    await each.start();
    expect(each.seen()).toEqual(names(5, 1));
    expect([each.items.created, each.items.dropped]).toEqual([5, { permanent: 5 }]);
    await each.stop();
  });

  it('reads nothing while everything would be refused', async () => {
    await writeFile(file(), lines(0, 1));
    const each = receiver();
    let isFull = true;
    Object.assign(each.logs, { refusing: () => (isFull ? new PipelineError('full', { kind: 'retryable' }) : undefined) });
    await each.start();
    expect(each.seen()).toEqual([]);
    isFull = false;
    await each.look();
    expect(each.seen()).toEqual(names(0, 1));
    await each.stop();
  });

  it('names the file on spans and log records when told to, and never on data points', async () => {
    await writeFile(file(), line(0, 1, 'traces') + line(1, 1, 'metrics') + line(2));
    await symlink(file(), file('link.json'));
    const settings = {
      include: [file('link.json')],
      include_file_path: true,
      include_file_name_resolved: true,
      include_file_path_resolved: true,
    };
    const each = receiver({ ...settings, include_file_name: true });
    await each.start();
    const texts = [...each.sinks.values()].map(({ requests }) => String(requests[0]));
    for (const name of ['log.file.name', 'log.file.path', 'log.file.name_resolved', 'log.file.path_resolved', file('link.json'), file()])
      expect([name, ...texts.map((text) => text.includes(name))]).toEqual([name, true, false, true]);
    await each.stop();
  });
});

describe('otlp_json_file and bad lines', () => {
  it('counts and logs them with file and offset, and goes on', async () => {
    const first = line(0);
    await writeFile(file(), `${first}not json\n{"resourceLogs":[{"scopeLogs":7}]}\n{"other":1}\n${line(1)}`);
    const each = receiver();
    await each.start();
    expect(each.seen()).toEqual(names(0, 2));
    expect(each.items.dropped).toEqual({ invalid_line: 3 });
    expect(each.log.map(({ message, attributes }) => [message, attributes?.['path'], attributes?.['offset']])).toEqual([
      ['A line could not be read.', file(), first.length],
      ['A line could not be read.', file(), first.length + 9],
      ['A line could not be read.', file(), first.length + 44],
    ]);
    expect(each.log[0]?.attributes?.['error']).toBe('no resourceSpans, resourceMetrics or resourceLogs');
    await each.stop();
  });

  it('logs a few of many', async () => {
    await writeFile(file(), `${'x\n'.repeat(1_000)}${line(0)}`);
    const each = receiver();
    await each.start();
    expect(each.items.dropped).toEqual({ invalid_line: 1_000 });
    expect(each.log).toHaveLength(11);
    expect(each.log.at(-1)).toMatchObject({ message: 'More lines could not be read.', attributes: { path: file(), lines: 990 } });
    expect(each.seen()).toEqual(names(0, 1));
    await each.stop();
  });

  it('skips lines beyond max_log_size, also those that come in parts', async () => {
    const long = line(1, 5_000);
    await writeFile(file(), line(0) + long + line(2));
    const each = receiver({ max_log_size: '100KiB' });
    await each.start();
    expect(each.seen()).toEqual([...names(0, 1), ...names(2, 1)]);
    expect(each.items.dropped).toEqual({ line_too_long: 1 });
    await appendFile(file(), long.slice(0, 300_000));
    await each.look();
    await appendFile(file(), `${long.slice(300_000)}${line(3)}`);
    await each.look();
    expect(each.seen()).toEqual([...names(0, 1), ...names(2, 2)]);
    expect(each.items.dropped).toEqual({ line_too_long: 2 });
    await each.stop();
  });

  it('knows a file again whose last line was too long by a little', async () => {
    const long = line(1, 500);
    await writeFile(file(), line(0) + long.slice(0, -20));
    const each = receiver({ max_log_size: long.length - 10 });
    await each.start();
    await appendFile(file(), long.slice(-20));
    await each.look();
    await appendFile(file(), line(2));
    await each.look();
    expect(each.seen()).toEqual([...names(0, 1), ...names(2, 1)]);
    expect(each.items.dropped).toEqual({ line_too_long: 1 });
    await each.stop();
  });

  it('reads long lines within max_log_size', async () => {
    await writeFile(file(), line(0, 20_000));
    const each = receiver();
    await each.start();
    expect(each.seen()).toHaveLength(20_000);
    await each.stop();
  });

  it('says once that a file cannot be read', async () => {
    await mkdir(file('folder.json'));
    await symlink(file('loop.json'), file('loop.json'));
    await writeFile(file('bad.json.gz'), 'not gzip');
    const each = receiver({ include: [join(directory, '*')], compression: 'auto' });
    await each.start();
    await each.look(3);
    expect(each.log.filter(({ message }) => message === 'A file could not be read.').map(({ attributes }) => attributes?.['path'])).toEqual(
      [file('bad.json.gz'), file('loop.json')],
    );
    await each.stop();
  });

  it('says that nothing matches', async () => {
    const each = receiver();
    await each.start();
    expect(each.log.map(({ message }) => message)).toEqual(['no files match the configured criteria']);
    await each.stop();
  });
});

describe('otlp_json_file and rotation', () => {
  it('reads on in a file that was renamed within the pattern', async () => {
    await writeFile(file('a.json'), lines(0, 2));
    const each = receiver();
    await each.start();
    await appendFile(file('a.json'), lines(2, 1));
    await rename(file('a.json'), file('a-1.json'));
    await writeFile(file('a.json'), lines(3, 1));
    await each.look();
    expect(each.seen().toSorted()).toEqual(names(0, 4));
    await each.stop();
  });

  it('reads the end of a file that was renamed out of the pattern', async () => {
    await writeFile(file('a.json'), lines(0, 2));
    const each = receiver();
    await each.start();
    await appendFile(file('a.json'), lines(2, 1));
    await rename(file('a.json'), file('a.json.1'));
    await each.look();
    expect(each.seen()).toEqual(names(0, 3));
    await each.look(5);
    await each.stop();
  });

  it('reads a truncated file from its beginning, and its copy from where it was', async () => {
    await writeFile(file('a.json'), lines(0, 3));
    const each = receiver();
    await each.start();
    await appendFile(file('a.json'), lines(3, 1));
    await copyFile(file('a.json'), file('copy.json'));
    await truncate(file('a.json'));
    await appendFile(file('a.json'), lines(4, 2));
    await each.look();
    expect(each.seen().toSorted()).toEqual(names(0, 6));
    for (let first = 6; first < 14; first += 2) {
      await appendFile(file('a.json'), lines(first, 1));
      if (first === 8) await truncate(file('a.json'));
      await appendFile(file('a.json'), lines(first + 1, 1));
      await each.look();
    }
    expect(each.seen().toSorted()).toEqual(names(0, 14).toSpliced(8, 1));
    await each.stop();
  });

  it('notices a file that was written anew with a beginning as before', async () => {
    await writeFile(file(), line(0) + lines(1, 2));
    const each = receiver({ fingerprint_size: 16 });
    await each.start();
    await writeFile(file(), line(0) + lines(11, 4));
    await each.look();
    expect(each.seen()).toEqual([...names(0, 3), ...names(0, 1), ...names(11, 4)]);
    await each.stop();
  });

  it('takes new files with a beginning as before for new ones', async () => {
    await writeFile(file('a.json'), lines(0, 2));
    const each = receiver({ fingerprint_size: '16b' });
    await each.start();
    await rename(file('a.json'), file('a.json.1'));
    await writeFile(file('a.json'), lines(2, 5));
    await each.look();
    expect(each.seen()).toEqual(names(0, 7));
    await each.stop();
  });

  it('reads packed files, also when a file was packed after it was read', async () => {
    await writeFile(file('a.json'), lines(0, 3));
    const each = receiver({ include: [join(directory, '*')], compression: 'auto' });
    await each.start();
    await writeFile(file('a.json.gz'), gzipSync(lines(0, 4)));
    await rm(file('a.json'));
    await each.look();
    expect(each.seen()).toEqual(names(0, 4));
    await appendFile(file('a.json.gz'), gzipSync(lines(4, 2)).subarray(0, -5));
    await each.look();
    await each.stop();
    const packed = receiver({ include: [file('a.json.gz')], compression: 'gzip' });
    await packed.start();
    expect(packed.seen()).toEqual(names(0, 6));
    await packed.stop();
  });

  it('remembers many files', async () => {
    for (let i = 0; i < 300; i++) await writeFile(file(`${i}.json`), line(i));
    const each = receiver();
    await each.start();
    await each.look(2);
    expect(each.seen().toSorted()).toEqual(names(0, 300));
    for (let i = 0; i < 300; i++) await appendFile(file(`${i}.json`), line(300 + i));
    await each.look(2);
    expect(each.seen().toSorted()).toEqual(names(0, 600));
    await each.stop();
  });
});

describe('the configuration of otlp_json_file', () => {
  const problems = (settings: object) => factory.validateConfig?.(configOf(factory, settings));

  it('is checked', () => {
    expect(problems({})).toEqual(["'include' must be specified"]);
    expect(problems({ include: ['x'], fingerprint_size: 15, max_log_size: 0, poll_interval: '0s' })).toEqual([
      '`fingerprint_size` must be at least 16 bytes',
      '`max_log_size` must be positive',
      'poll_interval must be positive',
    ]);
    expect(problems({ include: ['x'], fingerprint_size: '1 bite', max_log_size: 'big' })).toEqual([
      'fingerprint_size: invalid byte size "1 bite"',
      'max_log_size: invalid byte size "big"',
    ]);
    expect(problems({ include: ['x'], fingerprint_size: '1.5KiB', max_log_size: '2 MB' })).toEqual([]);
  });
});
