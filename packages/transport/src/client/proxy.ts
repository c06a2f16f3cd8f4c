import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';

/** Environment variables that name proxies. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a destination, or `undefined` to connect directly: the configured one, otherwise what `HTTP_PROXY` or `HTTPS_PROXY` (by the
 * destination's scheme) say unless `NO_PROXY` excepts it, read as Go's programs do. Throws when the text is not an `http` or `https` URL.
 */
export function proxyFor(destination: URL, configured: string | undefined, environment: ProxyEnvironment = process.env): URL | undefined {
  if (configured !== undefined && configured !== '') return parseProxy(configured);
  const scheme = destination.protocol === 'https:' ? 'HTTPS' : 'HTTP';
  const text = environment[`${scheme}_PROXY`] || environment[`${scheme.toLowerCase()}_proxy`] || '';
  if (text === '' || isExcepted(destination, environment['NO_PROXY'] || environment['no_proxy'] || '')) return undefined;
  return parseProxy(text);
}

function parseProxy(text: string): URL {
  const complete = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(complete)) throw new Error('invalid proxy URL');
  const url = new URL(complete);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`unsupported proxy scheme ${JSON.stringify(url.protocol.slice(0, -1))}: use an http or https proxy`);
  }
  return url;
}

/** Loopback addresses are never reached through a proxy of the environment. */
function isExcepted(destination: URL, list: string): boolean {
  const host = destination.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const port = destination.port || (destination.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.')) || host === '::1') return true;
  return list.split(',').some((entry) => excepts(entry.trim().toLowerCase(), host, port));
}

function excepts(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const cidr = /^(.+)\/(\d+)$/.exec(entry);
  if (cidr !== null) {
    const family = isIP(cidr[1]!);
    if (family === 0 || isIP(host) !== family || Number(cidr[2]) > (family === 4 ? 32 : 128)) return false;
    const block = new BlockList();
    const name = family === 6 ? 'ipv6' : 'ipv4';
    block.addSubnet(cidr[1]!, Number(cidr[2]), name);
    return block.check(host, name);
  }
  const split = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(entry);
  if (split !== null && split[3] !== port) return false;
  const name = (split === null ? entry : (split[1] ?? split[2]!)).replace(/^\*(?=\.)/, '');
  if (isIP(name) !== 0) return name === host;
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

/** The `Proxy-Authorization` of a proxy whose URL has a user. */
export function proxyAuthorization(proxy: URL): string | undefined {
  if (proxy.username === '' && proxy.password === '') return undefined;
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/** Opens a connection to `host:port` through a proxy (CONNECT). Rejects when the proxy refuses, cannot be reached or takes too long. */
export function openTunnel(proxy: URL, authority: string, timeoutMs: number): Promise<Socket> {
  const authorization = proxyAuthorization(proxy);
  return new Promise((resolve, reject) => {
    const options = {
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: authority,
      agent: false as const,
      timeout: timeoutMs,
      headers: { host: authority, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) },
    };
    const asked = proxy.protocol === 'https:' ? requestTls(options) : request(options);
    asked.once('connect', (response, socket: Socket, head: Buffer) => {
      if (response.statusCode === 200) {
        // The destination may speak first, in the same packet.
        if (head.length > 0) socket.unshift(head);
        return resolve(socket.setTimeout(0));
      }
      socket.destroy();
      reject(new Error(`proxy: ${response.statusCode} ${response.statusMessage ?? ''}`.trimEnd()));
    });
    asked.once('timeout', () => asked.destroy(new Error('proxy: i/o timeout')));
    asked.once('error', reject);
    asked.end();
  });
}
