import type { Signal } from '@millrace/wire';

/** Field numbers from the request down to one item: the path that is followed through nested submessages. */
const paths: Partial<Record<Signal, readonly (readonly number[])[]>> = {
  traces: [[1], [2], [2]],
  logs: [[1], [2], [2]],
  // Metric.{gauge, sum, histogram, exponential_histogram, summary}, each with its points in field 1.
  metrics: [[1], [2], [2], [5, 7, 9, 10, 11], [1]],
};

let position = 0;

function varint(body: Uint8Array): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = body[position++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
}

function count(
  body: Uint8Array,
  start: number,
  end: number,
  path: readonly (readonly number[])[],
  depth: number,
  offsets?: number[],
): number {
  let items = 0;
  const wanted = path[depth]!;
  const last = depth === path.length - 1;
  position = start;
  while (position < end) {
    const tag = varint(body);
    const wireType = tag & 7;
    if (wireType === 0) varint(body);
    else if (wireType === 1) position += 8;
    else if (wireType === 5) position += 4;
    else if (wireType === 2) {
      const length = varint(body);
      const next = position + length;
      if (wanted.includes(tag >>> 3)) {
        if (last) offsets?.push(position);
        items += last ? 1 : count(body, position, next, path, depth + 1, offsets);
      }
      position = next;
    } else throw new Error(`unexpected wire type ${wireType} at byte ${position}`);
  }
  if (position !== end) throw new Error(`a submessage ends at byte ${position}, its parent at ${end}`);
  return items;
}

/** Counts spans, log records or data points in an OTLP request by skipping through its lengths. Throws when the lengths do not nest. */
export function countItems(signal: Signal, body: Uint8Array): number {
  const path = paths[signal];
  if (path === undefined) throw new Error(`cannot count ${signal}`);
  return count(body, 0, body.length, path, 0);
}

/** Where the items of an OTLP request begin, behind their tags and lengths. */
export function itemOffsets(signal: Signal, body: Uint8Array): number[] {
  const offsets: number[] = [];
  count(body, 0, body.length, paths[signal]!, 0, offsets);
  return offsets;
}
