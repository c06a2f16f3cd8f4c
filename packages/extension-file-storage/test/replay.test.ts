import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { replayLog } from '@millrace/extension-file-storage';
import { filesOf, newDirectory } from './files.ts';
import { namesOf, openTraces } from './storage-rig.ts';

/** A directory with three stored batches of an owner that has ended. */
async function stored(name: string): Promise<{ directory: string; log: string }> {
  const directory = newDirectory();
  const run = await openTraces(directory, {}, name, name.endsWith('_dead_letter'));
  for (let i = 0; i < 3; i++) await run.append(i * 2);
  await run.close();
  return { directory, log: run.logDirectory };
}

describe.each(['traces', 'traces_dead_letter'])('A replay of %s', (name) => {
  it('keeps another one out until it ends, and names who runs it', async () => {
    const { log } = await stored(name);
    const refusals: string[] = [];
    const { delivered } = await replayLog(log, async () => {
      await replayLog(log, () => Promise.reject(new Error('never called'))).catch((error: Error) => refusals.push(error.message));
      return refusals.length < 3;
    });
    expect(delivered).toBe(2);
    const reason =
      name === 'traces'
        ? 'in use by another component of this process; a storage directory has one owner'
        : 'being replayed by this process already';
    expect(refusals).toEqual(Array(3).fill(`${log} is ${reason}`));
    expect(await replayLog(log, () => Promise.resolve(true))).toEqual({ delivered: 1, refused: 0, damagedBytes: 0 });
    expect(filesOf(log)).toEqual([]);
  });

  it('takes over from one that died', async () => {
    const { log } = await stored(name);
    for (const lock of ['lock', 'replay.lock']) writeFileSync(join(log, lock), '4194000\n1\nanother\n');
    expect(await replayLog(log, () => Promise.resolve(true))).toMatchObject({ delivered: 3 });
  });

  it('is over for others when its destination fails', async () => {
    const { log } = await stored(name);
    await expect(replayLog(log, () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await replayLog(log, () => Promise.resolve(true))).toMatchObject({ delivered: 3 });
  });
});

describe('A queue', () => {
  it('cannot be opened while it is replayed, and has what is left afterwards', async () => {
    const { directory, log } = await stored('traces');
    let waiting: ReturnType<typeof openTraces> | undefined;
    await replayLog(log, async () => {
      if (waiting !== undefined) return false;
      await expect(openTraces(directory, { timeout: '0s' })).rejects.toThrow(`${log} is in use by another component of this process`);
      waiting = openTraces(directory, { timeout: '20s' });
      return true;
    });
    const run = await waiting!;
    expect(await run.readAll()).toEqual([namesOf(2), namesOf(4)]);
    await run.close();
  });

  it('that is in use is not replayed', async () => {
    const run = await openTraces(newDirectory());
    await run.append(0);
    await expect(replayLog(run.logDirectory, () => Promise.resolve(true))).rejects.toThrow(
      'is in use by another component of this process',
    );
    await run.close();
  });
});

describe('Dead letters', () => {
  it('go on being written by an owner that starts while they are replayed', async () => {
    const { directory, log } = await stored('traces_dead_letter');
    let owner: Awaited<ReturnType<typeof openTraces>> | undefined;
    const { delivered } = await replayLog(log, async () => {
      if (owner !== undefined) return true;
      owner = await openTraces(directory, {}, 'traces_dead_letter', true);
      await owner.append(6);
      return true;
    });
    expect(delivered).toBe(3);
    expect(await replayLog(log, () => Promise.resolve(true))).toMatchObject({ delivered: 1 });
    await owner!.close();
  });
});

describe('A directory without a log', () => {
  it('is refused, and left as it is', async () => {
    const directory = join(newDirectory(), 'other');
    mkdirSync(directory);
    await expect(replayLog(directory, () => Promise.resolve(true))).rejects.toThrow('neither the directory of a stored queue');
    expect(existsSync(join(directory, 'lock'))).toBe(false);
  });
});
