import type { Client } from '@millrace/wire';

/** The client of every request on one connection when metadata is not wanted. */
export function clientAt(remoteAddress: string | undefined): Client {
  return remoteAddress === undefined ? { metadata: noMetadata } : { metadata: noMetadata, address: plainAddress(remoteAddress) };
}

const noMetadata: ReadonlyMap<string, readonly string[]> = new Map();

/** The client of one request, with its headers: lower-case names, every value; pseudo headers are left out except that `:authority` is `host`. */
export function clientWithHeaders(connection: Client, rawHeaders: readonly string[]): Client {
  const metadata = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    let name = rawHeaders[i]!.toLowerCase();
    if (name === ':authority') name = 'host';
    else if (name.startsWith(':')) continue;
    const values = metadata.get(name);
    if (values === undefined) metadata.set(name, [rawHeaders[i + 1]!]);
    else values.push(rawHeaders[i + 1]!);
  }
  return { ...connection, metadata };
}

/** An IPv4 peer of a socket that listens on both versions looks like `::ffff:10.0.0.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
