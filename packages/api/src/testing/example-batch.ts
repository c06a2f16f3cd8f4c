import { createBatch, noClient } from '@millrace/wire';
import type { Batch, BufferPool, Client, Signal } from '@millrace/wire';

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function field(number: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = number * 8 + 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}

function attribute(number: number, key: string, value: string): Buffer {
  return field(number, text(1, key), field(2, text(1, value)));
}

function id(length: number, index: number): Buffer {
  const bytes = Buffer.alloc(length, 1);
  bytes.writeUInt32BE(index, length - 4);
  return bytes;
}

const startNano = 1_790_000_000_000_000_000n;

/** One item whose text `item-NNNNNNNN` is found again by `itemNames`. */
function item(signal: Signal, index: number): Buffer {
  const name = `item-${String(index).padStart(8, '0')}`;
  const time = startNano + BigInt(index) * 1_000_000n;
  switch (signal) {
    case 'traces':
      return field(2, field(1, id(16, index)), field(2, id(8, index)), text(5, name), fixed64(7, time), fixed64(8, time + 5_000_000n));
    case 'logs':
      return field(2, fixed64(1, time), field(5, text(1, name)));
    case 'metrics':
      return field(1, fixed64(3, time), fixed64(6, BigInt(index)), attribute(7, 'name', name));
    case 'profiles':
      return field(1, attribute(1, 'name', name));
  }
}

/**
 * An encoded Export*ServiceRequest with `items` items in one resource and scope (metrics: data points of one gauge; profiles: resource
 * entries). Items carry the texts `item-00000000` counting up from `first`, so that lost and doubled ones show.
 */
export function exampleRequest(signal: Signal, items: number, first = 0): Buffer {
  const parts = Array.from({ length: items }, (_, i) => item(signal, first + i));
  if (signal === 'profiles') return Buffer.concat(parts.map((part) => field(1, part)));
  const scoped = signal === 'metrics' ? [field(2, text(1, 'example.gauge'), text(3, '1'), field(5, ...parts))] : parts;
  const resource = field(1, attribute(1, 'service.name', 'example'));
  return field(1, resource, field(2, field(1, text(1, 'example')), ...scoped));
}

/** `exampleRequest` as a batch in a lease of the pool; the caller releases it. */
export function exampleBatch(pool: BufferPool, signal: Signal, items: number, first = 0, client: Client = noClient): Batch {
  const bytes = exampleRequest(signal, items, first);
  const lease = pool.lease(bytes.length);
  bytes.copy(lease.buffer);
  return createBatch(signal, lease, 0, bytes.length, items, client);
}

/** The texts of the items of `exampleRequest`s, in order of appearance. */
export function itemNames(requests: readonly Uint8Array[]): string[] {
  return requests.flatMap((request) => Buffer.from(request).toString('latin1').match(/item-\d{8}/g) ?? []);
}
