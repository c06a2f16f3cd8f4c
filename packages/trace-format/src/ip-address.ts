import { isIPv4, isIPv6 } from 'node:net';

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

/** The 4 bytes of an IPv4 address or the 16 of an IPv6 address; `undefined` when the text is neither. */
export function parseIp(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  const tail = dotted !== null && isIPv4(dotted[2]!) ? Buffer.from(dotted[2]!.split('.').map(Number)) : undefined;
  const plain = tail === undefined ? text : `${dotted![1]}${tail.readUInt16BE(0).toString(16)}:${tail.readUInt16BE(2).toString(16)}`;
  const [head = '', rest] = plain.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = groups(rest ?? '');
  const bytes = Buffer.alloc(16);
  before.forEach((group, i) => bytes.writeUInt16BE(group, i * 2));
  after.forEach((group, i) => bytes.writeUInt16BE(group, 16 - (after.length - i) * 2));
  return bytes;
}

/** An address as text: IPv6 by RFC 5952, but IPv4 inside IPv6 as IPv4 (as Go's net.IP writes it); '' for any other length. */
export function formatIp(bytes: Uint8Array): string {
  const address = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (address.length === 4) return address.join('.');
  if (address.length !== 16) return '';
  if (address.subarray(0, 12).equals(mappedPrefix)) return address.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(i * 2));
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) {
      best = i;
      bestLength = length;
    }
  }
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  return best < 0 ? hex(groups) : `${hex(groups.slice(0, best))}::${hex(groups.slice(best + bestLength))}`;
}
