import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinOutput } from '@millrace/output-file';
import type { OutputOptions } from '@millrace/output-file';
import { FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-output-'));
});

afterEach(() => rm(directory, { recursive: true }));

const file = (name: string): string => join(directory, name);
const nothing = new Uint8Array();
const options: OutputOptions = { append: false, flushMs: 1_000, maxOpenFiles: 2, createDirectory: true, directoryMode: 0o755 };
const rotation = { maxBytes: 100, maxDays: 0, maxBackups: 0, localTime: false };

/** Joins the output of a file, or that of a group when no file is given. */
async function open(settings: Partial<OutputOptions> = {}, path = file('out.txt'), clock = new FakeClock()) {
  const first = path === '' ? undefined : path;
  const host = testHost();
  const context = testContext({ kind: 'exporter', clock });
  const output = await joinOutput(first ?? file('*'), { ...options, ...settings }, context, host.pool, first);
  const append = (text: string, to: string = path): void => output.append(to, Buffer.from(text), nothing, 1, context.items);
  const stop = (signal = noDeadline()): Promise<void> => output.leave(context, signal);
  return { output, context, host, clock, append, stop };
}

/** Waits until everything is written. */
async function written({ context, clock }: { context: ReturnType<typeof testContext>; clock: FakeClock }): Promise<void> {
  await clock.advance(1_000);
  while (context.items.held > 0) await new Promise((resolve) => setImmediate(resolve));
}

const contents = async (): Promise<Record<string, string>> => {
  const names = (await readdir(directory)).toSorted();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(file(name), 'utf8')] as const)));
};

describe('Rotation', () => {
  it('renames the file before it becomes too large, and never cuts what belongs together', async () => {
    const each = await open({ rotation });
    for (const [at, text] of ['a'.repeat(60), 'b'.repeat(40), 'c'.repeat(60), 'd'.repeat(300), 'e'].entries()) {
      each.append(text);
      if (at % 2 === 0) await written(each);
    }
    await each.stop();
    expect(Object.values(await contents()).map((text) => `${text[0]}${text.length}`)).toEqual(['a100', 'c60', 'd300', 'e1']);
    expect(each.context.items.absorbed).toBe(5);
  });

  it('names files by the time in UTC or of this machine, and never overwrites one', async () => {
    for (const localTime of [false, true]) {
      const each = await open({ rotation: { ...rotation, maxBytes: 1, localTime } }, file(localTime ? 'l.a.json' : 'u.a.json'));
      for (const text of ['1', '2', '3']) each.append(text);
      await each.stop();
    }
    const now = new Date(1_790_000_000_000);
    const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replaceAll(':', '-');
    expect(Object.keys(await contents())).toEqual([
      `l.a-${local}.000-size.json`,
      `l.a-${local}.001-size.json`,
      'l.a.json',
      'u.a-2026-09-21T14-13-20.000-size.json',
      'u.a-2026-09-21T14-13-20.001-size.json',
      'u.a.json',
    ]);
  });

  it('keeps what is in the file at the start, and rotates it when it is full', async () => {
    await writeFile(file('out.txt'), 'x'.repeat(50));
    const each = await open({ rotation });
    each.append('a'.repeat(50));
    each.append('b'.repeat(10));
    await written(each);
    await each.stop();
    expect(Object.values(await contents())).toEqual([`${'x'.repeat(50)}${'a'.repeat(50)}`, 'b'.repeat(10)].map((text) => text));
    const next = await open({ rotation });
    next.append('c'.repeat(95));
    await next.stop();
    expect(Object.values(await contents()).at(-1)).toBe('c'.repeat(95));
  });

  it('deletes the oldest of too many, and those that are too old, and nothing else', async () => {
    const others = [
      'out-notes.txt',
      'out-2026-09-21.txt',
      'other-2020-01-01T00-00-00.000-size.txt',
      'out-2020-01-01T00-00-00.000-size.log',
    ];
    for (const name of others) await writeFile(file(name), '');
    await writeFile(file('out-2026-09-20T14-13-19.000-size.txt'), 'old');
    await writeFile(file('out-2026-09-20T14-13-21.000-size.txt'), 'young');
    const each = await open({ rotation: { ...rotation, maxBytes: 1, maxDays: 1 } });
    await each.stop();
    expect(Object.keys(await contents())).toEqual([...others, 'out-2026-09-20T14-13-21.000-size.txt', 'out.txt'].toSorted());
    const few = await open({ rotation: { ...rotation, maxBytes: 1, maxBackups: 2 } });
    for (const text of ['1', '2', '3', '4', '5']) few.append(text);
    await few.stop();
    const left = await contents();
    expect(
      Object.keys(left)
        .filter((name) => name.endsWith('-size.txt'))
        .map((name) => left[name]),
    ).toEqual(['', '3', '4']);
  });

  it('tells when old files cannot be deleted, and goes on', async () => {
    await mkdir(file('out-2020-01-01T00-00-00.000-size.txt'));
    const each = await open({ rotation: { ...rotation, maxDays: 1 } });
    each.append('x');
    await each.stop();
    expect(each.context.lines.map(({ message }) => message)).toEqual(['Old rotated files could not be deleted.']);
    expect(await readFile(file('out.txt'), 'utf8')).toBe('x');
  });

  it('goes on in a new file when somebody removed the old one', async () => {
    const each = await open({ rotation });
    each.append('a'.repeat(90));
    await written(each);
    await rm(file('out.txt'));
    each.append('b'.repeat(90));
    await each.stop();
    expect(await contents()).toEqual({ 'out.txt': 'b'.repeat(90) });
  });
});

describe('A header', () => {
  const header = Buffer.from('HEAD\n');

  it('stands at the start of every file, once', async () => {
    const each = await open({ rotation: { ...rotation, maxBytes: 20 }, header });
    for (const text of ['1234567890', 'abcdef', 'x'.repeat(30), 'y']) each.append(text);
    await each.stop();
    expect(Object.values(await contents())).toEqual(
      ['HEAD\n1234567890', 'HEAD\nabcdef', `HEAD\n${'x'.repeat(30)}`, 'HEAD\ny'].map((text) => text),
    );
    const again = await open({ append: true, header });
    again.append('z');
    await again.stop();
    expect(await readFile(file('out.txt'), 'utf8')).toBe('HEAD\nyz');
  });

  it('is in an empty file, and makes way for another one', async () => {
    await (await open({ header })).stop();
    const each = await open({ header, append: true });
    each.append('1');
    await each.stop();
    const other = await open({ header: Buffer.from('LONGER HEAD\n'), append: true });
    await other.stop();
    expect(await contents()).toEqual({ 'out-2026-09-21T14-13-20.000-header.txt': 'HEAD\n1', 'out.txt': '' });
  });
});

describe('A group of files', () => {
  const group = (settings: Partial<OutputOptions> = {}) => open(settings, '');

  it('opens files when they are written, and few at a time', async () => {
    const each = await group();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20; i++) each.append(`${round}`, file(`sub/${i % 10}`));
      await written(each);
      const fds = await readdir('/proc/self/fd').catch(() => []);
      const targets = await Promise.all(fds.map((fd) => stat(`/proc/self/fd/${fd}`).catch(() => undefined)));
      const inodes = new Set(await Promise.all((await readdir(file('sub'))).map(async (name) => (await stat(file(`sub/${name}`))).ino)));
      expect(targets.filter((target) => target !== undefined && inodes.has(target.ino)).length).toBeLessThanOrEqual(2);
    }
    await each.stop();
    for (let i = 0; i < 10; i++) expect(await readFile(file(`sub/${i}`), 'utf8')).toBe('001122');
    expect(each.host.memory.accounted).toBe(0);
  });

  it('empties a file of an earlier run once, or keeps it', async () => {
    await writeFile(file('a'), 'before');
    await writeFile(file('b'), 'before');
    const each = await group({ maxOpenFiles: 1 });
    for (const path of ['a', 'c', 'a', 'c']) {
      each.append('1', file(path));
      await written(each);
    }
    await each.stop();
    expect(await contents()).toEqual({ a: '11', b: 'before', c: '11' });
    const keeping = await group({ append: true });
    keeping.append('2', file('a'));
    await keeping.stop();
    expect(await readFile(file('a'), 'utf8')).toBe('112');
  });

  it('rotates each file by itself, also after it was closed', async () => {
    const each = await group({ rotation, maxOpenFiles: 1 });
    for (let i = 0; i < 4; i++) {
      for (const path of ['a.x', 'b.x']) each.append('1'.repeat(40), file(path));
      await written(each);
    }
    await each.stop();
    expect(Object.values(await contents()).map(({ length }) => length)).toEqual([80, 80, 80, 80]);
  });

  it('lets senders wait when data for many files waits', async () => {
    const each = await group({ flushMs: 60_000 });
    for (let i = 0; i < 1_000; i++) {
      expect(each.output.room()).toBeUndefined();
      each.append('1', file(`many/${i}`));
    }
    expect(each.host.memory.accounted).toBeLessThan(8 * 1024 * 1024);
    await each.output.room();
    expect(await readdir(file('many'))).toHaveLength(1_000);
    expect(each.output.room()).toBeUndefined();
    await each.stop();
  });

  it('drops what is for a path that can never be written, and says so once', async () => {
    const each = await group();
    await writeFile(file('plain'), '');
    await mkdir(file('folder'));
    for (const path of [file('x'.repeat(300)), file('plain/x'), file('nul\0'), file('good')]) each.append('1', path);
    each.append('1', file('folder'));
    await written(each);
    expect(each.context.items.dropped).toEqual({ unwritable_path: 4 });
    expect(each.context.items.absorbed).toBe(1);
    expect(each.context.lines.map(({ level }) => level)).toEqual(['error']);
    expect(each.output.failure).toBeUndefined();
    await each.stop();
  });
});

describe('A disk that fails', () => {
  it('is reported, tried again, and reported when it works', async () => {
    const path = file('late/out');
    const each = await open({ createDirectory: false }, '');
    each.append('1', path);
    await each.clock.advance(1_000);
    while (each.output.failure === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(() => each.output.room()).toThrow(expect.objectContaining({ kind: 'retryable' }));
    await each.clock.advance(3_000);
    expect(each.context.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    await mkdir(file('late'));
    await written(each);
    expect(each.output.failure).toBeUndefined();
    expect(each.context.reports.map(({ status }) => status)).toEqual(['RecoverableError', 'OK']);
    expect(await readFile(path, 'utf8')).toBe('1');
    await each.stop();
  });

  it('drops and counts what is left when the time is up', async () => {
    const each = await open({ createDirectory: false }, '');
    each.append('1', file('never/out'));
    await each.stop(AbortSignal.abort());
    while (each.context.items.held > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(each.context.items.dropped).toEqual({ shutdown: 1 });
    expect(each.host.memory.accounted).toBe(0);
  });

  it('lets senders wait when much waits', async () => {
    const each = await open();
    const piece = Buffer.alloc(1024 * 1024);
    let waited: Promise<void> | undefined;
    for (let i = 0; waited === undefined; i++) {
      expect(i).toBeLessThan(10);
      waited = each.output.room();
      if (waited === undefined) each.output.append(file('out.txt'), piece, nothing, 1, each.context.items);
    }
    await waited;
    expect(each.output.room()).toBeUndefined();
    await each.stop();
  });
});

describe('An output', () => {
  it('is shared by its name, and opened once', async () => {
    const first = await open();
    const second = await open();
    expect(second.output).toBe(first.output);
    first.append('1');
    await first.stop();
    expect(await readFile(file('out.txt'), 'utf8')).toBe('1');
    second.append('2');
    await second.stop();
    expect(await readFile(file('out.txt'), 'utf8')).toBe('12');
    const third = await open();
    expect(third.output).not.toBe(first.output);
    await third.stop();
  });

  it('stays when somebody joins while the last one leaves', async () => {
    const first = await open();
    first.append('1');
    const left = first.stop();
    const second = await open();
    await left;
    expect(second.output).toBe(first.output);
    second.append('2');
    await second.stop();
    expect(await readFile(file('out.txt'), 'utf8')).toBe('12');
  });

  it('cannot be joined when its file cannot be opened, or has another header', async () => {
    await expect(open({}, directory)).rejects.toThrow('EISDIR');
    const each = await open({ header: Buffer.from('a') });
    await expect(open({ header: Buffer.from('b') })).rejects.toThrow(`${file('out.txt')} is written with other columns already`);
    await each.stop();
  });
});
