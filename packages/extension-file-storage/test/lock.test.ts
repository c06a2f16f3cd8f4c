import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { newDirectory } from './files.ts';
import { namesOf, openTraces } from './storage-rig.ts';

const lockOf = (directory: string): string => join(directory, 'exporter_otlp_http_x_traces', 'lock');

describe('the lock of a log', () => {
  it('keeps another owner in this process out, until the first one is done', async () => {
    const directory = newDirectory();
    const first = await openTraces(directory);
    await expect(openTraces(directory, { timeout: '0s' })).rejects.toThrow(
      'is in use by another component of this process; a storage directory has one owner',
    );
    await first.close();
    expect(existsSync(lockOf(directory))).toBe(false);
    await (await openTraces(directory)).close();
  });

  it('keeps another process out and names it', async () => {
    const directory = newDirectory();
    const program = `
      import { openTraces } from ${JSON.stringify(join(import.meta.dirname, 'storage-rig.ts'))};
      const { append } = await openTraces(${JSON.stringify(directory)});
      await append(0);
      console.log('open');
      setInterval(() => {}, 1000);`;
    const other = spawn(process.execPath, ['--conditions=@millrace/source', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    await expect(openTraces(directory, { timeout: '0s' })).rejects.toThrow(`is in use by process ${other.pid}`);
    // Who waits long enough gets it when the other one ends, however it ends.
    const waiting = openTraces(directory, { timeout: '20s' });
    other.kill('SIGKILL');
    await once(other, 'exit');
    const run = await waiting;
    expect(await run.readAll()).toEqual([namesOf(0)]);
    await run.close();
  });

  it.each([
    ['a dead process', (own: string[]) => ['4194000', own[1], own[2]]],
    ['an earlier process with the same id', (own: string[]) => [own[0], '1', own[2]]],
    ['another boot or container', (own: string[]) => [own[0], own[1], 'another']],
    ['a crash while it was written', () => []],
  ])('is taken over from %s', async (_name, holder) => {
    const directory = newDirectory();
    const first = await openTraces(directory);
    const own = readFileSync(lockOf(directory), 'utf8').split('\n');
    await first.close();
    mkdirSync(join(directory, 'exporter_otlp_http_x_traces'), { recursive: true });
    writeFileSync(lockOf(directory), holder(own).join('\n'));
    const run = await openTraces(directory, { timeout: '0s' });
    expect(readFileSync(lockOf(directory), 'utf8')).toBe(own.join('\n'));
    await run.close();
  });

  it('is given back when the start of the owner fails', async () => {
    const directory = newDirectory();
    const first = await openTraces(directory);
    await first.storage.shutdown?.(new AbortController().signal);
    await (await openTraces(directory, { timeout: '0s' })).close();
  });
});
