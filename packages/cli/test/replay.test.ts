import { EventEmitter } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { StorageExtension } from '@millrace/api';
import { configOf, exampleBatch, itemNames, systemClock, testContext, testHost } from '@millrace/api/testing';
import { factory } from '@millrace/extension-file-storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { run } from '@millrace/cli';

let server: Server;
let port: number;
let statusOf: (call: number) => number;
let answer: Buffer;
const received: { request: IncomingMessage; names: string[] }[] = [];

beforeEach(async () => {
  received.length = 0;
  statusOf = () => 200;
  answer = Buffer.alloc(0);
  let calls = 0;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const status = statusOf(calls++);
      if (status === 200) received.push({ request, names: itemNames([gunzipSync(Buffer.concat(chunks))]) });
      response.writeHead(status).end(status === 200 ? answer : 'because');
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A storage with so many dead letters of two items each, and its owner still running when `keep` is given. */
async function deadLetters(batches: number, name = 'traces_dead_letter') {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-replay-'));
  const context = testContext({ id: 'file_storage', kind: 'extension', clock: systemClock });
  const storage = factory.create(configOf(factory, { directory, segment_size_mib: 0.01 }), context) as StorageExtension;
  const { pool } = testHost();
  const log = await storage.openLog({ kind: 'exporter', id: 'otlp', name, signal: 'traces', pool, appendOnly: true });
  for (let i = 0; i < batches; i++) {
    using batch = exampleBatch(pool, 'traces', 2, i * 2);
    await log.append(batch);
  }
  const path = join(directory, `exporter_otlp__${name}`);
  return { path, log, storage, files: () => readdirSync(path).filter((file) => file !== 'lock') };
}

async function replay(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const code = await run(['replay', ...argv], {
    stdout: (text) => void (written.stdout += text),
    stderr: (text) => void (written.stderr += text),
    env: {},
    cwd: '/',
    events: new EventEmitter(),
  });
  return { code, ...written };
}

const names = (batches: number): string[] => Array.from({ length: batches * 2 }, (_, i) => `item-${String(i).padStart(8, '0')}`);
const to = (): string => `http://127.0.0.1:${port}/base/`;

describe('millrace replay', () => {
  it('sends dead letters in order, with headers, and deletes what is delivered', async () => {
    const { path, log, files } = await deadLetters(100);
    await log.close();
    expect(files().length).toBeGreaterThan(1);
    expect(await replay(path, '--to', to(), '--header', 'Authorization: Bearer x', '--header=X-Scope: a:b')).toEqual({
      code: 0,
      stdout: '100 batches delivered, 0 refused and kept\n',
      stderr: '',
    });
    expect(received.flatMap((one) => one.names)).toEqual(names(100));
    expect(received[0]!.request.url).toBe('/base/v1/traces');
    expect(received[0]!.request.headers).toMatchObject({
      authorization: 'Bearer x',
      'x-scope': 'a:b',
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
    });
    expect(files()).toEqual([]);
  });

  it('goes on where it ended when the destination fails for the moment', async () => {
    const { path, log, files } = await deadLetters(5);
    await log.close();
    statusOf = (call) => (call === 2 ? 503 : 200);
    expect(await replay(path, '--to', to())).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Error: the destination answers 503 (2 batches are delivered and marked)\n',
    });
    const [file = ''] = files().filter((name) => name.endsWith('.segment'));
    expect(await replay(join(path, file), '--to', to())).toMatchObject({ code: 0, stdout: '3 batches delivered, 0 refused and kept\n' });
    expect(received.flatMap((one) => one.names)).toEqual(names(5));
    expect(files()).toEqual([]);
  });

  it('keeps what is refused for good, and says so', async () => {
    const { path, log, files } = await deadLetters(3);
    await log.close();
    statusOf = (call) => (call === 1 ? 400 : 200);
    expect(await replay(path, '--to', to())).toEqual({
      code: 1,
      stdout: '2 batches delivered, 1 refused and kept\n',
      stderr:
        'The destination refuses a batch of 2 items with status 400: because\nError: 1 batches were refused (2 batches are delivered and marked)\n',
    });
    expect(files()).toHaveLength(2);
    expect(await replay(path, '--to', to())).toMatchObject({ code: 0, stdout: '1 batches delivered, 0 refused and kept\n' });
  });

  it('says what a destination rejects of a batch', async () => {
    const { path, log } = await deadLetters(1);
    await log.close();
    // ExportTraceServiceResponse{partial_success{rejected_spans: 1, error_message: "no"}}
    answer = Buffer.from([0x0a, 0x06, 0x08, 0x01, 0x12, 0x02, 0x6e, 0x6f]);
    expect(await replay(path, '--to', to())).toMatchObject({ code: 0, stderr: 'The destination rejected 1 of 2 items: no\n' });
  });

  it('sends dead letters while their owner runs, and leaves it the file that grows', async () => {
    const { path, log, files } = await deadLetters(4);
    expect(await replay(path, '--to', to())).toMatchObject({ code: 0 });
    expect(files()).toHaveLength(2);
    const { pool } = testHost();
    using batch = exampleBatch(pool, 'traces', 2, 8);
    await log.append(batch);
    await log.close();
    expect(await replay(path, '--to', to())).toMatchObject({ code: 0, stdout: '1 batches delivered, 0 refused and kept\n' });
    expect(received.flatMap((one) => one.names)).toEqual(names(5));
    expect(files()).toEqual([]);
  });

  it('refuses a queue that is in use, and sends one that is not', async () => {
    const { path, log } = await deadLetters(2, 'traces');
    expect((await replay(path, '--to', to())).stderr).toMatch(/is in use by another component of this process/);
    await log.close();
    expect(await replay(path, '--to', to())).toMatchObject({ code: 0, stdout: '2 batches delivered, 0 refused and kept\n' });
  });

  it('takes a write that was cut off by a crash for what it is', async () => {
    const { path, log, files } = await deadLetters(3);
    await log.close();
    const [file = ''] = files();
    truncateSync(join(path, file), readFileSync(join(path, file)).length - 5);
    expect(await replay(path, '--to', to())).toEqual({ code: 0, stdout: '2 batches delivered, 0 refused and kept\n', stderr: '' });
    expect(files()).toEqual([]);
  });

  it('sends what is intact of a damaged file, and keeps the file', async () => {
    const { path, log, files } = await deadLetters(3);
    await log.close();
    const [file = ''] = files();
    const bytes = readFileSync(join(path, file));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(path, file), bytes);
    const { code, stdout, stderr } = await replay(path, '--to', to());
    expect([code, stdout]).toEqual([0, '2 batches delivered, 0 refused and kept\n']);
    expect(stderr).toMatch(/^\d+ bytes are damaged/);
    expect(files()).toContain(file);
  });

  it.each([
    [[], 'replay needs one path'],
    [['x'], 'replay needs --to <url>'],
    [['/tmp', '--to', 'http://127.0.0.1:1'], '/tmp is neither the directory of a stored queue nor a segment file of one'],
    [['/nowhere', '--to', 'http://127.0.0.1:1'], 'ENOENT'],
    [['/tmp', '--to', 'http://127.0.0.1:1', '--header', 'x'], '--header needs the form "Name: value"'],
  ])('with %j is refused', async (argv, problem) => {
    const { code, stderr } = await replay(...argv);
    expect([code, stderr]).toEqual([1, expect.stringContaining(problem)]);
  });

  it('is refused with a destination that is no URL', async () => {
    const { path, log } = await deadLetters(1);
    await log.close();
    for (const url of ['localhost', 'localhost:4318']) {
      expect((await replay(path, '--to', url)).stderr).toContain(`--to ${url} is not a URL`);
    }
  });
});
