import { copyAll } from './copy-bytes.ts';
import { type Batch, createBatch } from './batch.ts';
import type { BufferPool, Lease } from './buffer-pool.ts';
import type { Client } from './client.ts';
import { normalize } from './normalize.ts';
import type { Signal } from './signal.ts';
import { validate } from './validate.ts';

/**
 * The door: makes a batch of the request body in the range `[start, end)` of a lease, which it takes over. Behind it the bytes are trusted.
 * A well-formed body becomes the batch as it is; a legal but odd one (`validate` says which) is rewritten into a lease of its own.
 *
 * @throws WireError when the bytes are not a legal Export*ServiceRequest; the lease is released then.
 */
export function admit(signal: Signal, lease: Lease, start: number, end: number, client: Client): Batch {
  try {
    const { items, odd } = validate(signal, lease.buffer, start, end);
    if (odd === undefined || signal === 'profiles') return createBatch(signal, lease, start, end, items, client);
    const usual = normalize(signal, odd, lease.buffer, start, end, lease.pool);
    lease.release();
    const count = odd === 'padded' ? items : validate(signal, usual.lease.buffer, 0, usual.sizeBytes).items;
    return createBatch(signal, usual.lease, 0, usual.sizeBytes, count, client);
  } catch (error) {
    lease.release();
    throw error;
  }
}

/**
 * `admit` for bytes that are not in a lease: copies them into one. For tests and for use as a library.
 *
 * @throws WireError as `admit` does.
 */
export function admitBytes(signal: Signal, bytes: Uint8Array, client: Client, pool: BufferPool): Batch {
  const lease = pool.lease(bytes.length);
  copyAll(lease.buffer, 0, bytes);
  return admit(signal, lease, 0, bytes.length, client);
}
