import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const launcher = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'millrace');

/** A new empty folder. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'millrace-test-'));
}

const givenPorts = new Set<number>();

/** Ports that nobody uses. The system gives higher ones to clients and to who asks for any, so that these stay free until they are listened on. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(20_000, 32_000);
    if (givenPorts.has(port)) continue;
    givenPorts.add(port);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    ports.push(port);
  }
  return ports;
}

/** A started `millrace` command. */
export interface Millrace {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Everything that it wrote, standard output and error together. */
  output(): string;
  /** Resolves when the output contains the text (so many times); rejects when the process ends before. */
  says(text: string, times?: number): Promise<void>;
  /** Resolves with the exit code; a signal counts as -1. */
  readonly exited: Promise<number>;
  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number>;
}

/** Starts the command that a user types, in a folder of its own unless another is given. */
export function startMillrace(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Millrace {
  const child = spawn(launcher, args, {
    cwd: options.cwd ?? temporaryFolder(),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const resume of woken) resume();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      wake();
    });
  }
  let ended = false;
  const exited = new Promise<number>((resolve) => {
    child.on('close', (code) => {
      ended = true;
      resolve(code ?? -1);
      wake();
    });
  });
  return {
    child,
    pid: child.pid!,
    output: () => output,
    exited,
    async says(text, times = 1) {
      while (output.split(text).length <= times) {
        if (ended) throw new Error(`millrace ended without saying "${text}":\n${output}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Writes a configuration (YAML is a superset of JSON) into a new folder, starts millrace on it and waits until it is ready. */
export async function runConfig(config: unknown): Promise<Millrace> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'config.yaml'), typeof config === 'string' ? config : JSON.stringify(config));
  const millrace = startMillrace(['--config', 'config.yaml'], { cwd: folder });
  await millrace.says('Everything is ready');
  return millrace;
}

/** The books that a stopped service logged: component name to its numbers. */
export function ledgerOf(output: string): Record<string, Record<string, number> & { dropped: Record<string, number> }> {
  const entries: Record<string, Record<string, number> & { dropped: Record<string, number> }> = {};
  for (const line of output.split('\n')) {
    if (!line.includes('\tItems.\t')) continue;
    const { component, ...numbers } = JSON.parse(line.slice(line.indexOf('{'))) as { component: string };
    entries[component] = numbers as (typeof entries)[string];
  }
  return entries;
}

/** in + created - out - dropped - absorbed - held of every entry of the books. */
export function balances(output: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(ledgerOf(output)).map(([name, entry]) => {
      const dropped = Object.values(entry.dropped).reduce((sum, items) => sum + items, 0);
      return [name, entry['in'] + entry['created'] - entry['out'] - entry['absorbed'] - entry['held'] - dropped];
    }),
  );
}

/** What a destination does with a request once its body is there; the default answers 200. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** An HTTP destination that keeps the bodies it accepted. */
export interface Destination {
  readonly port: number;
  readonly accepted: Buffer[];
  /** Requests that arrived, answered or not. */
  requests: number;
  behave: Behaviour;
  /** Resolves when the condition holds; it is asked after every request. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Answers 200 and keeps the body. */
export const accept =
  (destination: Destination): Behaviour =>
  (_request, response, body) => {
    destination.accepted.push(body);
    response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': '0' }).end();
  };

/** Starts a destination on a port of 127.0.0.1 (0: a free one). */
export async function startDestination(port = 0): Promise<Destination> {
  let waiting: (() => void)[] = [];
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      destination.requests++;
      destination.behave(request, response, Buffer.concat(chunks));
      const woken = waiting;
      waiting = [];
      for (const resume of woken) resume();
    });
  });
  server.listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const destination: Destination = {
    port: (server.address() as AddressInfo).port,
    accepted: [],
    requests: 0,
    behave: (request, response, body) => accept(destination)(request, response, body),
    async until(condition) {
      while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return destination;
}

/** Posts an OTLP request and returns the status and the Retry-After header. */
export async function post(
  port: number,
  signal: string,
  body: Uint8Array | string,
): Promise<{ status: number; retryAfter: string | null }> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': typeof body === 'string' ? 'application/json' : 'application/x-protobuf' },
    body,
  });
  await response.arrayBuffer();
  return { status: response.status, retryAfter: response.headers.get('retry-after') };
}
