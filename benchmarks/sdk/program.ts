import { execFileSync, fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** The core of what is measured, and that of everything else. */
export const cores = { measured: 0, others: cpus().length - 1 } as const;

/** One of the scripts beside this file in a process of its own, which answers questions one by one. */
export class Program {
  readonly #child: ChildProcess;
  #answer = Promise.withResolvers<unknown>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => this.#answer.resolve(message));
    child.on('exit', () => this.#answer.reject(new Error('a program of the benchmark has ended early')));
  }

  /** Starts a script, with packages as they are published. Resolves with what it says first. */
  static async start(core: number, script: string, ...args: readonly string[]): Promise<{ program: Program; said: unknown }> {
    const child = fork(join(import.meta.dirname, script), args, { execArgv: ['--expose-gc'] });
    execFileSync('taskset', ['-a', '-p', '-c', String(core), String(child.pid)], { stdio: 'ignore' });
    const program = new Program(child);
    return { program, said: await program.#answer.promise };
  }

  async ask(message: object): Promise<unknown> {
    this.#answer = Promise.withResolvers();
    this.#child.send(message);
    return this.#answer.promise;
  }

  /** It ends by itself then. */
  stop(): void {
    this.#child.disconnect();
  }
}
