import { createServer } from 'node:net';
import { createHttpServer, parseEndpoint, type Transport } from '@millrace/transport';
import { BufferPool, MemoryLedger } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { defaults } from './http-harness.ts';

const serverAt = (endpoint: string, transport: Transport = 'tcp') =>
  createHttpServer({ ...defaults, endpoint, transport }, new Map(), new BufferPool(new MemoryLedger(1e6)));

async function boundAddress(endpoint: string, transport?: Transport): Promise<string> {
  const server = serverAt(endpoint, transport);
  const address = await server.start();
  await server.stop(new AbortController().signal);
  return address.slice(0, address.lastIndexOf(':'));
}

describe('An endpoint', () => {
  it('is a name or address and a port', () => {
    expect(parseEndpoint('localhost:4317')).toEqual({ host: 'localhost', port: 4317 });
    expect(parseEndpoint('0.0.0.0:0')).toEqual({ host: '0.0.0.0', port: 0 });
    expect(parseEndpoint('[::1]:4317')).toEqual({ host: '::1', port: 4317 });
    expect(parseEndpoint(':4317')).toEqual({ port: 4317 });
    expect(parseEndpoint('[]:4317')).toEqual({ port: 4317 });
  });

  it.each([
    ['localhost', 'address localhost: missing port in address'],
    ['[::1]', 'address [::1]: missing port in address'],
    ['::1:4317', 'address ::1:4317: too many colons in address'],
    ['localhost:99999', 'address 99999: invalid port'],
    ['localhost:http', 'address http: invalid port'],
    ['localhost:', 'address : invalid port'],
  ])('cannot be %s', (text, message) => {
    expect(() => parseEndpoint(text)).toThrow(new Error(message));
  });

  it('binds 127.0.0.1 for localhost and what it names otherwise', async () => {
    expect(await boundAddress('localhost:0')).toBe('127.0.0.1');
    expect(await boundAddress('127.0.0.1:0', 'tcp4')).toBe('127.0.0.1');
    expect(await boundAddress('[::1]:0')).toBe('[::1]');
    expect(await boundAddress('localhost:0', 'tcp6')).toBe('[::1]');
  });

  it('says in the words of the Collector why it cannot be listened on', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await expect(serverAt(`127.0.0.1:${port}`).start()).rejects.toThrow(`listen tcp 127.0.0.1:${port}: bind: address already in use`);
    taken.close();
    await expect(serverAt('192.0.2.1:4317').start()).rejects.toThrow('listen tcp 192.0.2.1:4317: bind: cannot assign requested address');
    await expect(serverAt('nowhere.invalid:4317').start()).rejects.toThrow('listen tcp: lookup nowhere.invalid: no such host');
    await expect(Promise.resolve().then(() => serverAt('nowhere').start())).rejects.toThrow(
      'listen tcp: address nowhere: missing port in address',
    );
  });
});
