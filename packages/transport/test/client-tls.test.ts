import { systemClock } from '@millrace/api/testing';
import { clientTlsOptions, createGrpcClient, createHttpClient, parseGrpcTarget } from '@millrace/transport';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

const testdata = join(import.meta.dirname, 'testdata');
const caFile = join(testdata, 'ca.pem');
/** A certificate for the name collector.example, signed by the authority in ca.pem. */
const identity = { cert: readFileSync(join(testdata, 'server.pem')), key: readFileSync(join(testdata, 'server.key')) };
const trusting = { insecure: false, insecure_skip_verify: false };
const never = new AbortController().signal;

const servers: Server[] = [];
let httpPort = 0;
let grpcPort = 0;
let otherPort = 0;

async function listen(server: Server): Promise<number> {
  servers.push(server.on('tlsClientError', () => {}));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  httpPort = await listen(createServer(identity, (request, response) => response.end(request.headers.host)));
  const grpc = createSecureServer(identity);
  grpc.on('stream', (stream: ServerHttp2Stream) => stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true }));
  grpcPort = await listen(grpc);
  otherPort = await listen(createTlsServer(identity));
});

afterAll(() => {
  for (const server of servers) server.close();
});

type Settings = Parameters<typeof clientTlsOptions>[0];

async function overHttp(settings: Settings): Promise<number> {
  const client = createHttpClient({
    url: new URL(`https://127.0.0.1:${httpPort}/`),
    headers: {},
    compression: 'none',
    tls: clientTlsOptions(settings),
  });
  try {
    return (await client.send(Buffer.from('x'), never)).status;
  } finally {
    await client.close();
  }
}

async function overGrpc(settings: Settings, port = grpcPort): Promise<number> {
  const client = createGrpcClient({
    target: parseGrpcTarget(`127.0.0.1:${port}`),
    compression: 'none',
    headers: {},
    userAgent: 'test',
    clock: systemClock,
    tls: clientTlsOptions(settings),
  });
  try {
    await client.unary('/a/b', Buffer.from('x'), 0, never);
    return 200;
  } finally {
    client.close();
  }
}

describe.each([
  ['HTTP', overHttp],
  ['gRPC', overGrpc],
] as [string, (settings: Settings) => Promise<number>][])('a client of TLS over %s', (_name, call) => {
  it('does not trust an authority that the system does not know', async () => {
    await expect(call({ ...trusting, server_name_override: 'collector.example' })).rejects.toThrow(/self-signed|unable to (verify|get)/);
  });

  it('trusts the authority of ca_file, for the name of server_name_override', async () => {
    expect(await call({ ...trusting, ca_file: caFile, server_name_override: 'collector.example' })).toBe(200);
  });

  it('does not take one name for another', async () => {
    await expect(call({ ...trusting, ca_file: caFile })).rejects.toThrow(/altnames/);
  });

  it('accepts anything with insecure_skip_verify', async () => {
    expect(await call({ ...trusting, insecure_skip_verify: true })).toBe(200);
  });

  it('names a file that cannot be read', async () => {
    await expect(call({ ...trusting, ca_file: '/nowhere/ca.pem' })).rejects.toThrow('/nowhere/ca.pem');
  });
});

describe('a gRPC client of TLS', () => {
  it('fails when the server does not speak HTTP/2', async () => {
    await expect(overGrpc({ ...trusting, insecure_skip_verify: true }, otherPort)).rejects.toThrow('missing selected ALPN property');
  });
});
