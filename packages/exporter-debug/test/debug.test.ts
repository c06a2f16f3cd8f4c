import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signal } from '@millrace/wire';
import { configOf, exampleBatch, noDeadline, testContext, testHost } from '@millrace/api/testing';
import type { FakeClock } from '@millrace/api/testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { factory } from '../src/index.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-debug-'));
});

afterEach(() => rm(directory, { recursive: true }));

function exporter(settings: object = {}, signal: Signal = 'traces') {
  const context = testContext({ id: 'debug', kind: 'exporter', signal });
  const stage = factory.create(configOf(factory, settings), context);
  const host = testHost();
  const send = async (items: number): Promise<void> => {
    using batch = exampleBatch(host.pool, signal, items);
    await stage.consume(batch);
  };
  const start = async (): Promise<void> => stage.start?.(host);
  const stop = async (): Promise<void> => stage.shutdown?.(noDeadline());
  return { stage, clock: context.clock as FakeClock, items: context.items, lines: context.lines, send, start, stop };
}

describe('debug', () => {
  it.each([
    ['traces', 'Traces', { 'resource spans': 1, spans: 3 }],
    ['metrics', 'Metrics', { 'resource metrics': 1, metrics: 1, 'data points': 3 }],
    ['logs', 'Logs', { 'resource logs': 1, 'log records': 3 }],
    ['profiles', 'Profiles', { 'resource profiles': 3 }],
  ] as const)('logs one line with counts of %s', async (signal, message, attributes) => {
    const { send, lines } = exporter({}, signal);
    await send(3);
    expect(lines).toEqual([{ level: 'info', message, attributes }]);
  });

  it('logs the dump after the counts with a higher verbosity', async () => {
    const { send, lines } = exporter({ verbosity: 'normal' });
    await send(1);
    expect(lines.map((line) => line.message)).toEqual([
      'Traces',
      'ResourceTraces #0 service.name=example\nScopeTraces #0 example\nitem-00000000 01010101010101010101010100000000 0101010100000000\n',
    ]);
  });

  it('writes all batches unless told otherwise', async () => {
    const { send, lines, items } = exporter();
    for (let i = 0; i < 10; i++) await send(1);
    expect(lines).toHaveLength(10);
    expect(items.absorbed).toBe(10);
  });

  it('writes the first ones of each second and a sample of the others', async () => {
    const { send, lines, clock, items } = exporter({ sampling_initial: 3, sampling_thereafter: 5 });
    for (let i = 0; i < 14; i++) await send(1);
    expect(lines).toHaveLength(5);
    await clock.advance(1_000);
    await send(1);
    expect(lines).toHaveLength(6);
    expect(items.absorbed).toBe(15);
  });

  it('writes only the first ones with sampling_thereafter 0', async () => {
    const { send, lines } = exporter({ sampling_initial: 1, sampling_thereafter: 0 });
    for (let i = 0; i < 10; i++) await send(1);
    expect(lines).toHaveLength(1);
  });
});

describe('debug, without the internal logger', () => {
  it('appends to the files of output_paths', async () => {
    const paths = [join(directory, 'a'), join(directory, 'b')];
    for (let i = 0; i < 2; i++) {
      const { start, send, stop, lines } = exporter({ use_internal_logger: false, output_paths: paths, verbosity: 'normal' });
      await start();
      await send(1);
      await stop();
      expect(lines).toEqual([]);
    }
    const text = `Traces\t{"resource spans": 1, "spans": 1}
ResourceTraces #0 service.name=example
ScopeTraces #0 example
item-00000000 01010101010101010101010100000000 0101010100000000

`;
    for (const path of paths) expect(await readFile(path, 'utf8')).toBe(text + text);
  });

  it.each([
    ['stdout', undefined],
    ['stderr', ['stderr']],
  ] as const)('writes to %s with output_paths %j', async (name, paths) => {
    const written: unknown[] = [];
    const write = jest.spyOn(process[name], 'write').mockImplementation(((text: unknown, done: () => void) => {
      written.push(text);
      done();
      return true;
    }) as never);
    try {
      const { start, send, stop } = exporter({ use_internal_logger: false, ...(paths !== undefined && { output_paths: paths }) });
      await start();
      await send(2);
      await stop();
    } finally {
      write.mockRestore();
    }
    expect(written).toEqual(['Traces\t{"resource spans": 1, "spans": 2}\n']);
  });

  it('does not start when a file cannot be opened', async () => {
    const path = join(directory, 'missing', 'a');
    const { start } = exporter({ use_internal_logger: false, output_paths: [path] });
    await expect(start()).rejects.toThrow(`opening output path "${path}": ENOENT`);
  });

  it('refuses a batch for now when a file cannot be written', async () => {
    const { start, send, stop, items } = exporter({ use_internal_logger: false, output_paths: ['/dev/full'] });
    await start();
    await expect(send(1)).rejects.toMatchObject({ kind: 'retryable', message: expect.stringContaining('ENOSPC') });
    await stop();
    expect(items.absorbed).toBe(0);
  });
});

describe('the configuration of debug', () => {
  const problems = (settings: object) => factory.validateConfig?.(configOf(factory, settings));

  it('takes output_paths only without the internal logger, and not empty', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ output_paths: ['x'] })).toEqual(['output_paths is not supported when use_internal_logger is true']);
    expect(problems({ use_internal_logger: false })).toEqual([]);
    expect(problems({ use_internal_logger: false, output_paths: [] })).toEqual([
      'output_paths must not be empty when use_internal_logger is false',
    ]);
  });
});
