import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configOf, extensionContract, systemClock, testContext, testHost } from '@millrace/api/testing';
import { checkConfig, resolveConfig } from '@millrace/config';
import { isStorage } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { newDirectory } from './files.ts';
import { openTraces } from './storage-rig.ts';

extensionContract({ describe, it, expect }, factory, () => ({ config: configOf(factory, { directory: newDirectory() }) }));

const problemsOf = (settings: object): readonly string[] => factory.validateConfig?.(configOf(factory, settings)) ?? [];

describe('the configuration of file_storage', () => {
  it('has the Collector’s defaults', () => {
    expect(configOf(factory)).toEqual({
      directory: '/var/lib/otelcol/file_storage',
      create_directory: false,
      directory_permissions: '0750',
      timeout: '1s',
      fsync: false,
      recreate: false,
      max_size_mib: 10_240,
      segment_size_mib: 32,
    });
  });

  it('wants the directory to be there, or to be made', async () => {
    const missing = join(newDirectory(), 'a', 'b');
    expect(problemsOf({ directory: missing })).toEqual([
      `directory must exist: stat ${missing}: no such file or directory. You can enable the create_directory option to automatically create it`,
    ]);
    expect(problemsOf({ directory: missing, create_directory: true })).toEqual([]);
    const run = await openTraces(missing, { create_directory: true, directory_permissions: '0700' });
    expect(statSync(missing).mode & 0o777).toBe(0o700);
    expect(statSync(run.logDirectory).mode & 0o777).toBe(0o700);
    await run.close();
    const file = join(newDirectory(), 'file');
    writeFileSync(file, '');
    expect(problemsOf({ directory: file })).toEqual([`${file} is not a directory`]);
    expect(problemsOf({ directory: join(file, 'below'), create_directory: true })[0]).toMatch(/^problem accessing configured directory: /);
  });

  it.each([
    [{ create_directory: true, directory_permissions: '0980' }, 'directory_permissions value must be a valid octal representation'],
    [{ create_directory: true, directory_permissions: '07777' }, 'directory_permissions contain invalid bits for file access'],
    [{ timeout: '-1s' }, 'timeout must be non-negative'],
    [{ segment_size_mib: 0 }, 'segment_size_mib must be at least 0.01'],
    [{ max_size_mib: -1 }, 'max_size_mib must be non-negative'],
    [{ max_size_mib: 10, segment_size_mib: 8 }, 'max_size_mib must be at least twice segment_size_mib'],
  ])('with %j is refused', (settings, problem) => {
    expect(problemsOf({ directory: newDirectory(), ...settings })).toEqual([problem]);
  });

  it('has no limit with max_size_mib 0', async () => {
    expect(problemsOf({ directory: newDirectory(), max_size_mib: 0 })).toEqual([]);
    const run = await openTraces(newDirectory(), { max_size_mib: 0 });
    await run.append(0);
    await run.close();
  });

  it('takes the compaction settings of the Collector with a warning', async () => {
    const compaction = {
      on_start: true,
      on_rebound: true,
      directory: '/tmp',
      max_transaction_size: 1,
      rebound_needed_threshold_mib: 5,
      rebound_trigger_threshold_mib: 3,
      check_interval: '1s',
      cleanup_on_start: true,
    };
    const config = {
      extensions: { file_storage: { directory: newDirectory(), compaction } },
      receivers: { nop: {} },
      exporters: { nop: {} },
    };
    const service = { extensions: ['file_storage'], pipelines: { traces: { receivers: ['nop'], exporters: ['nop'] } } };
    const resolved = await resolveConfig({ locations: [`yaml:${JSON.stringify({ ...config, service })}`], env: {}, cwd: '.' });
    const checked = await checkConfig(resolved, {
      types: (kind) => [{ type: kind === 'extension' ? 'file_storage' : 'nop' }],
      component: (kind) => Promise.resolve(kind === 'extension' ? factory : {}),
    });
    expect(checked.warnings).toMatchObject([
      { path: 'extensions::file_storage::compaction', message: expect.stringContaining('whole segments') },
    ]);
  });

  it('is of a storage extension', async () => {
    const context = testContext({ id: 'file_storage', kind: 'extension', clock: systemClock });
    expect(isStorage(factory.create(configOf(factory), context))).toBe(true);
    expect(isStorage(undefined)).toBe(false);
  });
});

describe('a directory that cannot be used', () => {
  it('fails the start', async () => {
    const missing = join(newDirectory(), 'missing');
    const extension = factory.create(configOf(factory, { directory: missing }), testContext({ kind: 'extension' }));
    await expect((async () => extension.start?.(testHost()))()).rejects.toThrow('ENOENT');
  });

  it('makes batches be refused for the moment while it is gone, and is used again when it is back', async () => {
    const run = await openTraces(newDirectory(), { segment_size_mib: 0.01 });
    const stored = await run.append(0);
    await run.log.acknowledge(stored);
    const { renameSync } = await import('node:fs');
    renameSync(run.logDirectory, `${run.logDirectory}.away`);
    // The open file still takes data; the next one cannot be made.
    const refused: unknown = await (async () => {
      for (;;) await run.append(0, 10);
    })().catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: 'retryable', message: expect.stringContaining('ENOENT') });
    renameSync(`${run.logDirectory}.away`, run.logDirectory);
    await run.append(4);
    await run.close();
  });

  it('is reported by validate', () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'locked'));
    chmodSync(join(directory, 'locked'), 0o500);
    // Root may write anywhere; everybody else is told.
    const problems = problemsOf({ directory: join(directory, 'locked') });
    if (process.getuid?.() === 0) expect(problems).toEqual([]);
    else expect(problems[0]).toMatch(/^problem accessing configured directory: /);
  });
});
