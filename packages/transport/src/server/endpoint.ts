import type { AddressInfo, Server } from 'node:net';

/** Which IP versions an endpoint listens on. */
export type Transport = 'tcp' | 'tcp4' | 'tcp6';

/** A parsed `host:port`. */
export interface Endpoint {
  /** A name or IP address without brackets; absent for `:port`, which means every address of the machine. */
  readonly host?: string;
  readonly port: number;
}

/** Reads `host:port`, `[::1]:port` or `:port`. Throws in the words of the Collector, without naming the setting. */
export function parseEndpoint(text: string): Endpoint {
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
};

/**
 * Listens on an endpoint and returns the bound `host:port`. `localhost` is 127.0.0.1. Rejects in the words of the Collector:
 * `listen tcp 127.0.0.1:4317: bind: address already in use`.
 */
export function listen(server: Server, endpoint: string, transport: Transport): Promise<string> {
  const { host, port } = parseListen(endpoint, transport);
  const anyHost = transport === 'tcp4' ? '0.0.0.0' : transport === 'tcp6' ? '::' : undefined;
  const address = host === 'localhost' ? (transport === 'tcp6' ? '::1' : '127.0.0.1') : (host ?? anyHost);
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.removeListener('listening', listening);
      const code = error.code ?? error.message;
      const where =
        code === 'ENOTFOUND' || code === 'EAI_AGAIN'
          ? `: lookup ${host}: no such host`
          : ` ${formatAddress(address ?? '', port)}: ${causes[code] ?? code}`;
      reject(new Error(`listen ${transport}${where}`, { cause: error }));
    };
    const listening = (): void => {
      server.removeListener('error', failed);
      const bound = server.address() as AddressInfo;
      resolve(formatAddress(bound.address, bound.port));
    };
    server.once('error', failed);
    server.once('listening', listening);
    server.listen({ port, ...(address === undefined ? {} : { host: address }), ipv6Only: transport === 'tcp6' });
  });
}

function parseListen(endpoint: string, transport: Transport): Endpoint {
  try {
    return parseEndpoint(endpoint);
  } catch (error) {
    throw new Error(`listen ${transport}: ${(error as Error).message}`, { cause: error });
  }
}
