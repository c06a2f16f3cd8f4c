import { admit } from '../admit.ts';
import type { Batch } from '../batch.ts';
import type { Lease } from '../buffer-pool.ts';
import type { Client } from '../client.ts';
import { requestMessage } from '../schema.ts';
import type { Signal } from '../signal.ts';
import { WireError } from '../wire-error.ts';
import { jsonToProtobuf } from './json-to-protobuf.ts';

/**
 * Makes a batch of the OTLP/JSON request in the range `[start, end)` of a lease (see `jsonToProtobuf` for what is read). The lease is released in
 * every case; the batch has its own. Throws a `WireError` with the offset in the text. Profiles have no JSON form here.
 */
export function admitJson(signal: Signal, lease: Lease, start: number, end: number, client: Client): Batch {
  using text = lease;
  if (signal === 'profiles') throw new WireError('profiles are read as protobuf only', 0, '');
  const { lease: request, length } = jsonToProtobuf(requestMessage[signal], text.buffer, start, end, text.pool);
  return admit(signal, request, 0, length, client);
}
