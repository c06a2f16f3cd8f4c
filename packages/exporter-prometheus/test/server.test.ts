import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { request as plainRequest } from 'node:http';
import type { RequestOptions } from 'node:https';
import { configOf, noDeadline, systemClock, testContext, testHost } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeAuthority } from '../../../test/certificates.ts';
import { factory } from '../src/index.ts';

let stop: (() => Promise<void>) | undefined;

afterEach(() => stop?.());

async function started(settings: object, extensions: ReadonlyMap<string, unknown> = new Map()): Promise<string> {
  const context = testContext({ id: 'prometheus', kind: 'exporter', signal: 'metrics', clock: systemClock });
  const stage = factory.create(configOf(factory, { endpoint: '127.0.0.1:0', ...settings }), context);
  stop = async () => stage.shutdown?.(noDeadline());
  await stage.start?.(testHost(undefined, extensions));
  return String(context.lines.find(({ message }) => message === 'Serving metrics')!.attributes!['endpoint']);
}

function ask(url: string, options: RequestOptions = {}): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    (url.startsWith('https') ? request : plainRequest)(url, { agent: false, ...options }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers }));
    })
      .on('error', reject)
      .end();
  });
}

describe('prometheus, its server', () => {
  it('lets in whom the authenticator lets in', async () => {
    const authenticator = {
      authenticate: (headers: Readonly<Record<string, unknown>>) => {
        if (headers['authorization'] !== 'Bearer good' && headers['token'] !== 'good') throw new Error('no credentials');
        return {};
      },
    };
    const auth = { authenticator: 'bearertokenauth', request_params: ['token'] };
    const address = await started({ auth }, new Map([['bearertokenauth', authenticator]]));
    expect((await ask(`http://${address}/metrics`)).status).toBe(401);
    expect((await ask(`http://${address}/metrics`, { headers: { authorization: 'Bearer good' } })).status).toBe(200);
    expect((await ask(`http://${address}/metrics?token=good`)).status).toBe(200);
  });

  it('serves over TLS', async () => {
    const authority = makeAuthority('authority');
    const { certFile, keyFile } = authority.issue('millrace');
    const address = await started({ tls: { cert_file: certFile, key_file: keyFile } });
    expect((await ask(`https://${address}/metrics`, { ca: authority.cert })).status).toBe(200);
  });

  it('adds response headers and can close after each answer', async () => {
    const address = await started({ response_headers: { 'x-served-by': 'millrace' }, keep_alives_enabled: false });
    const { status, headers } = await ask(`http://${address}/metrics`);
    expect([status, headers['x-served-by'], headers['connection']]).toEqual([200, 'millrace', 'close']);
  });
});
