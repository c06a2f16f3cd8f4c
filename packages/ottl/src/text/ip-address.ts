import { isIPv6 } from 'node:net';

/** The 4 or 16 bytes of an address as Go's `net.ParseIP` reads it; IPv4 in IPv6 (`::ffff:1.2.3.4`) has 4. Undefined for anything else. */
export function parseIp(text: string): Uint8Array | undefined {
  const bytes = ipv4(text) ?? ipv6(text);
  return bytes === undefined ? undefined : unmapped(bytes);
}

/** A network. */
export interface Network {
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/** Reads `10.0.0.0/8`. Throws an Error of Go's words. */
export function parseCidr(text: string): Network {
  const [address, prefix] = text.split('/', 2) as [string, string | undefined];
  const bytes = ipv4(address) ?? ipv6(address);
  const bits = prefix !== undefined && /^\d{1,8}$/.test(prefix) ? Number(prefix) : Infinity;
  if (bytes === undefined || bits > bytes.length * 8 || text.split('/').length !== 2) throw new Error(`invalid CIDR address: ${text}`);
  const plain = unmapped(bytes);
  return { bytes: plain, prefixBits: plain.length === bytes.length ? bits : Math.max(0, bits - 96) };
}

/** Whether a network has an address. */
export function contains({ bytes, prefixBits }: Network, address: Uint8Array): boolean {
  if (address.length !== bytes.length) return false;
  for (let bit = 0; bit < prefixBits; bit += 8) {
    const mask = prefixBits - bit >= 8 ? 0xff : (0xff << (8 - (prefixBits - bit))) & 0xff;
    if (((address[bit >> 3]! ^ bytes[bit >> 3]!) & mask) !== 0) return false;
  }
  return true;
}

function ipv4(text: string): Uint8Array | undefined {
  if (!/^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  const numbers = text.split('.').map(Number);
  return numbers.some((number) => number > 255) ? undefined : Uint8Array.from(numbers);
}

function ipv6(text: string): Uint8Array | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const bytes = new Uint8Array(16);
  const [head, tail] = text.split('::') as [string, string | undefined];
  bytes.set(groups(head));
  if (tail !== undefined) {
    const last = groups(tail);
    bytes.set(last, 16 - last.length);
  }
  return bytes;
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    const dotted = ipv4(group);
    return dotted === undefined ? [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff] : [...dotted];
  });
}

function unmapped(bytes: Uint8Array): Uint8Array {
  const isMapped = bytes.length === 16 && bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.subarray(12) : bytes;
}
