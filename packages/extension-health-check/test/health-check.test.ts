import { get } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Extension } from '@millrace/api';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeAuthority } from '../../../test/certificates.ts';
import { factory } from '../src/index.ts';

const started: Extension[] = [];

afterEach(async () => {
  for (const extension of started.splice(0)) await extension.shutdown?.(noDeadline());
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function healthCheck(settings: object = {}) {
  const port = await freePort();
  const context = testContext({ id: 'health_check', kind: 'extension', clock: new FakeClock(1_790_000_000_000) });
  const extension = factory.create(configOf(factory, { endpoint: `127.0.0.1:${port}`, ...settings }), context);
  started.push(extension);
  await extension.start?.(testHost());
  const ask = async (path = '/', method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
  };
  return { extension, clock: context.clock as FakeClock, ask, port, lines: context.lines };
}

describe('health_check', () => {
  it('answers 503 until the pipelines run, 200 while they do, and 503 when they stop', async () => {
    const { extension, clock, ask, lines } = await healthCheck();
    const unavailable = {
      status: 503,
      type: 'application/json',
      body: '{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}',
    };
    expect(await ask()).toEqual(unavailable);
    await extension.ready?.();
    await clock.advance(3_723_500);
    expect(await ask()).toEqual({
      status: 200,
      type: 'application/json',
      body: '{"status":"Server available","upSince":"2026-09-21T14:13:20.000Z","uptime":"1h2m3.5s"}',
    });
    await extension.notReady?.();
    expect(await ask()).toEqual(unavailable);
    expect(lines.map((line) => line.attributes)).toEqual([{ status: 'ready' }, { status: 'unavailable' }]);
  });

  it.each([
    [0, '0s'],
    [7, '7ms'],
    [61_000, '1m1s'],
    [3_600_000, '1h0m0s'],
  ])('writes an uptime of %d ms as %s', async (uptimeMs, text) => {
    const { extension, clock, ask } = await healthCheck();
    await extension.ready?.();
    await clock.advance(uptimeMs);
    expect(JSON.parse((await ask()).body)).toMatchObject({ uptime: text });
  });

  it('answers with the bodies of response_body', async () => {
    const { extension, ask } = await healthCheck({ response_body: { healthy: 'all good', unhealthy: 'not yet' } });
    expect(await ask()).toEqual({ status: 503, type: 'text/plain; charset=utf-8', body: 'not yet' });
    await extension.ready?.();
    expect(await ask()).toEqual({ status: 200, type: 'text/plain; charset=utf-8', body: 'all good' });
  });

  it('answers on its path only', async () => {
    const { extension, ask } = await healthCheck({ path: '/health/status' });
    await extension.ready?.();
    expect((await ask('/health/status?verbose')).status).toBe(200);
    expect((await ask('/health/status', 'POST')).status).toBe(200);
    expect(await ask('/health/status/x')).toEqual({ status: 404, type: 'text/plain; charset=utf-8', body: '404 page not found\n' });
    expect((await ask('/')).status).toBe(404);
  });

  it('answers for everything below a path that ends with a slash', async () => {
    const { extension, ask } = await healthCheck();
    await extension.ready?.();
    expect((await ask('/anything')).status).toBe(200);
  });

  it('does not start on a port that is in use', async () => {
    const { port } = await healthCheck();
    const second = factory.create(configOf(factory, { endpoint: `127.0.0.1:${port}` }), testContext());
    await expect(second.start?.(testHost())).rejects.toThrow(`listen tcp 127.0.0.1:${port}: bind: address already in use`);
  });

  it('answers by TLS, and to whom an authenticator admits', async () => {
    const authority = makeAuthority('health');
    const identity = authority.issue('health');
    const guard = {
      authenticate: (headers: Readonly<Record<string, unknown>>) => {
        if (headers['authorization'] !== 'good') throw new Error('no entry');
        return {};
      },
    };
    const port = await freePort();
    const tls = { cert_file: identity.certFile, key_file: identity.keyFile };
    const settings = { endpoint: `127.0.0.1:${port}`, tls, auth: { authenticator: 'guard' } };
    const extension = factory.create(configOf(factory, settings), testContext({ id: 'health_check', kind: 'extension' }));
    started.push(extension);
    await extension.start?.(testHost(undefined, new Map([['guard', guard]])));
    const ask = (authorization: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const options = { port, host: '127.0.0.1', ca: authority.cert, headers: { authorization } };
        get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
    expect([await ask('good'), await ask('bad')]).toEqual([503, 401]);
  });

  it('stops listening when it is shut down', async () => {
    const { extension, ask } = await healthCheck();
    await extension.shutdown?.(noDeadline());
    await expect(ask()).rejects.toThrow('fetch failed');
  });

  it('wants an endpoint with a port and an absolute path', () => {
    const problems = (settings: object) => factory.validateConfig?.(configOf(factory, settings));
    expect(problems({})).toEqual([]);
    expect(problems({ endpoint: '', path: 'x' })).toEqual(['http endpoint required', 'path must start with /']);
    expect(problems({ endpoint: 'localhost' })).toEqual(['endpoint: address localhost: missing port in address']);
  });

  it('accepts check_collector_pipeline of old configurations, without effect', async () => {
    const { extension, ask } = await healthCheck({
      check_collector_pipeline: { enabled: true, interval: '5m', exporter_failure_threshold: 0 },
    });
    await extension.ready?.();
    expect((await ask()).status).toBe(200);
  });
});
