import { copyAll } from './copy-bytes.ts';
import { type Batch, createBatch } from './batch.ts';
import type { Client } from './client.ts';

/**
 * One batch with the items of all, in order: the bodies are copied one after the other into one lease. A single batch is not copied but held.
 * The given batches stay the caller's, as the result is.
 *
 * @throws Error for no batches, batches of several signals, or several batches of profiles (their items refer to one dictionary each).
 */
export function merge(batches: readonly Batch[], client: Client): Batch {
  const [first] = batches;
  if (first === undefined) throw new Error('merging no batches');
  if (batches.length === 1) return first.hold(client);
  if (first.signal === 'profiles') throw new Error('profiles cannot be merged');
  let size = 0;
  let items = 0;
  for (const batch of batches) {
    if (batch.signal !== first.signal) throw new Error(`merging ${first.signal} with ${batch.signal}`);
    size += batch.sizeBytes;
    items += batch.items;
  }
  const lease = first.pool.lease(size);
  let at = 0;
  try {
    for (const batch of batches) {
      copyAll(lease.buffer, at, batch.bytes);
      at += batch.sizeBytes;
    }
  } catch (error) {
    lease.release();
    throw error;
  }
  return createBatch(first.signal, lease, 0, size, items, client);
}
