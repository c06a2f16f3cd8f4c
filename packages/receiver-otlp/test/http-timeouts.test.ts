import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { start, stopAll } from './harness.ts';

afterEach(stopAll);

/** Sends some bytes and returns what came until the server closed the connection. */
async function exchange(http: string, bytes: string): Promise<string> {
  const socket = connect({ port: Number(new URL(http).port), host: '127.0.0.1' });
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

const head = 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: ';

describe('Timeouts of protocols.http', () => {
  it('read_header_timeout', async () => {
    const { http } = await start({ http: { read_header_timeout: '50ms' } });
    expect(await exchange(http, 'POST /v1/traces HTTP/1.1\r\n')).toMatch(/^HTTP\/1.1 408 /);
  });

  it('read_timeout', async () => {
    const { http } = await start({ http: { read_timeout: '50ms' } });
    expect(await exchange(http, `${head}10\r\n\r\n`)).toMatch(/^HTTP\/1.1 408 /);
  });

  it('write_timeout', async () => {
    const { http, sinks } = await start({ http: { write_timeout: '50ms' } });
    let take = (): void => undefined;
    sinks.traces.before = () => new Promise<void>((resolve) => (take = resolve));
    expect(await exchange(http, `${head}6\r\n\r\n\x0a\x04\x12\x02\x12\x00`)).toBe('');
    take();
  });

  it('idle_timeout', async () => {
    const { http } = await start({ http: { idle_timeout: '50ms' } });
    expect(await exchange(http, `${head}0\r\n\r\n`)).toMatch(/^HTTP\/1.1 200 /);
  });
});
