import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { systemClock } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { on, run } from './host.ts';
import type { Point } from './host.ts';

const all = {
  cpu: on('system.cpu.logical.count', 'system.cpu.utilization'),
  disk: {},
  filesystem: {},
  load: {},
  memory: on('system.memory.limit', 'system.linux.memory.available'),
  network: {},
  paging: {},
  process: { mute_process_all_errors: true, ...on('process.uptime', 'process.threads') },
  processes: {},
  system: {},
};

function sum(points: readonly Point[], name: string, attributes: Readonly<Record<string, string>> = {}): number {
  return points
    .filter((point) => point.name === name && Object.entries(attributes).every(([key, value]) => point.attributes[key] === value))
    .reduce((total, { value }) => total + Number(value), 0);
}

function burnCpu(): void {
  const until = process.cpuUsage().user + 100_000;
  while (process.cpuUsage().user < until);
}

describe('host_metrics on this machine', () => {
  it('measures what is plausible', async () => {
    const { sink, context, points, stop } = await run(
      { collection_interval: '10ms', scrapers: all },
      '',
      (first) => {
        first.before = () => {
          burnCpu();
          return undefined;
        };
      },
      undefined,
      systemClock,
    );
    while (sink.requests.length < 3) await new Promise((resolve) => setImmediate(resolve));
    await stop();
    const first = points(0);
    const last = points();
    expect(context.lines.filter(({ level }) => level === 'error')).toEqual([]);

    expect(sum(last, 'system.cpu.logical.count')).toBeGreaterThanOrEqual(availableParallelism());
    expect(sum(last, 'system.cpu.time')).toBeGreaterThan(sum(first, 'system.cpu.time'));
    expect(sum(last, 'system.cpu.time', { state: 'user' })).toBeGreaterThanOrEqual(sum(first, 'system.cpu.time', { state: 'user' }));
    const cpus = sum(last, 'system.cpu.logical.count');
    expect(Math.abs(sum(last, 'system.cpu.utilization') - cpus)).toBeLessThan(0.001);

    const total = sum(last, 'system.memory.limit');
    expect(total).toBe(Number(/^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024);
    expect(total).toBe(totalmem());
    expect(sum(last, 'system.memory.usage', { state: 'used' }) + sum(last, 'system.linux.memory.available')).toBe(total);

    const mine = last.filter(({ resource }) => resource['process.pid'] === BigInt(process.pid));
    expect(sum(mine, 'process.memory.usage')).toBeGreaterThan(10_000_000);
    expect(sum(mine, 'process.memory.virtual')).toBeGreaterThan(sum(mine, 'process.memory.usage'));
    expect(sum(mine, 'process.cpu.time')).toBeGreaterThan(0.1);
    expect(sum(mine, 'process.threads')).toBeGreaterThan(1);
    expect(Math.abs(sum(mine, 'process.uptime') - process.uptime())).toBeLessThan(30);
    expect(mine[0]?.resource['process.parent_pid']).toBe(BigInt(process.ppid));
    expect(mine[0]?.resource['process.owner']).toBe(execFileSync('id', ['-un'], { encoding: 'utf8' }).trim());

    expect(sum(last, 'system.processes.count')).toBeGreaterThan(1);
    expect(sum(last, 'system.processes.created')).toBeGreaterThan(process.pid / 10_000);
    expect(sum(last, 'system.uptime')).toBeGreaterThan(0);
    expect(sum(last, 'system.network.io')).toBeGreaterThan(0);
    expect(sum(last, 'system.paging.faults')).toBeGreaterThan(0);
    const start = first.find(({ name }) => name === 'system.uptime')!.start;
    expect(Math.abs(Number(start / 1_000_000_000n) + sum(last, 'system.uptime') - Date.now() / 1000)).toBeLessThan(60);
    for (const point of last) expect(Number.isNaN(Number(point.value))).toBe(false);
  });
});
