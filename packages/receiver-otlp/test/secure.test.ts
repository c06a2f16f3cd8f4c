import {
  Client,
  credentials,
  type ChannelCredentials,
  logVerbosity,
  Metadata,
  setLogVerbosity,
  status,
  type ServiceError,
} from '@grpc/grpc-js';
import { exampleRequest, testHost } from '@millrace/api/testing';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Authority, type Identity, makeAuthority } from '../../../test/certificates.ts';
import { start, stopAll } from './harness.ts';

setLogVerbosity(logVerbosity.NONE);
const clients: Client[] = [];
let authority: Authority;
let server: Identity;
let tls: object;

beforeAll(() => {
  authority = makeAuthority('Receivers');
  server = authority.issue('server');
  tls = { cert_file: server.certFile, key_file: server.keyFile, client_ca_file: authority.certFile };
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await stopAll();
});

const same = (bytes: Buffer): Buffer => bytes;

function exportTraces(address: string, channel: ChannelCredentials, metadata: Record<string, string> = {}): Promise<number> {
  const client = new Client(address, channel, { 'grpc.enable_retries': 0 });
  clients.push(client);
  const sent = new Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  return new Promise((resolve) => {
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
    client.makeUnaryRequest(path, same, same, exampleRequest('traces', 3), sent, {}, (error: ServiceError | null) =>
      resolve(error?.code ?? status.OK),
    );
  });
}

describe('otlp over mutual TLS', () => {
  it('takes traces from a grpc-js client that identifies itself, and from no other', async () => {
    const { grpc: address, sinks } = await start({ grpc: { tls } });
    // grpc-js asks for the name of the host, which may not be an address.
    const grpc = address.replace('127.0.0.1', 'localhost');
    const client = authority.issue('client');
    const ca = Buffer.from(authority.cert);
    const own = credentials.createSsl(ca, Buffer.from(client.key), Buffer.from(client.cert));
    expect(await exportTraces(grpc, own)).toBe(status.OK);
    expect(await exportTraces(grpc, credentials.createSsl(ca))).toBe(status.UNAVAILABLE);
    expect(await exportTraces(grpc, credentials.createInsecure())).toBe(status.UNAVAILABLE);
    expect(sinks.traces.items).toBe(3);
  });
});

describe('otlp with auth', () => {
  const guard = {
    authenticate: (headers: Readonly<Record<string, unknown>>) => {
      if (headers['authorization'] !== 'Bearer good') throw new Error('no entry');
      return { subject: 'somebody' };
    },
  };
  const auth = { authenticator: 'guard' };
  const host = () => testHost(undefined, new Map([['guard', guard]]));

  it('answers Unauthenticated over gRPC', async () => {
    const { grpc, sinks } = await start({ grpc: { auth }, http: { auth }, host: host() });
    expect(await exportTraces(grpc, credentials.createInsecure(), { authorization: 'Bearer good' })).toBe(status.OK);
    expect(await exportTraces(grpc, credentials.createInsecure())).toBe(status.UNAUTHENTICATED);
    expect(sinks.traces.items).toBe(3);
  });

  it.each([
    ['application/json', '{"code":16,"message":"no entry"}'],
    ['application/x-protobuf', '\b\x10\x12\bno entry'],
  ])('answers 401 with a status as %s over HTTP', async (type, body) => {
    const { http, sinks } = await start({ grpc: { auth }, http: { auth, include_metadata: true }, host: host() });
    const ask = (authorization: string) =>
      fetch(`${http}/v1/traces`, { method: 'POST', body: exampleRequest('traces', 1), headers: { 'content-type': type, authorization } });
    const refused = await ask('Bearer bad');
    expect([refused.status, refused.headers.get('content-type'), await refused.text()]).toEqual([401, type, body]);
    let seen: unknown;
    sinks.traces.before = (batch) => void (seen = batch.client.auth);
    await ask('Bearer good');
    expect(type === 'application/json' ? undefined : seen).toEqual(type === 'application/json' ? undefined : { subject: 'somebody' });
  });

  it('does not start without the extension', async () => {
    await expect(start({ http: { auth } })).rejects.toThrow('failed to resolve authenticator "guard": authenticator not found');
  });
});
