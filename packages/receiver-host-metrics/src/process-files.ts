import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { int, text, ticksPerSecond, words } from './host-files.ts';
import type { HostFiles } from './host-files.ts';

/** What /proc/[pid]/stat says, proc_pid_stat(5). */
export interface ProcessStat {
  readonly parent: bigint;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** Time in which the process waited for block devices. */
  readonly waitSeconds: number;
  readonly minorFaults: bigint;
  readonly majorFaults: bigint;
  /** Since the host was started. */
  readonly startedMs: number;
}

/** The files of one process. Every method reads anew and throws when that is not allowed, or when the process has ended. */
export class ProcessFiles {
  readonly pid: number;
  readonly #files: HostFiles;

  constructor(files: HostFiles, pid: number) {
    this.#files = files;
    this.pid = pid;
  }

  #path(...names: readonly string[]): string {
    return this.#files.proc(this.pid, ...names);
  }

  executable(): string {
    return readlinkSync(this.#path('exe'));
  }

  commandLine(): string[] {
    const line = readFileSync(this.#path('cmdline'), 'utf8').replace(/\0+$/, '');
    return line === '' ? [] : line.split('\0');
  }

  cgroup(): string {
    return text(this.#path('cgroup')).replace(/\n$/, '');
  }

  /** The name, which the kernel cuts off at 15 bytes: then the file name in the command line, if it goes on from there. */
  name(): string {
    const name = text(this.#path('comm')).replace(/\n$/, '');
    if (Buffer.byteLength(name) < 15) return name;
    const [command = ''] = this.commandLine();
    return basename(command).startsWith(name) ? basename(command) : name;
  }

  /** A field of /proc/[pid]/status. */
  status(): (field: string) => string {
    const status = text(this.#path('status'));
    return (field) => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  }

  stat(): ProcessStat {
    const stat = text(this.#path('stat'));
    // The name, in brackets, may contain anything; the third field comes after the last bracket.
    const fields = words(stat.slice(stat.lastIndexOf(')') + 1));
    const field = (number: number): bigint => int(fields[number - 3]);
    const seconds = (number: number): number => Number(field(number)) / ticksPerSecond;
    return {
      parent: field(4),
      minorFaults: field(10),
      majorFaults: field(12),
      userSeconds: seconds(14),
      systemSeconds: seconds(15),
      startedMs: Math.floor((Number(field(22)) * 1000) / ticksPerSecond),
      waitSeconds: fields.length > 39 ? seconds(42) : 0,
    };
  }

  /** Pages of the address space, and of those the pages in memory. */
  memoryPages(): { readonly virtual: bigint; readonly resident: bigint } {
    const [virtual, resident] = words(text(this.#path('statm')));
    return { virtual: int(virtual), resident: int(resident) };
  }

  /** A counter of /proc/[pid]/io, proc_pid_io(5). */
  io(): (name: string) => bigint {
    const io = text(this.#path('io'));
    return (name) => int(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)?.[1]);
  }

  openFiles(): number {
    return readdirSync(this.#path('fd')).length;
  }

  /** Context switches of all threads. */
  contextSwitches(): { readonly voluntary: bigint; readonly involuntary: bigint } {
    const sum = { voluntary: 0n, involuntary: 0n };
    for (const thread of readdirSync(this.#path('task'))) {
      const status = text(this.#path('task', thread, 'status'));
      sum.voluntary += int(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1]);
      sum.involuntary += int(/^nonvoluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1]);
    }
    return sum;
  }
}
