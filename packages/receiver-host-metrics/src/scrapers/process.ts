import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { cpus } from 'node:os';
import type { Context, Plain } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { lines, pageSizeBytes } from '../host-files.ts';
import type { HostFiles } from '../host-files.ts';
import { nameFilter, nameListProblems, nameListSchema } from '../name-filter.ts';
import type { NameList } from '../name-filter.ts';
import { ProcessFiles } from '../process-files.ts';
import type { ProcessStat } from '../process-files.ts';
import type { Recorder } from '../recorder.ts';
import { counter, gauge, level, off } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperConfig, ScraperType } from '../scraper.ts';
import { memoryInfo } from './memory.ts';

const metrics: MetricTable = {
  'process.context_switches': off(counter('int', '{count}', 'Number of times the process has been context switched.', ['type'])),
  'process.cpu.time': counter('double', 's', 'Total CPU seconds broken down by different states.', ['state']),
  'process.cpu.utilization': off(
    gauge(
      'double',
      '1',
      'Percentage of total CPU time used by the process since last scrape, expressed as a value between 0 and 1. On the first scrape, no data point is emitted for this metric.',
      ['state'],
    ),
  ),
  'process.disk.io': counter('int', 'By', 'Disk bytes transferred.', ['direction']),
  'process.disk.operations': off(counter('int', '{operations}', 'Number of disk operations performed by the process.', ['direction'])),
  'process.handles': off(level('int', '{count}', 'Number of open handles held by the process.')),
  'process.memory.usage': level('int', 'By', 'The amount of physical memory in use.'),
  'process.memory.utilization': off(gauge('double', '1', 'Percentage of total physical memory that is used by the process.')),
  'process.memory.virtual': level('int', 'By', 'Virtual memory size.'),
  'process.open_file_descriptors': off(level('int', '{count}', 'Number of file descriptors in use by the process.')),
  'process.paging.faults': off(counter('int', '{faults}', 'Number of page faults the process has made.', ['type'])),
  'process.signals_pending': off(level('int', '{signals}', 'Number of pending signals for the process.')),
  'process.threads': off(level('int', '{threads}', 'Process threads count.')),
  'process.uptime': off(gauge('double', 's', 'The time the process has been running.')),
};

/** The attributes of the resource that stands for a process, with their meaning, and whether they are on by default. */
const resourceAttributes = {
  'process.pid': { enabled: true, description: 'Id of the process.' },
  'process.parent_pid': { enabled: true, description: 'Id of the parent process.' },
  'process.executable.name': { enabled: true, description: 'Name of the process.' },
  'process.executable.path': { enabled: true, description: 'Path of the executable file.' },
  'process.command': { enabled: true, description: 'First word of the command line.' },
  'process.command_line': { enabled: true, description: 'The whole command line.' },
  'process.owner': { enabled: true, description: 'Name of the user who owns the process.' },
  'process.cgroup': { enabled: false, description: 'Control groups of the process.' },
} as const;

type ResourceAttribute = keyof typeof resourceAttributes;
type Muted = 'all' | 'name' | 'exe' | 'io' | 'user' | 'cgroup';

interface ProcessConfig extends ScraperConfig {
  readonly include?: NameList<'names'>;
  readonly exclude?: NameList<'names'>;
  readonly scrape_process_delay: string;
  readonly resource_attributes: Readonly<Record<ResourceAttribute, { readonly enabled: boolean }>>;
  readonly mute_process_all_errors: boolean;
  readonly mute_process_name_error: boolean;
  readonly mute_process_exe_error: boolean;
  readonly mute_process_io_error: boolean;
  readonly mute_process_user_error: boolean;
  readonly mute_process_cgroup_error: boolean;
}

/** How many processes are read before the event loop gets a turn: a few milliseconds' work. */
const processesPerTurn = 16;

const nanosecondsPerMs = 1_000_000n;

/** CPU seconds at the last collection. */
interface Before {
  readonly stat: ProcessStat;
  readonly timeUnixNano: bigint;
}

class ProcessScraper implements Scraper {
  readonly #config: ProcessConfig;
  readonly #files: HostFiles;
  readonly #wanted: (name: string) => boolean;
  readonly #context: Context;
  readonly #delayMs: number;
  readonly #pageBytes = pageSizeBytes();
  readonly #cpus = cpus().length;
  #before = new Map<number, Before>();
  #users = new Map<string, string>();

  constructor(config: ProcessConfig, files: HostFiles, context: Context) {
    this.#config = config;
    this.#files = files;
    this.#context = context;
    this.#wanted = nameFilter(config.include, config.exclude, 'names');
    this.#delayMs = durationMs(config.scrape_process_delay);
    if (config.metrics['process.handles']?.enabled) {
      context.logger.warn('process.handles is only supported on Windows; disabling metric on this platform');
    }
  }

  async scrape(out: Recorder): Promise<void> {
    const startedMs = Number(this.#files.bootTimeUnixNano() / nanosecondsPerMs);
    const totalMemory = out.wants('process.memory.utilization') ? memoryInfo(this.#files)('MemTotal') : 0n;
    this.#users = this.#readUsers();
    const before = this.#before;
    this.#before = new Map();
    for (const [i, pid] of this.#files.pids().entries()) {
      if (i % processesPerTurn === processesPerTurn - 1) await nextTurn();
      if (out.signal.aborted) return;
      this.#process(new ProcessFiles(this.#files, pid), out, startedMs, totalMemory, before.get(pid));
    }
  }

  /** Names of users by id. */
  #readUsers(): Map<string, string> {
    const path = [this.#files.etc('passwd'), '/etc/passwd'].find((one) => existsSync(one));
    const entries = path === undefined ? [] : lines(path).map((line) => line.split(':'));
    return new Map(entries.map(([name = '', , id = '']) => [id, name]));
  }

  /** Runs a part of the measurement. When it fails, that is noted unless it is muted or the process has ended meanwhile. */
  #part<T>(
    out: Recorder,
    what: string,
    { pid }: ProcessFiles,
    muted: Muted | undefined,
    metricCount: number,
    measure: () => T,
  ): T | undefined {
    try {
      return measure();
    } catch (error) {
      const isMuted =
        this.#config.mute_process_all_errors ||
        (muted !== undefined && this.#config[`mute_process_${muted}_error` as 'mute_process_io_error']);
      const hasEnded = !existsSync(this.#files.proc(pid, 'stat'));
      if (!isMuted && !hasEnded)
        out.fail(`process ${what}`, `error reading ${what} for pid ${pid}: ${(error as Error).message}`, metricCount);
      return undefined;
    }
  }

  #process(process: ProcessFiles, out: Recorder, hostStartedMs: number, totalMemory: bigint, before: Before | undefined): void {
    const on = this.#config.resource_attributes;
    const { pid } = process;
    const path = this.#part(out, 'process executable', process, 'exe', 1, () => process.executable()) ?? '';
    const name = this.#part(out, 'process name', process, 'name', 1, () => process.name());
    if (name === undefined || !this.#wanted(name)) return;
    const cgroup = on['process.cgroup'].enabled
      ? (this.#part(out, 'process cgroup', process, 'cgroup', 0, () => process.cgroup()) ?? '')
      : undefined;
    const command = this.#part(out, 'command', process, undefined, 0, () => process.commandLine());
    const status = this.#part(out, 'status', process, undefined, 0, () => process.status());
    const owner = this.#part(out, 'username', process, 'user', 0, () => this.#owner(status?.('Uid') ?? ''));
    const stat = this.#part(out, 'cpu times', process, undefined, 1, () => process.stat());
    const nowMs = this.#context.clock.now();
    const startedMs = stat === undefined ? nowMs : hostStartedMs + stat.startedMs;
    if (this.#delayMs > 0 && nowMs - startedMs < this.#delayMs) return;
    const attributes: Record<ResourceAttribute, Plain> = {
      'process.pid': BigInt(pid),
      'process.parent_pid': stat?.parent ?? 0n,
      'process.executable.name': name,
      'process.executable.path': path,
      'process.cgroup': cgroup,
      'process.command': command === undefined ? undefined : (command[0] ?? ''),
      'process.command_line': command?.join(' '),
      'process.owner': owner,
    };
    const wanted = Object.entries(attributes).filter(([key, value]) => value !== undefined && on[key as ResourceAttribute].enabled);
    out.timeUnixNano = BigInt(Math.trunc(nowMs)) * nanosecondsPerMs;
    out.resource(Object.fromEntries(wanted), BigInt(startedMs) * nanosecondsPerMs);
    if (stat !== undefined) this.#recordStat(out, pid, stat, before, nowMs - startedMs);
    if (status !== undefined) recordStatus(out, status);
    this.#recordFiles(out, process, totalMemory);
  }

  #owner(ids: string): string | undefined {
    const id = ids.split(/\s/)[0] ?? '';
    if (id === '') return undefined;
    const name = this.#users.get(id);
    if (name === undefined) throw new Error(`unknown userid ${id}`);
    return name;
  }

  #recordStat(out: Recorder, pid: number, stat: ProcessStat, before: Before | undefined, runningMs: number): void {
    const seconds = (of: ProcessStat) => ({ user: of.userSeconds, system: of.systemSeconds, wait: of.waitSeconds });
    for (const [state, value] of Object.entries(seconds(stat))) out.record('process.cpu.time', value, state);
    // A process with the id of one that has ended begins anew.
    if (before !== undefined && before.stat.startedMs === stat.startedMs) {
      const elapsedSeconds = Number(out.timeUnixNano - before.timeUnixNano) / 1e9;
      const now = seconds(stat);
      for (const [state, value] of Object.entries(seconds(before.stat))) {
        const used = now[state as keyof typeof now] - value;
        out.record('process.cpu.utilization', elapsedSeconds > 0 ? used / elapsedSeconds / this.#cpus : 0, state);
      }
    }
    this.#before.set(pid, { stat, timeUnixNano: out.timeUnixNano });
    out.record('process.paging.faults', stat.majorFaults, 'major');
    out.record('process.paging.faults', stat.minorFaults, 'minor');
    out.record('process.uptime', runningMs / 1000);
  }

  #recordFiles(out: Recorder, process: ProcessFiles, totalMemory: bigint): void {
    if (out.wants('process.memory.usage', 'process.memory.virtual', 'process.memory.utilization')) {
      this.#part(out, 'memory info', process, undefined, 2, () => {
        const { virtual, resident } = process.memoryPages();
        const bytes = resident * this.#pageBytes;
        out.record('process.memory.usage', bytes);
        out.record('process.memory.virtual', virtual * this.#pageBytes);
        // Percent, in single precision: so does the Collector.
        out.record('process.memory.utilization', Math.fround((100 * Math.fround(Number(bytes))) / Math.fround(Number(totalMemory))));
      });
    }
    if (out.wants('process.disk.io', 'process.disk.operations')) {
      this.#part(out, 'disk usage', process, 'io', 1, () => {
        const io = process.io();
        out.record('process.disk.io', io('rchar'), 'read');
        out.record('process.disk.io', io('wchar'), 'write');
        out.record('process.disk.operations', io('syscr'), 'read');
        out.record('process.disk.operations', io('syscw'), 'write');
      });
    }
    if (out.wants('process.context_switches')) {
      this.#part(out, 'context switch counts', process, undefined, 1, () => {
        const { voluntary, involuntary } = process.contextSwitches();
        out.record('process.context_switches', involuntary, 'involuntary');
        out.record('process.context_switches', voluntary, 'voluntary');
      });
    }
    if (out.wants('process.open_file_descriptors')) {
      this.#part(out, 'open file descriptor count', process, undefined, 1, () => {
        out.record('process.open_file_descriptors', process.openFiles());
      });
    }
  }
}

function recordStatus(out: Recorder, status: (field: string) => string): void {
  const threads = status('Threads');
  if (/^\d+$/.test(threads)) out.record('process.threads', BigInt(threads));
  const pending = status('ShdPnd');
  // One bit for each signal that waits.
  if (/^[0-9a-f]+$/.test(pending)) out.record('process.signals_pending', BigInt(`0x${pending}`).toString(2).replaceAll('0', '').length);
}

const mute = (description: string): object => ({ type: 'boolean', default: false, description });

/** Every process, from /proc/[pid]. */
export const process: ScraperType<ProcessConfig> = {
  metrics,
  settings: {
    include: nameListSchema('names', 'Names of processes that are measured; all unless given.'),
    exclude: nameListSchema('names', 'Names of processes that are not measured.'),
    mute_process_all_errors: mute('Whether nothing is said and counted of what cannot be read of a process.'),
    mute_process_name_error: mute('Whether nothing is said and counted of a name that cannot be read.'),
    mute_process_exe_error: mute('Whether nothing is said and counted of a path of an executable that cannot be read.'),
    mute_process_io_error: mute('Whether nothing is said and counted of transfers that cannot be read.'),
    mute_process_user_error: mute('Whether nothing is said and counted of a user id that has no name here.'),
    mute_process_cgroup_error: mute('Whether nothing is said and counted of a control group that cannot be read.'),
    scrape_process_delay: {
      type: 'string',
      format: 'duration',
      default: '0s',
      description: 'Duration for which a process must have been running before it is measured.',
    },
    resource_attributes: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Which attributes the resource of a process has.',
      properties: Object.fromEntries(
        Object.entries(resourceAttributes).map(([name, { enabled, description }]) => [
          name,
          {
            type: 'object',
            additionalProperties: false,
            default: {},
            description,
            properties: {
              enabled: { type: 'boolean', default: enabled, description: 'Whether the attribute is set.' },
            },
          },
        ]),
      ),
    },
  },
  validate: ({ include, exclude }) => [
    ...nameListProblems(include, 'names', 'error creating process include filters'),
    ...nameListProblems(exclude, 'names', 'error creating process exclude filters'),
  ],
  make: (config, files, context) => new ProcessScraper(config, files, context),
};
