import { createBatch, noClient } from '@millrace/wire';
import type { Batch, BufferPool, Client, Signal } from '@millrace/wire';

/** Writes protobuf fields one after the other. */
class FieldWriter {
  #bytes: Buffer = Buffer.alloc(1024);
  #at = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  fixed64(number: number, value: bigint): void {
    this.#reserve(9);
    this.#bytes[this.#at] = number * 8 + 1;
    this.#bytes.writeBigUInt64LE(value, this.#at + 1);
    this.#at += 9;
  }

  text(number: number, value: string): void {
    this.message(number, () => {
      this.#reserve(value.length);
      this.#at += this.#bytes.write(value, this.#at, 'latin1');
    });
  }

  /** An id of so many bytes that ends with a number. */
  id(number: number, length: number, index: number): void {
    this.message(number, () => {
      this.#reserve(length);
      this.#bytes.fill(1, this.#at, this.#at + length);
      this.#at = this.#bytes.writeUInt32BE(index, this.#at + length - 4);
    });
  }

  /** A length-delimited field; the length is put in once the content is there. */
  message(number: number, content: () => void): void {
    this.#reserve(6);
    this.#bytes[this.#at++] = number * 8 + 2;
    const from = this.#at;
    content();
    const length = this.#at - from;
    let width = 1;
    for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) width++;
    this.#reserve(width);
    this.#bytes.copyWithin(from + width, from, this.#at);
    for (let i = 0, rest = length; i < width; i++, rest = Math.floor(rest / 128))
      this.#bytes[from + i] = (rest % 128) + (i < width - 1 ? 128 : 0);
    this.#at += width;
  }

  attribute(number: number, key: string, value: string): void {
    this.message(number, () => {
      this.text(1, key);
      this.message(2, () => this.text(1, value));
    });
  }

  #reserve(sizeBytes: number): void {
    if (this.#at + sizeBytes <= this.#bytes.length) return;
    const larger = Buffer.alloc(this.#bytes.length * 2 + sizeBytes);
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

const startNano = 1_790_000_000_000_000_000n;

/** The fields of one item, whose text `item-NNNNNNNN` is found again by `itemNames`. */
function item(out: FieldWriter, signal: Signal, index: number): void {
  const name = `item-${String(index).padStart(8, '0')}`;
  const time = startNano + BigInt(index) * 1_000_000n;
  switch (signal) {
    case 'traces':
      out.id(1, 16, index);
      out.id(2, 8, index);
      out.text(5, name);
      out.fixed64(7, time);
      out.fixed64(8, time + 5_000_000n);
      break;
    case 'logs':
      out.fixed64(1, time);
      out.message(5, () => out.text(1, name));
      break;
    case 'metrics':
      out.fixed64(3, time);
      out.fixed64(6, BigInt(index));
      out.attribute(7, 'name', name);
      break;
    case 'profiles':
      out.message(1, () => out.attribute(1, 'name', name));
  }
}

/**
 * An encoded Export*ServiceRequest with `items` items in one resource and scope (metrics: data points of one gauge; profiles: resource
 * entries). Items carry the texts `item-00000000` counting up from `first`, so that lost and doubled ones show.
 */
export function exampleRequest(signal: Signal, items: number, first = 0): Buffer {
  const out = new FieldWriter();
  const all = (field: number): void => {
    for (let i = 0; i < items; i++) out.message(field, () => item(out, signal, first + i));
  };
  if (signal === 'profiles') {
    all(1);
    return out.bytes;
  }
  out.message(1, () => {
    out.message(1, () => out.attribute(1, 'service.name', 'example'));
    out.message(2, () => {
      out.message(1, () => out.text(1, 'example'));
      if (signal !== 'metrics') {
        all(2);
        return;
      }
      out.message(2, () => {
        out.text(1, 'example.gauge');
        out.text(3, '1');
        out.message(5, () => all(1));
      });
    });
  });
  return out.bytes;
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
  return requests.flatMap(
    (request) =>
      Buffer.from(request)
        .toString('latin1')
        .match(/item-\d{8}/g) ?? [],
  );
}
