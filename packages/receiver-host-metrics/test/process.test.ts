import { rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { collect, on, recordedHost, run, short } from './host.ts';
import type { Point } from './host.ts';

const pidOf = ({ resource }: Point): number => Number(resource['process.pid']);
const ofProcess = (points: readonly Point[], pid: number): Point[] => points.filter((point) => pidOf(point) === pid);
const quiet = { mute_process_exe_error: true, mute_process_user_error: true, mute_process_io_error: true };
const optional = [
  'process.context_switches',
  'process.disk.operations',
  'process.memory.utilization',
  'process.open_file_descriptors',
  'process.paging.faults',
  'process.signals_pending',
  'process.threads',
  'process.uptime',
];

describe('process', () => {
  it('sends each process as a resource', async () => {
    const points = await collect({ process: { ...quiet, resource_attributes: { 'process.cgroup': { enabled: true } } } });
    expect(ofProcess(points, 42)[0]?.resource).toEqual({
      'process.pid': 42n,
      'process.parent_pid': 1n,
      'process.executable.name': 'a-very-long-name-indeed',
      'process.executable.path': '/opt/app/a-very-long-name-indeed',
      'process.cgroup': '12:cpu:/user\n0::/user.slice/app.service',
      'process.command': '/opt/app/a-very-long-name-indeed',
      'process.command_line': '/opt/app/a-very-long-name-indeed --port 8080',
      'process.owner': 'app',
    });
    expect(ofProcess(points, 1)[0]?.resource['process.executable.name']).toBe('systemd');
    expect(ofProcess(points, 137)[0]?.resource).toEqual({
      'process.pid': 137n,
      'process.parent_pid': 2n,
      'process.executable.name': 'kworker/0:1',
      'process.executable.path': '',
      'process.cgroup': '',
      'process.command': '',
      'process.command_line': '',
    });
  });

  it('sends only the attributes that are on', async () => {
    const names = ['process.parent_pid', 'process.executable.name', 'process.executable.path', 'process.command', 'process.command_line'];
    const resource_attributes = Object.fromEntries([...names, 'process.owner'].map((name) => [name, { enabled: false }]));
    const points = await collect({ process: { ...quiet, resource_attributes } });
    expect(ofProcess(points, 42)[0]?.resource).toEqual({ 'process.pid': 42n });
    const without = await collect({ process: { ...quiet, resource_attributes: { 'process.pid': { enabled: false } } } });
    expect(without.some(({ resource }) => 'process.pid' in resource)).toBe(false);
  });

  it('sends times, memory and transfers, since the process was started', async () => {
    const points = ofProcess(await collect({ process: quiet }), 42);
    expect(points.map(short)).toEqual([
      'process.cpu.time{state=user} 70',
      'process.cpu.time{state=system} 30',
      'process.cpu.time{state=wait} 2.5',
      'process.disk.io{direction=read} 123456',
      'process.disk.io{direction=write} 654321',
      `process.memory.usage ${2500 * 4096}`,
      `process.memory.virtual ${20000 * 4096}`,
    ]);
    expect(points[0]?.start).toBe(1_790_001_000_500_000_000n);
  });

  it('sends the rest when it is on', async () => {
    const host = recordedHost();
    const points = ofProcess(await collect({ process: { ...quiet, ...on(...optional) } }, host), 42);
    const wanted = new Set(optional);
    expect(points.filter(({ name }) => wanted.has(name)).map(short)).toEqual([
      'process.context_switches{type=involuntary} 22',
      'process.context_switches{type=voluntary} 111',
      'process.disk.operations{direction=read} 12',
      'process.disk.operations{direction=write} 34',
      'process.memory.utilization 0.125',
      'process.open_file_descriptors 3',
      'process.paging.faults{type=major} 6',
      'process.paging.faults{type=minor} 500',
      'process.signals_pending 2',
      'process.threads 2',
      'process.uptime 999.5',
    ]);
  });

  it('sends the utilization from the second collection on, and forgets processes that ended', async () => {
    const host = recordedHost();
    const started = await run({ collection_interval: '10s', scrapers: { process: { ...quiet, ...on('process.cpu.utilization') } } }, host);
    const utilization = (index: number): string[] =>
      ofProcess(started.points(index), 42)
        .filter(({ name }) => name === 'process.cpu.utilization')
        .map(short);
    expect(utilization(0)).toEqual([]);
    const stat = join(host, 'proc/42/stat');
    const line =
      '42 (a) R 1 42 42 0 -1 4194560 500 0 6 0 7500 3100 0 0 20 0 2 0 100050 90000000 2500 1 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 250 0 0';
    writeFileSync(stat, line);
    await started.clock.advance(10_000);
    const share = (seconds: number): number => seconds / 10 / cpus().length;
    expect(utilization(1)).toEqual([
      `process.cpu.utilization{state=user} ${share(5)}`,
      `process.cpu.utilization{state=system} ${share(1)}`,
      'process.cpu.utilization{state=wait} 0',
    ]);
    writeFileSync(stat, line.replace('100050', '100099'));
    await started.clock.advance(10_000);
    expect(utilization(2)).toEqual([]);
    rmSync(join(host, 'proc/42'), { recursive: true });
    await started.clock.advance(10_000);
    expect(ofProcess(started.points(3), 42)).toEqual([]);
    await started.stop();
  });

  it.each([
    [{ include: { names: ['systemd'], match_type: 'strict' } }, [1]],
    [{ exclude: { names: ['^kworker', 'system.'], match_type: 'regexp' } }, [42]],
  ])('measures what %j wants', async (settings, pids) => {
    expect([...new Set((await collect({ process: { ...quiet, ...settings } })).map(pidOf))]).toEqual(pids);
  });

  it('leaves out processes that are younger than scrape_process_delay', async () => {
    // The three were started 1995, 1991 and 999.5 s ago.
    const started = await run({ collection_interval: '4s', scrapers: { process: { ...quiet, scrape_process_delay: '1993s' } } });
    const pids = (): number[] => [...new Set(started.points().map(pidOf))];
    expect(pids()).toEqual([1]);
    await started.clock.advance(4_000);
    expect(pids()).toEqual([1, 137]);
    await started.stop();
  });

  it('says once what it cannot read, unless it is muted', async () => {
    const errors = async (settings: object): Promise<unknown[]> => {
      const { context, clock, stop } = await run({ collection_interval: '1s', scrapers: { process: settings } });
      await clock.advance(3_000);
      await stop();
      return context.lines.filter(({ level }) => level === 'error').map(({ attributes }) => attributes?.['error']);
    };
    const exe = expect.stringMatching(/^error reading process executable for pid 137: ENOENT/);
    const io = expect.stringMatching(/^error reading disk usage for pid 137: ENOENT/);
    const user = 'error reading username for pid 137: unknown userid 4242';
    expect(await errors({})).toEqual([exe, user, io]);
    expect(await errors({ mute_process_exe_error: true })).toEqual([user, io]);
    expect(await errors({ mute_process_exe_error: true, mute_process_user_error: true })).toEqual([io]);
    expect(await errors({ mute_process_io_error: true })).toEqual([exe, user]);
    expect(await errors({ mute_process_all_errors: true })).toEqual([]);
  });

  it('says that a name or control group cannot be read, unless that is muted', async () => {
    const errors = async (file: string, settings: object): Promise<unknown[]> => {
      const host = recordedHost();
      rmSync(join(host, 'proc/137', file), { force: true });
      const process = { ...quiet, resource_attributes: { 'process.cgroup': { enabled: true } }, ...settings };
      const { context, stop } = await run({ scrapers: { process } }, host);
      await stop();
      return context.lines.filter(({ level }) => level === 'error').map(({ attributes }) => attributes?.['error']);
    };
    expect(await errors('cgroup', {})).toEqual([expect.stringContaining('error reading process cgroup for pid 137')]);
    expect(await errors('cgroup', { mute_process_cgroup_error: true })).toEqual([]);
    expect(await errors('comm', {})).toEqual([expect.stringContaining('error reading process name for pid 137')]);
    expect(await errors('comm', { mute_process_name_error: true })).toEqual([]);
  });

  it('warns of process.handles, which only Windows has', async () => {
    const { context, points, stop } = await run({ scrapers: { process: { ...quiet, ...on('process.handles') } } });
    await stop();
    expect(points().some(({ name }) => name === 'process.handles')).toBe(false);
    expect(context.lines).toContainEqual({
      level: 'warn',
      message: 'process.handles is only supported on Windows; disabling metric on this platform',
      attributes: undefined,
    });
  });
});
