import type { CorsSettings } from '@millrace/transport';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { serve, type TestServer } from './http-harness.ts';

const settings: CorsSettings = {
  allowedOrigins: ['https://*.example.com', 'http://localhost'],
  allowedHeaders: [],
  exposedHeaders: [],
  maxAgeSeconds: 0,
};
let open: TestServer[] = [];
afterEach(async () => {
  for (const test of open) await test.close();
  open = [];
});

async function served(overrides: Partial<CorsSettings> = {}): Promise<TestServer> {
  const test = await serve({ cors: { ...settings, ...overrides } });
  open.push(test);
  return test;
}

type Headers = Record<string, string | string[] | undefined>;

async function post(test: TestServer, origin?: string): Promise<Headers> {
  const answer = await request(test.url, { method: 'POST', body: 'x', headers: origin === undefined ? {} : { origin } });
  await answer.body.dump();
  expect(answer.statusCode).toBe(200);
  return answer.headers;
}

async function preflight(test: TestServer, headers: Record<string, string>, path = ''): Promise<[number, Headers]> {
  const answer = await request(test.url + path, { method: 'OPTIONS', headers });
  await answer.body.dump();
  return [answer.statusCode, answer.headers];
}

const asks = (origin: string, headers?: string): Record<string, string> => ({
  origin,
  'access-control-request-method': 'POST',
  ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
});

describe('CORS', () => {
  it('lets pages of the allowed origins read the response, with credentials', async () => {
    const test = await served({ exposedHeaders: ['X-One', 'X-Two'] });
    expect(await post(test, 'https://a.example.com')).toMatchObject({
      vary: 'Origin',
      'access-control-allow-origin': 'https://a.example.com',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'X-One, X-Two',
    });
    expect((await post(test, 'HTTP://LOCALHOST'))['access-control-allow-origin']).toBe('HTTP://LOCALHOST');
  });

  it.each(['https://example.com', 'https://.example.com.evil.org', 'http://a.example.com', 'http://localhost:1'])(
    'does not let %s',
    async (origin) => {
      const headers = await post(await served(), origin);
      expect([headers['vary'], headers['access-control-allow-origin']]).toEqual(['Origin', undefined]);
    },
  );

  it('allows every origin with a star', async () => {
    const test = await served({ allowedOrigins: ['*'] });
    expect((await post(test, 'https://anything'))['access-control-allow-origin']).toBe('*');
    expect((await post(test))['access-control-allow-origin']).toBeUndefined();
  });

  it('answers a preflight on any path without a route', async () => {
    const test = await served({ maxAgeSeconds: 600, allowedHeaders: ['X-Api-Key'] });
    const [status, headers] = await preflight(test, asks('https://a.example.com', 'content-type,x-api-key'), '/elsewhere');
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      'access-control-allow-origin': 'https://a.example.com',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type,x-api-key',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '600',
    });
    expect(test.route.exchanges).toEqual([]);
  });

  it('permits nothing when the origin, a header or the method is not allowed', async () => {
    const test = await served();
    for (const headers of [
      asks('https://evil.org'),
      asks('https://a.example.com', 'x-api-key'),
      { origin: 'https://a.example.com', 'access-control-request-method': 'DELETE' },
      { 'access-control-request-method': 'POST' },
    ]) {
      const [status, answer] = await preflight(test, headers);
      expect([status, answer['access-control-allow-origin'], answer['access-control-max-age']]).toEqual([204, undefined, undefined]);
    }
  });

  it('allows every header with a star, and none is asked for when there is none', async () => {
    const test = await served({ allowedHeaders: ['*'] });
    expect((await preflight(test, asks('https://a.example.com', 'x-any')))[1]['access-control-allow-headers']).toBe('x-any');
    const [, plain] = await preflight(test, asks('https://a.example.com'));
    expect([plain['access-control-allow-origin'], plain['access-control-allow-headers']]).toEqual(['https://a.example.com', undefined]);
  });

  it('is off without origins', async () => {
    const test = await served({ allowedOrigins: [] });
    const headers = await post(test, 'https://a.example.com');
    expect([headers['vary'], headers['access-control-allow-origin']]).toEqual([undefined, undefined]);
  });
});
