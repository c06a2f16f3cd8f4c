import { int, lines, ticksPerSecond, words } from '../host-files.ts';
import type { HostFiles } from '../host-files.ts';
import type { Recorder } from '../recorder.ts';
import { counter, gauge, level, off } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperType } from '../scraper.ts';
import { existsSync, readdirSync } from 'node:fs';

const metrics: MetricTable = {
  'system.cpu.frequency': off(gauge('double', 'Hz', 'Current frequency of the CPU core in Hz.', ['cpu'])),
  'system.cpu.logical.count': off(level('int', '{cpu}', 'Number of available logical CPUs.')),
  'system.cpu.physical.count': off(level('int', '{cpu}', 'Number of available physical CPUs.')),
  'system.cpu.time': counter('double', 's', 'Total seconds each logical CPU spent on each mode.', ['cpu', 'state']),
  'system.cpu.utilization': off(
    gauge(
      'double',
      '1',
      'Difference in system.cpu.time since the last measurement per logical CPU, divided by the elapsed time (value in interval [0,1]).',
      ['cpu', 'state'],
    ),
  ),
};

/** The columns of a CPU in /proc/stat, proc_stat(5), and the order in which the Collector sends them. */
const columns = ['user', 'nice', 'system', 'idle', 'wait', 'interrupt', 'softirq', 'steal'] as const;
const states = ['user', 'system', 'idle', 'interrupt', 'nice', 'softirq', 'steal', 'wait'] as const;

type Times = Readonly<Record<(typeof states)[number], number>>;

/** Seconds by state of each CPU. */
function cpuTimes(files: HostFiles): Map<string, Times> {
  const times = new Map<string, Times>();
  for (const line of lines(files.proc('stat'))) {
    const [name = '', ...ticks] = words(line);
    if (!/^cpu\d+$/.test(name)) continue;
    const seconds = columns.map((column, i) => [column, Number(int(ticks[i] ?? '0')) / ticksPerSecond] as const);
    times.set(name, Object.fromEntries(seconds) as Times);
  }
  return times;
}

function total(times: Times): number {
  return states.reduce((sum, state) => sum + times[state], 0);
}

/** The blocks of /proc/cpuinfo, one for each logical CPU, with lower-case names. */
function cpuInfo(files: HostFiles): Map<string, string>[] {
  const cpus: Map<string, string>[] = [];
  for (const line of lines(files.proc('cpuinfo'))) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (name === 'processor') cpus.push(new Map());
    cpus.at(-1)?.set(name, line.slice(colon + 1).trim());
  }
  return cpus;
}

/** Cores: from the topology in /sys, else from /proc/cpuinfo. */
function physicalCount(files: HostFiles): number {
  const folder = files.sys('devices/system/cpu');
  const cpus = existsSync(folder) ? readdirSync(folder).filter((name) => /^cpu\d+$/.test(name)) : [];
  for (const file of ['core_cpus_list', 'thread_siblings_list']) {
    const paths = cpus.map((cpu) => files.sys('devices/system/cpu', cpu, 'topology', file)).filter((path) => existsSync(path));
    const siblings = new Set(paths.map((path) => lines(path).join()));
    if (siblings.size > 0) return siblings.size;
  }
  const cores = new Map<string, number>();
  for (const cpu of cpuInfo(files)) {
    const id = cpu.get('physical id');
    if (id !== undefined) cores.set(id, Number(cpu.get('cpu cores') ?? 0));
  }
  return [...cores.values()].reduce((sum, count) => sum + count, 0);
}

class CpuScraper implements Scraper {
  readonly #files: HostFiles;
  #before = new Map<string, Times>();

  constructor(files: HostFiles) {
    this.#files = files;
  }

  scrape(out: Recorder): void {
    const times = cpuTimes(this.#files);
    for (const [cpu, seconds] of times) for (const state of states) out.record('system.cpu.time', seconds[state], cpu, state);
    for (const [cpu, before] of this.#before) {
      const now = times.get(cpu);
      if (now === undefined) continue;
      const elapsed = total(now) - total(before);
      for (const state of states) {
        out.record('system.cpu.utilization', elapsed > 0 ? (now[state] - before[state]) / elapsed : 0, cpu, state);
      }
    }
    this.#before = times;
    if (out.wants('system.cpu.physical.count')) out.record('system.cpu.physical.count', physicalCount(this.#files));
    if (out.wants('system.cpu.logical.count')) out.record('system.cpu.logical.count', cpuInfo(this.#files).length || times.size);
    if (!out.wants('system.cpu.frequency')) return;
    for (const cpu of cpuInfo(this.#files)) {
      const megahertz = cpu.get('cpu mhz');
      if (megahertz !== undefined) out.record('system.cpu.frequency', Number(megahertz) * 1e6, `cpu${cpu.get('processor')}`);
    }
  }
}

/** Time and utilization of the CPUs, from /proc/stat, /proc/cpuinfo and /sys/devices/system/cpu. */
export const cpu: ScraperType = { metrics, make: (_config, files) => new CpuScraper(files) };
