import { type Client, noClient } from '@millrace/api';

const nothing: Buffer = Buffer.alloc(0);

/**
 * The metadata of a client as bytes: for each name its length (u16), its text, the number of its values (u16), and each value's length (u32)
 * and text. Empty when there is none. The address and what an authenticator found out are not kept.
 */
export function encodeClient({ metadata }: Client): Buffer {
  if (metadata.size === 0) return nothing;
  const pieces: Buffer[] = [];
  for (const [name, values] of metadata) {
    const text = Buffer.from(name);
    const head = Buffer.alloc(4);
    head.writeUInt16LE(text.length, 0);
    head.writeUInt16LE(values.length, 2);
    pieces.push(head.subarray(0, 2), text, head.subarray(2));
    for (const value of values) {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length, 0);
      pieces.push(length, bytes);
    }
  }
  return Buffer.concat(pieces);
}

/** The client that `encodeClient` wrote into `[start, end)`. */
export function decodeClient(bytes: Buffer, start: number, end: number): Client {
  if (start === end) return noClient;
  const metadata = new Map<string, readonly string[]>();
  let at = start;
  const text = (length: number): string => bytes.toString('utf8', at, (at += length));
  while (at < end) {
    const name = text(bytes.readUInt16LE((at += 2) - 2));
    const values: string[] = [];
    for (let count = bytes.readUInt16LE((at += 2) - 2); count > 0; count--) values.push(text(bytes.readUInt32LE((at += 4) - 4)));
    metadata.set(name, values);
  }
  return { metadata };
}
