import { lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { getEnvironmentData, isMainThread } from 'node:worker_threads';
import { sharedPorts } from '@millrace/api';

/** Which IP versions an endpoint listens on; `unix`: the endpoint is the path of a socket (`@name` for an abstract one). */
export type Transport = 'tcp' | 'tcp4' | 'tcp6' | 'unix';

/** JSON Schema of `transport` of every server. */
export const transportSchema: object = {
  type: 'string',
  enum: ['tcp', 'tcp4', 'tcp6', 'unix'],
  default: 'tcp',
  description: 'What to listen on: tcp for both IP versions, tcp4 or tcp6 for one, unix for a socket in the file system.',
};

/** A parsed `host:port`. */
export interface Endpoint {
  /** A name or IP address without brackets; absent for `:port`, which means every address of the machine. */
  readonly host?: string;
  readonly port: number;
}

/** Reads `host:port`, `[::1]:port` or `:port`, or with transport `unix` a path. Throws in the words of the Collector, without naming the setting. */
export function parseEndpoint(text: string, transport: 'unix'): { readonly path: string };
export function parseEndpoint(text: string, transport?: Exclude<Transport, 'unix'>): Endpoint;
export function parseEndpoint(text: string, transport?: Transport): Endpoint | { readonly path: string };
export function parseEndpoint(text: string, transport?: Transport): Endpoint | { readonly path: string } {
  if (transport === 'unix') {
    if (text === '') throw new Error('unix socket path cannot be empty');
    return { path: text.startsWith('@') ? `\0${text.slice(1)}` : text };
  }
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text);
  if (match === null) {
    throw new Error(`address ${text}: ${/^[^:]*$|\]$/.test(text) ? 'missing port in address' : 'too many colons in address'}`);
  }
  const host = match[1] ?? match[2];
  const port = Number(match[3]);
  if (!/^\d+$/.test(match[3]!) || port > 65_535) throw new Error(`address ${match[3]}: invalid port`);
  return host === undefined || host === '' ? { port } : { host, port };
}

/** `host:port` as people write it, IPv6 in brackets. */
export function formatAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

const causes: Readonly<Record<string, string>> = {
  EADDRINUSE: 'bind: address already in use',
  EADDRNOTAVAIL: 'bind: cannot assign requested address',
  EACCES: 'bind: permission denied',
  EAFNOSUPPORT: 'socket: address family not supported by protocol',
  ENOENT: 'bind: no such file or directory',
};

/**
 * Listens on an endpoint and returns the bound `host:port`, or the path of the socket. `localhost` is 127.0.0.1. Rejects in the words of the
 * Collector: `listen tcp 127.0.0.1:4317: bind: address already in use`. Every thread of the process may listen on the same port; a socket in
 * the file system is the main thread's alone.
 */
export async function listen(server: Server, endpoint: string, transport: Transport): Promise<string> {
  if (transport === 'unix') {
    const { path } = parseListen(endpoint, transport) as { readonly path: string };
    if (!isMainThread) return endpoint;
    if (!path.startsWith('\0')) await removeStaleSocket(path);
    await open(server, { path }, (code) => `listen unix ${endpoint}: ${causes[code] ?? code}`);
    return endpoint;
  }
  const { host, port } = parseListen(endpoint, transport) as Endpoint;
  const anyHost = transport === 'tcp4' ? '0.0.0.0' : transport === 'tcp6' ? '::' : undefined;
  const address = host === 'localhost' ? (transport === 'tcp6' ? '::1' : '127.0.0.1') : (host ?? anyHost);
  const options = { port, ...(address === undefined ? {} : { host: address }), ipv6Only: transport === 'tcp6' };
  const wording = (code: string): string =>
    code === 'ENOTFOUND' || code === 'EAI_AGAIN'
      ? `listen ${transport}: lookup ${host}: no such host`
      : `listen ${transport} ${formatAddress(address ?? '', port)}: ${causes[code] ?? code}`;
  const reusePort = getEnvironmentData(sharedPorts) === true && port !== 0;
  if (reusePort && isMainThread) {
    // The kernel would let any process of the user share the port: whether it is free is seen without sharing.
    const probe = createServer();
    await open(probe, options, wording);
    await new Promise((resolve) => probe.close(resolve));
  }
  await open(server, { ...options, reusePort }, wording);
  const bound = server.address() as AddressInfo;
  return formatAddress(bound.address, bound.port);
}

function open(server: Server, options: object, wording: (code: string) => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.removeListener('listening', listening);
      reject(new Error(wording(error.code ?? error.message), { cause: error }));
    };
    const listening = (): void => {
      server.removeListener('error', failed);
      resolve();
    };
    server.once('error', failed);
    server.once('listening', listening);
    server.listen(options);
  });
}

/** A process that was killed leaves its socket behind, which nobody answers on; one that is in use stays. */
async function removeStaleSocket(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = connect({ path }, () => {
      resolve(undefined);
      probe.destroy();
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  if (code === 'ECONNREFUSED') unlinkSync(path);
}

function parseListen(endpoint: string, transport: Transport): Endpoint | { readonly path: string } {
  try {
    return parseEndpoint(endpoint, transport);
  } catch (error) {
    throw new Error(`listen ${transport}: ${(error as Error).message}`, { cause: error });
  }
}
