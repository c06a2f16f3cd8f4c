import { execFileSync } from 'node:child_process';
import { jest, afterAll, describe, expect, it } from '@jest/globals';
import { filesOf, newDirectory } from './files.ts';
import type { FileHandle } from 'node:fs/promises';

// A disk with so many bytes left, for machines on which nobody may mount a small one. It takes what fits, and then nothing.
let bytesLeft = Infinity;
let readOnly = false;
const real = await import('node:fs/promises');
const isReadOnly = (): Error => Object.assign(new Error('EROFS: read-only file system, write'), { code: 'EROFS' });
const noSpace = (): Error => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
function small(handle: FileHandle): FileHandle {
  const writev = handle.writev.bind(handle);
  handle.writev = (async (buffers: readonly Buffer[], position: number) => {
    if (readOnly) throw isReadOnly();
    const all = Buffer.concat(buffers);
    const fits = all.subarray(0, Math.max(0, Math.min(all.length, bytesLeft)));
    bytesLeft -= fits.length;
    if (fits.length === 0) throw noSpace();
    return writev([fits], position);
  }) as never;
  return handle;
}
jest.unstable_mockModule('node:fs/promises', () => ({
  ...real,
  open: async (...args: Parameters<typeof real.open>) => {
    if (readOnly && args[1] !== 'r') throw isReadOnly();
    return small(await real.open(...args));
  },
  unlink: (path: string) => (readOnly ? Promise.reject(isReadOnly()) : real.unlink(path)),
}));
const realSync = await import('node:fs');
const checkedSync = (bytes: number): void => {
  if (readOnly) throw isReadOnly();
  if (bytesLeft < bytes) throw noSpace();
  bytesLeft -= bytes;
};
jest.unstable_mockModule('node:fs', () => ({
  ...realSync,
  writeSync: (fd: number, buffer: Buffer, offset: number, length: number, position: number) => {
    checkedSync(length);
    return realSync.writeSync(fd, buffer, offset, length, position);
  },
}));
const { namesOf, openTraces } = await import('./storage-rig.ts');

const mounted: string[] = [];

/** A directory on a real disk of 256 KiB; undefined where mounting is not allowed. */
function smallDisk(): string | undefined {
  const directory = newDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  mounted.push(directory);
  return directory;
}

afterAll(() => {
  for (const directory of mounted) execFileSync('umount', [directory]);
});

const disk = smallDisk();
const disks: [string, () => string][] = [
  [
    'a disk that pretends to be full',
    () => {
      bytesLeft = 200_000;
      return newDirectory();
    },
  ],
  ...(disk === undefined
    ? []
    : ([
        [
          'a real one',
          () => {
            bytesLeft = Infinity;
            return disk;
          },
        ],
      ] as [string, () => string][])),
];

describe.each(disks)('a full disk (%s)', (_name, open) => {
  it('makes batches be refused for the moment; sending and deleting makes room; nothing is lost or broken', async () => {
    const directory = open();
    const run = await openTraces(directory, { segment_size_mib: 0.03 });
    const stored: Awaited<ReturnType<typeof run.append>>[] = [];
    const fill = async (): Promise<unknown> => {
      for (;;) stored.push(await run.append(stored.length * 10, 10));
    };
    const refused: unknown = await fill().catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: 'PipelineError',
      kind: 'retryable',
      message: expect.stringMatching(/^writing to the storage failed: .*no space left/),
    });
    const taken = stored.length;
    expect(taken).toBeGreaterThan(20);
    await expect(run.append(0)).rejects.toMatchObject({ kind: 'retryable' });
    // Every batch that was taken is there, and can be acknowledged on the full disk.
    for (const [i, record] of stored.entries()) {
      using batch = await run.log.read(record);
      expect(batch.items).toBe(10);
      if (i < taken / 2) await run.log.acknowledge(record);
    }
    bytesLeft += 100_000;
    await run.append(9_000, 10);
    await run.close();

    const next = await openTraces(directory, { segment_size_mib: 0.03 });
    const names = (await next.readAll()).flat();
    for (let i = Math.ceil(taken / 2); i < taken; i++) expect(names).toContain(namesOf(i * 10, 10)[0]);
    expect(names.slice(-10)).toEqual(namesOf(9_000, 10));
    expect(next.context.lines.filter(({ level }) => level === 'error')).toEqual([]);
    for (const record of next.log.recovered) await next.log.acknowledge(record);
    await next.close();
    expect(filesOf(next.logDirectory)).toEqual([]);
  });
});

describe('a disk that turns read-only', () => {
  it('makes batches be refused for the moment, what is there is still sent, and all goes on when it is writable again', async () => {
    bytesLeft = Infinity;
    const directory = newDirectory();
    const run = await openTraces(directory, { segment_size_mib: 0.01 });
    const stored: Awaited<ReturnType<typeof run.append>>[] = [];
    for (let i = 0; i < 20; i++) stored.push(await run.append(i * 10, 10));
    readOnly = true;
    try {
      for (let i = 0; i < 3; i++)
        await expect(run.append(0)).rejects.toMatchObject({ kind: 'retryable', message: expect.stringContaining('EROFS') });
      for (const record of stored.slice(0, 15)) {
        using batch = await run.log.read(record);
        expect(batch.items).toBe(10);
        await run.log.acknowledge(record);
      }
      expect(run.context.lines.map(({ level, message }) => `${level} ${message}`)).toEqual(
        expect.arrayContaining([
          'warn Deleting from the storage failed.',
          'warn Writing acknowledgements failed: a restart would send some data again.',
        ]),
      );
    } finally {
      readOnly = false;
    }
    await run.append(500, 10);
    for (const record of stored.slice(15)) await run.log.acknowledge(record);
    await run.close();
    // The acknowledgements could not be kept: those batches come again, and nothing is missing.
    const next = await openTraces(directory);
    expect((await next.readAll()).flat()).toEqual(expect.arrayContaining(namesOf(500, 10)));
    await next.close();
  });
});

const readOnlyDisk = smallDisk();
if (readOnlyDisk !== undefined) {
  execFileSync('mount', ['-o', 'remount,ro', readOnlyDisk]);
  describe('a disk that is read-only', () => {
    it('is refused at the start', async () => {
      await expect(openTraces(readOnlyDisk)).rejects.toThrow('EROFS');
    });
  });
}
