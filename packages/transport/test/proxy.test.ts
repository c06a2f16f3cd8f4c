import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { proxyFor } from '@millrace/transport';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Authority, type Identity, makeAuthority } from '../../../test/certificates.ts';
import { closeAll, grpcSender, httpClientConfig, httpSender, meteredContext, serveGrpc, serveHttp } from './secure-harness.ts';
import { httpClientProblems } from '@millrace/transport';

let authority: Authority;
let identity: Identity;
beforeAll(() => {
  authority = makeAuthority('Proxies');
  identity = authority.issue('server');
});

const stops: (() => unknown)[] = [];
const variables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));

afterEach(async () => {
  await closeAll();
  for (const stop of stops.splice(0)) stop();
  for (const name of variables) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

interface Proxy {
  readonly url: string;
  /** What it was asked for: `POST http://...` or `CONNECT host:port`. */
  readonly asked: string[];
  readonly headers: IncomingHttpHeaders[];
}

/** A forward proxy; every name leads to 127.0.0.1. It can refuse, or want `user:pass`. */
async function startProxy(options: { readonly refuse?: boolean; readonly tls?: Identity } = {}): Promise<Proxy> {
  const asked: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = options.tls === undefined ? createServer() : createTlsServer({ cert: options.tls.cert, key: options.tls.key });
  const sockets = new Set<Socket>();
  server.on('request', (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    const target = new URL(request.url!);
    const onward = httpRequest({
      host: '127.0.0.1',
      port: target.port,
      path: target.pathname,
      method: request.method,
      headers: request.headers,
    });
    onward.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode!, answer.headers)));
    request.pipe(onward);
  });
  server.on('connect', (request, socket: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    headers.push(request.headers);
    sockets.add(socket.on('error', () => undefined));
    if (options.refuse === true) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const onward = connect(Number(request.url!.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    sockets.add(onward.on('error', () => undefined));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, asked, headers };
}

describe('proxy_url', () => {
  it('sends plain HTTP through the proxy by the whole URL, with the credentials of the proxy', async () => {
    const proxy = await startProxy();
    const server = await serveHttp({ include_metadata: true });
    const proxy_url = proxy.url.replace('//', '//user:p%40ss@');
    await httpSender(`http://collector.example:${server.port}`, { proxy_url }).send('hello');
    expect(proxy.asked).toEqual([`POST http://collector.example:${server.port}/in`]);
    expect(proxy.headers[0]!['proxy-authorization']).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    expect(server.clients[0]!.metadata.get('host')).toEqual([`collector.example:${server.port}`]);
    expect(server.bodies.map(String)).toEqual(['hello']);
  });

  it('sends HTTPS through a tunnel, in which the certificate of the destination is checked', async () => {
    const proxy = await startProxy();
    const server = await serveHttp({ tls: { cert_file: identity.certFile, key_file: identity.keyFile } });
    const settings = { proxy_url: proxy.url.replace('//', '//me@'), tls: { ca_file: authority.certFile } };
    const sender = httpSender(`https://localhost:${server.port}`, settings);
    await sender.send('one');
    await sender.send('two');
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT localhost:${server.port}`]));
    expect(proxy.headers[0]!['proxy-authorization']).toBe(`Basic ${Buffer.from('me:').toString('base64')}`);
    await expect(httpSender(`https://other.example:${server.port}`, settings).send('three')).rejects.toThrow(/altnames/);
    expect(server.bodies.map(String)).toEqual(['one', 'two']);
  });

  it('fails when the proxy refuses or is not there', async () => {
    const { url } = await startProxy({ refuse: true });
    await expect(httpSender('https://collector.example:1', { proxy_url: url }).send('x')).rejects.toThrow(
      'proxy: 407 Proxy Authentication Required',
    );
    await expect(httpSender('https://collector.example:1', { proxy_url: 'http://127.0.0.1:1' }).send('x')).rejects.toThrow(/ECONNREFUSED/);
  });

  it.each([
    ['socks5://a:1', 'proxy_url: unsupported proxy scheme "socks5": use an http or https proxy'],
    ['http://', 'proxy_url: invalid proxy URL'],
  ])('cannot be %s', (proxy_url, problem) => {
    expect(httpClientProblems(httpClientConfig({ proxy_url }))).toEqual([problem]);
  });
});

describe('HTTPS_PROXY and NO_PROXY', () => {
  it('hold for gRPC, in plaintext and by TLS', async () => {
    const proxy = await startProxy();
    process.env['HTTPS_PROXY'] = proxy.url;
    const plain = await serveGrpc();
    await grpcSender(`collector.example:${plain.port}`, { tls: { insecure: true } }).send('plain');
    const secured = await serveGrpc({ tls: { cert_file: identity.certFile, key_file: identity.keyFile } });
    const tls = { ca_file: authority.certFile, server_name_override: 'localhost' };
    await grpcSender(`collector.example:${secured.port}`, { tls }).send('secret');
    expect(proxy.asked).toEqual([`CONNECT collector.example:${plain.port}`, `CONNECT collector.example:${secured.port}`]);
    expect([...plain.bodies, ...secured.bodies].map(String)).toEqual(['plain', 'secret']);
  });

  it('fail a gRPC call when the proxy refuses', async () => {
    const { url } = await startProxy({ refuse: true });
    process.env['HTTPS_PROXY'] = url;
    await expect(grpcSender('collector.example:4317').send('x')).rejects.toThrow(/Unavailable .*proxy: 407/);
  });

  it('do not hold for this machine', async () => {
    const proxy = await startProxy();
    process.env['HTTP_PROXY'] = proxy.url;
    const server = await serveHttp();
    await httpSender(`http://${server.address}`, {}, undefined, meteredContext()).send('direct');
    expect(proxy.asked).toEqual([]);
  });

  const environment = {
    HTTP_PROXY: 'plain.example:3128',
    https_proxy: 'https://secure.example',
    NO_PROXY: 'internal.example, .svc, 10.0.0.0/8, 192.0.2.7, port.example:8080, fd00::/8, *.star.example, [2001:db8::1]:443, bad/99x',
  };
  it.each([
    ['http://a.example', 'http://plain.example:3128/'],
    ['https://a.example', 'https://secure.example/'],
    ['https://internal.example', undefined],
    ['https://deep.internal.example:4318', undefined],
    ['https://notinternal.example', 'https://secure.example/'],
    ['https://x.svc', undefined],
    ['https://10.1.2.3', undefined],
    ['https://11.1.2.3', 'https://secure.example/'],
    ['https://192.0.2.7', undefined],
    ['http://port.example:8080', undefined],
    ['http://port.example', 'http://plain.example:3128/'],
    ['https://[fd00::1]', undefined],
    ['https://[2001:db8::1]', undefined],
    ['https://a.star.example', undefined],
    ['http://localhost:4318', undefined],
    ['http://127.0.0.2', undefined],
    ['http://[::1]', undefined],
  ])('lead %s to %s', (destination, proxy) => {
    expect(proxyFor(new URL(destination), undefined, environment)?.href).toBe(proxy);
  });

  it('except everything with *, and nothing without variables', () => {
    expect(proxyFor(new URL('http://a.example'), '', { HTTP_PROXY: 'http://p', NO_PROXY: '*' })).toBeUndefined();
    expect(proxyFor(new URL('http://a.example'), undefined, {})).toBeUndefined();
    expect(proxyFor(new URL('http://127.example'), undefined, { HTTP_PROXY: 'http://p' })?.href).toBe('http://p/');
    expect(proxyFor(new URL('http://10.0.0.1'), undefined, { HTTP_PROXY: 'http://p', NO_PROXY: '10.0.0.0/99' })?.href).toBe('http://p/');
    expect(proxyFor(new URL('http://localhost'), 'http://p', { NO_PROXY: '*' })?.href).toBe('http://p/');
  });
});
