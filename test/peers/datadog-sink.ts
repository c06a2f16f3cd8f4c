import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { install } from './install.ts';
import { peers } from './peers.ts';

/** What came to one path of the intake: bodies without their compression. */
export interface IntakeRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A stand-in for Datadog's intake that remembers everything. */
export interface DatadogSink {
  readonly url: string;
  readonly requests: readonly IntakeRequest[];
  /** Resolves when the condition holds, which is asked after every request. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Starts a sink on a free port. */
export async function startDatadogSink(): Promise<DatadogSink> {
  const requests: IntakeRequest[] = [];
  let waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = uncompressed(Buffer.concat(chunks), request.headers['content-encoding'] ?? 'identity');
      requests.push({ path: request.url!.split('?')[0]!, headers: request.headers, body });
      response.writeHead(request.method === 'GET' ? 200 : 202, { 'content-type': 'application/json' });
      response.end(request.method === 'GET' ? '{"valid":true}' : '{}');
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async until(condition) {
      while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function uncompressed(body: Buffer, encoding: string): Buffer {
  if (body.length === 0) return body;
  switch (encoding) {
    case 'gzip':
      return gunzipSync(body);
    case 'deflate':
      return inflateSync(body);
    case 'zstd':
      return zstdDecompressSync(body);
    default:
      return body;
  }
}

/** The kinds of bodies that the agent's own code decodes, by path. */
const kinds: Readonly<Record<string, string>> = {
  '/api/v0.2/traces': 'traces',
  '/api/v0.2/stats': 'stats',
  '/api/v2/series': 'series',
  '/api/beta/sketches': 'sketches',
};

/** Decodes bodies of one path with the agent's own protobuf and msgpack code. Throws when that finds one malformed. */
export async function decodeIntake(path: string, bodies: readonly Buffer[]): Promise<unknown[]> {
  const decoder = spawn(install(peers.datadogDecoder), { stdio: ['pipe', 'pipe', 'inherit'] });
  for (const body of bodies) decoder.stdin.write(`${kinds[path]} ${body.toString('base64')}\n`);
  decoder.stdin.end();
  const results: unknown[] = [];
  for await (const line of createInterface({ input: decoder.stdout })) {
    const result = JSON.parse(line) as { error?: string };
    if (result.error !== undefined) throw new Error(`${path}: ${result.error}`);
    results.push(result);
  }
  return results;
}
