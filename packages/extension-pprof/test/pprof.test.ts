import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { configOf, noDeadline, systemClock, testContext, testHost } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

let stop: (() => Promise<void>) | undefined;

afterEach(async () => {
  await stop?.();
  stop = undefined;
});

async function pprof(settings: object = {}): Promise<(path: string, signal?: AbortSignal) => Promise<Response>> {
  const context = testContext({ id: 'pprof', kind: 'extension', clock: systemClock });
  const extension = factory.create(configOf(factory, { endpoint: '127.0.0.1:0', ...settings }), context);
  await extension.start?.(testHost());
  stop = async () => {
    stop = undefined;
    await extension.shutdown?.(noDeadline());
  };
  return (path, signal) =>
    fetch(`http://${context.lines[0].attributes!['endpoint'] as string}/debug/pprof/${path}`, { signal: signal ?? null });
}

/** Keeps the thread busy, so that a profile has something to show, until the promise settles. */
async function busyUntil<T>(promise: Promise<T>): Promise<T> {
  const state = { done: false };
  void promise.finally(() => (state.done = true)).catch(() => undefined);
  const kept: unknown[] = [];
  while (!state.done) {
    burnTheCpu(kept);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}

function burnTheCpu(kept: unknown[]): void {
  const from = kept.length;
  for (let i = 0; i < 20_000; i++) kept[(from % 400_000) + i] = { number: Math.sqrt(i), text: `text ${i}` };
}

function read(bytes: Uint8Array): { functions: string[]; types: string[]; total: number } {
  const profile = Profile.decode(gunzipSync(bytes));
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)];
  return {
    functions: profile.function.map((one) => text(one.name)),
    types: profile.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`),
    total: profile.sample.reduce((sum, sample) => sum + Number(sample.value.at(-1)), 0),
  };
}

describe('pprof', () => {
  it('profiles the CPU in the format of pprof', async () => {
    const get = await pprof();
    const response = await busyUntil(get('profile?seconds=0.3'));
    expect(response.status).toBe(200);
    const { functions, types, total } = read(new Uint8Array(await response.arrayBuffer()));
    expect(types).toEqual(['samples/count', 'cpu/nanoseconds']);
    // V8 may put the one into the other.
    expect(functions.filter((name) => name === 'burnTheCpu' || name === 'busyUntil')).not.toEqual([]);
    expect(total).toBeGreaterThan(50_000_000);
    expect(total).toBeLessThan(60_000_000_000);
  });

  it('profiles memory that was allocated and is in use', async () => {
    const get = await pprof();
    const { functions, types } = read(new Uint8Array(await (await busyUntil(get('heap?seconds=0.3'))).arrayBuffer()));
    expect(types).toEqual(['inuse_space/bytes']);
    expect(functions.length).toBeGreaterThan(0);
  });

  it('gives files for Chrome when asked', async () => {
    const get = await pprof();
    const cpu = await busyUntil(get('profile?seconds=0.1&format=chrome'));
    expect(cpu.headers.get('content-disposition')).toBe('attachment; filename="millrace.cpuprofile"');
    expect(await cpu.json()).toMatchObject({ nodes: expect.any(Array), samples: expect.any(Array), timeDeltas: expect.any(Array) });
    expect(await (await busyUntil(get('heap?seconds=0.1&format=chrome'))).json()).toMatchObject({ head: { children: expect.any(Array) } });
  });

  it('takes one profile at a time, of a sensible length, and says what there is', async () => {
    const get = await pprof();
    expect((await get('profile?seconds=0')).status).toBe(400);
    expect((await get('profile?seconds=601')).status).toBe(400);
    const first = get('profile?seconds=60');
    let second = await get('profile?seconds=0.001');
    // The first one may still be on its way.
    while (second.status === 200) second = await get('profile?seconds=0.001');
    expect(second.status).toBe(503);
    expect(await (await get('')).text()).toContain('profile?seconds=30');
    expect(await (await get('cmdline')).text()).toContain(process.argv[0]);
    await stop!();
    expect((await first).status).toBe(200);
  });

  it.each(['profile', 'heap'])('ends a %s whose client leaves, so that another one can be taken', async (kind) => {
    const get = await pprof();
    const leaving = new AbortController();
    const first = get(`${kind}?seconds=600`, leaving.signal);
    const quick = async (): Promise<number> => (await get(`${kind}?seconds=0.001`)).status;
    // The first one may still be on its way.
    while ((await quick()) !== 503);
    leaving.abort();
    await expect(first).rejects.toThrow('aborted');
    let status = await quick();
    while (status === 503) status = await quick();
    expect(status).toBe(200);
  });

  it('saves a profile of the whole run when it stops', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'millrace-test-')), 'cpu.pb.gz');
    const get = await pprof({ save_to_file: file });
    await busyUntil(get('profile?seconds=0.2'));
    await stop!();
    expect(read(readFileSync(file)).functions).toContain('busyUntil');
  });

  it('refuses to start when the file cannot be written, and an endpoint that is none', async () => {
    await expect(pprof({ save_to_file: '/nowhere/cpu.pb.gz' })).rejects.toThrow('ENOENT');
    expect(factory.validateConfig?.(configOf(factory, { endpoint: 'nowhere' }))).toEqual([expect.stringContaining('endpoint: ')]);
  });

  it('accepts settings of profiles that JavaScript does not have', () => {
    expect(configOf(factory, { block_profile_fraction: 3, mutex_profile_fraction: 5 })).toMatchObject({ endpoint: 'localhost:1777' });
  });
});
