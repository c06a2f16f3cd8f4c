import type { Batch, BufferPool, Signal } from '@millrace/api';
import { createBatch, noClient } from '@millrace/api';
import { ByteWriter, key, walk } from '@millrace/wire';
import type { Key } from '@millrace/wire';

/** A batch that carries state has no items and one resource, with these attributes. */
const stateKey = key('millrace.aggregate.state');
const partKey = key('millrace.aggregate.part');
const lastKey = key('millrace.aggregate.last');
/** How many parts there are: of states of the first version. */
const partsKey = key('millrace.aggregate.parts');

/** A batch that carries one part of a state: what was written to `state`. The caller's. */
export function partBatch(signal: Signal, pool: BufferPool, state: ByteWriter, index: number, isLast: boolean): Batch {
  const small = new ByteWriter();
  writeAttribute(small, partKey, () => (small.byte(0x18), small.varint(index)));
  writeAttribute(small, lastKey, () => (small.byte(0x10), small.byte(isLast ? 1 : 0)));
  // Lengths first, so that nothing is moved: a part is large.
  const valueBytes = fieldBytes(state.position);
  const attributeBytes = fieldBytes(stateKey.bytes.length) + fieldBytes(valueBytes);
  const resourceBytes = small.position + fieldBytes(attributeBytes);
  const groupBytes = fieldBytes(resourceBytes);
  const writer = new ByteWriter(pool.lease(fieldBytes(groupBytes)));
  const begin = (tag: number, length: number): void => (writer.byte(tag), writer.varint(length));
  begin(0x0a, groupBytes);
  begin(0x0a, resourceBytes);
  writer.bytes(small.buffer.subarray(0, small.position));
  begin(0x0a, attributeBytes);
  begin(0x0a, stateKey.bytes.length);
  writer.bytes(stateKey.bytes);
  begin(0x12, valueBytes);
  begin(0x3a, state.position);
  writer.copy(state.buffer, state.view, 0, state.position);
  return createBatch(signal, writer.lease!, 0, writer.position, 0, noClient);
}

/** Bytes of a field with a tag of one byte and so many bytes in it. */
function fieldBytes(length: number): number {
  return 1 + Math.ceil((32 - Math.clz32(length | 1)) / 7) + length;
}

function writeAttribute(to: ByteWriter, name: Key, writeValue: () => void): void {
  const at = to.begin(0x0a);
  const nameAt = to.begin(0x0a);
  to.bytes(name.bytes);
  to.end(nameAt);
  const valueAt = to.begin(0x12);
  writeValue();
  to.end(valueAt);
  to.end(at);
}

/** A part of a state. */
export interface StatePart {
  readonly index: number;
  readonly isLast: boolean;
  /** As long as the batch is held. */
  readonly bytes: Buffer;
}

/** The part of a state that a batch carries; undefined for a batch of items. */
export function partOf(batch: Batch): StatePart | undefined {
  // What comes from outside and has no items is not kept: nobody can send a state.
  if (batch.items > 0) return undefined;
  let part: StatePart | undefined;
  const look = walk(
    [
      {
        onResource: ({ attributes }) => {
          const slot = attributes.find(stateKey);
          if (slot < 0) return 'skip';
          const { buffer, start, end } = attributes.rangeAt(slot);
          const index = attributes.number(partKey) ?? 0;
          part = {
            bytes: buffer.subarray(start, end),
            index,
            isLast: attributes.boolean(lastKey) ?? attributes.number(partsKey) === index + 1,
          };
          return 'skip';
        },
      },
    ],
    () => {},
  );
  look.run(batch);
  return part;
}
