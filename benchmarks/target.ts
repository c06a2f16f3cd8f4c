import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** A collector under measurement. */
export interface Target {
  readonly pid: number;
  /** From just before the process was made until its port took a connection. */
  readonly startUpMs: number;
  /** Ends it as an operator would, and throws when it did not end by itself within 15 s or with another exit code than 0. */
  stop(): Promise<void>;
}

const startLimitMs = 20_000;
const stopLimitMs = 15_000;

/** A port that was free a moment ago on 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Runs `command` (pinned to `core`, or anywhere) and waits until `port` accepts connections. Its output appears only when it fails. */
export async function startTarget(command: readonly string[], port: number, core: number | undefined): Promise<Target> {
  const [program, ...args] = ['taskset', '-c', core === undefined ? `0-${cpus().length - 1}` : String(core), ...command];
  const started = performance.now();
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-10_000)));
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() - started > startLimitMs) {
      child.kill('SIGKILL');
      throw new Error(`${command.join(' ')} does not accept connections on port ${port} (exit code ${child.exitCode}):\n${output}`);
    }
    await delay(1);
  }
  return { pid: child.pid!, startUpMs: performance.now() - started, stop: () => stop(child, command, () => output) };
}

async function stop(child: ChildProcess, command: readonly string[], output: () => string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await exited;
    clearTimeout(timer);
  }
  if (child.exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${child.exitCode ?? child.signalCode}:\n${output()}`);
}
