import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { BatchBuilder } from '@millrace/wire';
import type { Signal } from '@millrace/wire';
import {
  configOf,
  exampleBatch,
  exampleRequest,
  FakeClock,
  itemNames,
  noDeadline,
  systemClock,
  testContext,
  testHost,
} from '@millrace/api/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-file-'));
});

afterEach(() => rm(directory, { recursive: true }));

const file = (name = 'out'): string => join(directory, name);

function exporter(settings: object, signal: Signal = 'traces', clock = new FakeClock(), host = testHost()) {
  const context = testContext({ id: 'file', kind: 'exporter', signal, clock });
  const stage = factory.create(configOf(factory, { path: file(), ...settings }), context);
  const send = (items: number, first = 0): void => {
    using batch = exampleBatch(host.pool, signal, items, first);
    expect(stage.consume(batch)).toBeUndefined();
  };
  const start = async (): Promise<void> => stage.start?.(host);
  const stop = async (signal = noDeadline()): Promise<void> => stage.shutdown?.(signal);
  return { stage, host, clock, items: context.items, lines: context.lines, send, start, stop };
}

/** Waits for a condition, going round the event loop. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

const sizeOf = async (path = file()): Promise<number> => (await stat(path)).size;

describe('file, its formats', () => {
  it('writes one OTLP/JSON object a line', async () => {
    const { start, send, stop } = exporter({});
    await start();
    send(2);
    send(1, 2);
    await stop();
    const lines = (await readFile(file(), 'utf8')).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe('');
    expect(JSON.parse(lines[1])).toEqual({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'example' } }] },
          scopeSpans: [
            {
              scope: { name: 'example' },
              spans: [
                {
                  traceId: '01010101010101010101010100000002',
                  spanId: '0101010100000002',
                  name: 'item-00000002',
                  startTimeUnixNano: '1790000000002000000',
                  endTimeUnixNano: '1790000000007000000',
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('writes protobuf messages after their length', async () => {
    const { start, send, stop } = exporter({ format: 'proto' }, 'metrics');
    await start();
    send(2);
    send(3, 2);
    await stop();
    const bytes = await readFile(file());
    const messages: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
      messages.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)));
    }
    expect(messages).toEqual([exampleRequest('metrics', 2), exampleRequest('metrics', 3, 2)]);
  });

  it('lets several signals share a file without mixing their lines', async () => {
    const clock = new FakeClock();
    const host = testHost();
    const all = (['traces', 'metrics', 'logs'] as const).map((signal) => exporter({}, signal, clock, host));
    for (const each of all) await each.start();
    for (let i = 0; i < 300; i++) all[i % 3].send(10, i * 10);
    await Promise.all(all.map((each) => each.stop()));
    const lines = (await readFile(file(), 'utf8')).trimEnd().split('\n');
    const kinds = lines.map((line) => Object.keys(JSON.parse(line) as object)[0]);
    expect(kinds).toEqual(Array.from({ length: 300 }, (_, i) => ['resourceSpans', 'resourceMetrics', 'resourceLogs'][i % 3]));
    expect(itemNames([await readFile(file())])).toHaveLength(3_000);
    expect(host.memory.accounted).toBe(0);
    expect(all.map(({ items }) => items.absorbed)).toEqual([1_000, 1_000, 1_000]);
  });
});

describe('file, when it writes', () => {
  it('waits for flush_interval', async () => {
    const { start, send, stop, clock, items } = exporter({ flush_interval: '5s' });
    await start();
    send(3);
    await clock.advance(4_999);
    expect(await sizeOf()).toBe(0);
    expect(items.held).toBe(3);
    await clock.advance(1);
    await until(async () => (await sizeOf()) > 0);
    await until(() => items.absorbed === 3);
    expect(items.held).toBe(0);
    expect(clock.pending).toBe(0);
    await stop();
  });

  it('writes at once with an interval of 0', async () => {
    const { start, send, stop, clock, items } = exporter({ flush_interval: '0s' });
    await start();
    send(3);
    expect(clock.pending).toBe(0);
    await until(() => items.absorbed === 3);
    await stop();
  });

  it('writes large amounts before the interval, and lets senders wait for the disk', async () => {
    const { start, stage, host, items, stop } = exporter({ flush_interval: '1h', format: 'proto' });
    await start();
    let waited = 0;
    let sent = 0;
    using batch = exampleBatch(host.pool, 'traces', 5_000);
    for (; sent < 200; sent++) {
      const consumed = stage.consume(batch);
      if (consumed === undefined) continue;
      waited++;
      await consumed;
    }
    await until(() => items.held < 5_000 * 200);
    expect(waited).toBeGreaterThan(0);
    expect(host.memory.accounted).toBeLessThan(64 * 1024 * 1024);
    await stop();
    expect(items.absorbed).toBe(sent * 5_000);
    expect(await sizeOf()).toBe(sent * (batch.sizeBytes + 4));
  });
});

describe('file, how it opens', () => {
  it('empties the file unless told to append', async () => {
    await writeFile(file(), 'before\n');
    const appending = exporter({ append: true });
    await appending.start();
    await appending.stop();
    expect(await readFile(file(), 'utf8')).toBe('before\n');
    const emptying = exporter({});
    await emptying.start();
    await emptying.stop();
    expect(await readFile(file(), 'utf8')).toBe('');
  });

  it('does not start without the directory, unless told to create it', async () => {
    const path = join(directory, 'a', 'b', 'out');
    await expect(exporter({ path }).start()).rejects.toThrow(`ENOENT: no such file or directory, open '${path}'`);
    const creating = exporter({ path, create_directory: true, directory_permissions: '0700' });
    await creating.start();
    await creating.stop();
    expect((await stat(join(directory, 'a', 'b'))).mode & 0o777).toBe(0o700);
  });

  it('does not start on a directory', async () => {
    await chmod(directory, 0o700);
    await expect(exporter({ path: directory }).start()).rejects.toThrow('EISDIR');
  });

  it('refuses data for now before its start and after its shutdown', async () => {
    const { stage, host, start, stop } = exporter({});
    using batch = exampleBatch(host.pool, 'traces', 1);
    expect(() => stage.consume(batch)).toThrow('file is not running');
    await start();
    await stop();
    expect(() => stage.consume(batch)).toThrow('file is not running');
  });
});

describe('file, on a full disk', () => {
  it('refuses data for now, keeps what it took, and counts it as dropped when it has to give up', async () => {
    const { stage, start, send, stop, clock, items, host, lines } = exporter({ path: '/dev/full', append: true });
    await start();
    send(3);
    await clock.advance(1_000);
    await until(() => stage.refusing?.() !== undefined);
    using batch = exampleBatch(host.pool, 'traces', 1);
    expect(() => stage.consume(batch)).toThrow(
      expect.objectContaining({ kind: 'retryable', message: 'writing to /dev/full: ENOSPC: no space left on device, write' }),
    );
    expect(items.held).toBe(3);
    await clock.advance(10_000);
    expect(lines.filter((line) => line.level === 'error')).toHaveLength(1);
    const timeUp = new AbortController();
    const stopped = stop(timeUp.signal);
    await clock.advance(10_000);
    timeUp.abort();
    await stopped;
    expect(items.dropped).toEqual({ shutdown: 3 });
    expect(items.held).toBe(0);
    await until(() => clock.pending === 0);
  });

  it('gives up at once when there is no time left', async () => {
    const { start, send, stop, items } = exporter({}, 'traces', new FakeClock());
    await start();
    send(3);
    await stop(AbortSignal.abort());
    await until(() => items.held === 0);
    expect((items.dropped['shutdown'] ?? 0) + items.absorbed).toBe(3);
  });
});

describe('file, compression', () => {
  it.each(['json', 'proto'])('writes %s messages packed, after their lengths, at every level', async (format) => {
    for (const level of [0, 1, 3, 6, 11, 22]) {
      const { start, send, stop, host } = exporter({ format, compression: 'zstd', compression_params: { level } });
      await start();
      send(50);
      send(50, 50);
      await stop();
      const bytes = await readFile(file());
      const unpacked: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
        unpacked.push(zstdDecompressSync(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at))));
      }
      expect(itemNames(unpacked)).toHaveLength(100);
      if (format === 'proto') expect(unpacked[0]).toEqual(exampleRequest('traces', 50));
      else expect(Object.keys(JSON.parse(String(unpacked[1])) as object)).toEqual(['resourceSpans']);
      expect(host.memory.accounted).toBe(0);
    }
  });

  it('takes a level for slower and smaller', async () => {
    const sizes: number[] = [];
    for (const level of [1, 11]) {
      const { stage, host, start, stop, items } = exporter({ compression: 'zstd', compression_params: { level } });
      await start();
      using batch = exampleBatch(host.pool, 'traces', 5_000);
      await stage.consume(batch);
      await stop();
      expect(items.absorbed).toBe(5_000);
      sizes.push(await sizeOf());
    }
    expect(sizes[1]).toBeLessThan(sizes[0]!);
  });

  it('writes what is still being packed at the shutdown', async () => {
    const { stage, host, start, stop, items } = exporter({ format: 'proto', compression: 'zstd' });
    await start();
    using batch = exampleBatch(host.pool, 'traces', 40_000);
    const taken = stage.consume(batch);
    expect(taken).toBeDefined();
    await stop();
    await taken;
    expect(items.absorbed).toBe(40_000);
    expect(items.held).toBe(0);
  });
});

describe('file, rotation', () => {
  it('starts a new file before one becomes too large, and keeps max_backups of the old ones', async () => {
    const { start, stage, host, stop, clock, items } = exporter({
      path: file('sub/out.json'),
      rotation: { max_megabytes: 1, max_days: 7, max_backups: 2, localtime: true },
      format: 'proto',
    });
    await start();
    using batch = exampleBatch(host.pool, 'traces', 9_000);
    for (let i = 0; i < 9; i++) {
      await stage.consume(batch);
      await clock.advance(60_000);
      await until(() => items.held === 0);
    }
    await stop();
    const names = (await readdir(file('sub'))).toSorted();
    expect(names).toHaveLength(3);
    expect(names.slice(0, 2).every((name) => /^out-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}-size\.json$/.test(name))).toBe(true);
    for (const name of names) expect(await sizeOf(file(`sub/${name}`))).toBeLessThanOrEqual(1024 * 1024);
    expect(items.absorbed).toBe(81_000);
  });

  it('deletes rotated files after max_days', async () => {
    await writeFile(file('out-2026-09-13T14-13-19.000-size'), '');
    await writeFile(file('out-2026-09-15T14-13-19.000-size'), '');
    const { start, stop } = exporter({ rotation: { max_megabytes: 0, max_days: 7, max_backups: 0, localtime: false } });
    await start();
    await stop();
    expect((await readdir(directory)).toSorted()).toEqual(['out', 'out-2026-09-15T14-13-19.000-size']);
  });
});

describe('file, groups', () => {
  const group_by = { enabled: true, resource_attribute: 'tenant', max_open_files: 2 };

  function tenants(
    signal: 'traces' | 'metrics' | 'logs',
    host: ReturnType<typeof testHost>,
    all: readonly (string | bigint | undefined)[],
  ) {
    using builder = new BatchBuilder(signal, host.pool);
    all.forEach((tenant, at) => {
      const scope = builder.resource({ at: String(at), ...(tenant !== undefined && { tenant }) }).scope();
      for (let i = 0; i < 2; i++) {
        const name = `item-${String(at * 2 + i).padStart(8, '0')}`;
        if (signal === 'traces') scope.span({ name });
        else if (signal === 'logs') scope.log({ body: name });
        else scope.metric({ name: 'm', type: 'gauge' }).point({ asInt: 1n, attributes: { name } });
      }
    });
    return builder.finish()!;
  }

  it.each(['traces', 'metrics', 'logs'] as const)('write the %s of each resource to the file that its attribute names', async (signal) => {
    const { stage, start, stop, host, items } = exporter({ path: file('by-*.json'), group_by }, signal);
    await start();
    using batch = tenants(signal, host, ['a', 'b', 'a', undefined, 'c', 7n, 'b']);
    expect(stage.consume(batch)).toBeUndefined();
    batch.release();
    await stop();
    const found = Object.fromEntries(
      await Promise.all((await readdir(directory)).map(async (name) => [name, itemNames([await readFile(file(name))])] as const)),
    );
    const items8 = (...numbers: number[]): string[] => numbers.map((number) => `item-${String(number).padStart(8, '0')}`);
    expect(found).toEqual({ 'by-a.json': items8(0, 1, 4, 5), 'by-b.json': items8(2, 3, 12, 13), 'by-c.json': items8(8, 9) });
    expect([items.absorbed, items.dropped]).toEqual([10, { missing_attribute: 4 }]);
    expect(host.memory.accounted).toBe(0);
  });

  it('keep the bytes of a resource as they are', async () => {
    const { stage, start, stop, host } = exporter({
      path: file('x/*'),
      group_by: { ...group_by, resource_attribute: 'service.name' },
      format: 'proto',
    });
    await start();
    using batch = exampleBatch(host.pool, 'traces', 3);
    expect(stage.consume(batch)).toBeUndefined();
    await stop();
    expect((await readFile(file('x/example'))).subarray(4)).toEqual(exampleRequest('traces', 3));
  });

  it('never leave the folder before the *', async () => {
    const { stage, start, stop, host, items } = exporter({ path: file('in/*.json'), group_by }, 'logs');
    await start();
    using batch = tenants('logs', host, ['../../etc/x', '/abs', './dot', 'a/../../../b', '', 'deep/er', '..', 'n\0l']);
    expect(stage.consume(batch)).toBeUndefined();
    await stop();
    expect(await readdir(directory)).toEqual(['in']);
    const names = await readdir(file('in'), { recursive: true, withFileTypes: true });
    const paths = names
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(file('in').length + 1));
    expect(paths.toSorted()).toEqual(['...json', '.json', 'abs.json', 'b.json', 'deep/er.json', 'dot.json', 'etc/x.json']);
    expect(items.dropped).toEqual({ unwritable_path: 2 });
  });

  it('keep few files open, and lose nothing by that', async () => {
    const { stage, start, stop, host, items, clock } = exporter({ path: file('*'), group_by }, 'logs');
    await start();
    for (let round = 0; round < 3; round++) {
      using batch = tenants(
        'logs',
        host,
        Array.from({ length: 40 }, (_, i) => `t${i}`),
      );
      expect(stage.consume(batch)).toBeUndefined();
      await clock.advance(1_000);
    }
    await stop();
    expect(await readdir(directory)).toHaveLength(40);
    for (let i = 0; i < 40; i++) expect(itemNames([await readFile(file(`t${i}`))])).toHaveLength(6);
    expect(items.absorbed).toBe(240);
  });

  it('pack each file by itself', async () => {
    const { stage, start, stop, host, items } = exporter({ path: file('*'), group_by, compression: 'zstd' }, 'logs');
    await start();
    using batch = tenants('logs', host, ['a', 'b']);
    await stage.consume(batch);
    await stop();
    expect(itemNames([zstdDecompressSync((await readFile(file('b'))).subarray(4))])).toEqual(['item-00000002', 'item-00000003']);
    expect(items.absorbed).toBe(4);
  });
});

describe('the configuration of file', () => {
  const problems = (settings: object) => factory.validateConfig?.(configOf(factory, settings));

  it('needs a path and a sensible interval', () => {
    expect(problems({})).toEqual(['path must be non-empty']);
    expect(problems({ path: 'x', flush_interval: '-1s' })).toEqual(['flush_interval must be larger than zero']);
  });

  it('takes permissions for a directory that it creates', () => {
    expect(problems({ path: 'x', directory_permissions: '0700' })).toEqual(['directory_permissions requires create_directory to be true']);
    expect(problems({ path: 'x', create_directory: true, directory_permissions: '9' })).toEqual([
      'directory_permissions value must be a valid octal representation',
    ]);
    expect(problems({ path: 'x', create_directory: true, directory_permissions: '1777' })).toEqual([
      'directory_permissions contain invalid bits for file access',
    ]);
  });

  it('keeps append and rotation apart, and needs one * for groups', () => {
    expect(problems({ path: 'x', append: true, rotation: {} })).toEqual(['append and rotation enabled at the same time is not supported']);
    const group_by = { enabled: true };
    for (const path of ['x', 'a*b*'])
      expect(problems({ path, group_by })).toEqual(['path must contain exactly one * when group_by is enabled']);
    expect(problems({ path: '*', group_by: { ...group_by, resource_attribute: '' } })).toEqual([
      'path must not start with * when group_by is enabled',
      'resource_attribute must not be empty when group_by is enabled',
    ]);
    expect(problems({ path: 'a/*', group_by })).toEqual([]);
  });
});

describe('file, on the clock of the machine', () => {
  it('writes by itself', async () => {
    const context = testContext({ kind: 'exporter', clock: systemClock });
    const stage = factory.create(configOf(factory, { path: file(), flush_interval: '1ms' }), context);
    const host = testHost();
    await stage.start?.(host);
    using batch = exampleBatch(host.pool, 'traces', 1);
    await stage.consume(batch);
    await until(() => context.items.absorbed === 1);
    await stage.shutdown?.(noDeadline());
  });
});
