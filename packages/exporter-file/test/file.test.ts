import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
