import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { serve } from './http-harness.ts';
import type { TestServer } from './http-harness.ts';

let server: TestServer | undefined;

afterEach(() => server?.close());

/** Sends a GET and gives the stream that its answer is written to. */
async function ask(
  settings: Parameters<typeof serve>[0] = {},
): Promise<{ response: Promise<IncomingMessage>; body: Writable; accept: string }> {
  server = await serve(settings);
  const begun = new Promise<{ body: Writable; accept: string }>((resolve) => {
    server!.route.onBegin = (exchange) => {
      const body = exchange.replyInPieces(200, ['Content-Type', 'text/plain'])!;
      expect(exchange.replyInPieces(200, [])).toBeUndefined();
      resolve({ body, accept: `${exchange.header('accept')}|${exchange.header('x-none')}` });
    };
  });
  const outgoing = request(server.url, { headers: { accept: 'a/b' }, agent: false });
  const response = once(outgoing, 'response').then(([incoming]) => incoming as IncomingMessage);
  response.catch(() => undefined);
  outgoing.end();
  return { response, ...(await begun) };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

describe('An answer in pieces', () => {
  it('arrives as it is written', async () => {
    const { response, body, accept } = await ask();
    expect(accept).toBe('a/b|');
    body.write('one ');
    const incoming = await response;
    expect([incoming.statusCode, incoming.headers['content-type']]).toEqual([200, 'text/plain']);
    body.write('two ');
    body.end('three');
    expect(await textOf(incoming)).toBe('one two three');
  });

  it('is finished before the server stops', async () => {
    const { response, body } = await ask();
    body.write('one ');
    const incoming = await response;
    const stopped = server!.server.stop(new AbortController().signal);
    body.end('two');
    expect(await textOf(incoming)).toBe('one two');
    await stopped;
  });

  it('is destroyed when the client goes away', async () => {
    const { response, body } = await ask();
    body.write('one');
    (await response).destroy();
    await once(body, 'close');
    expect(body.destroyed).toBe(true);
  });

  it('is cut off after the write timeout', async () => {
    const { response, body } = await ask({ writeTimeoutMs: 50 });
    body.write('one');
    await expect(textOf(await response)).rejects.toThrow('aborted');
  });
});
