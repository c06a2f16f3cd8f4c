/**
 * How many messages a well-formed request has at the end of a path of field numbers: `[1]` counts the resources, `[1, 2, 2]` the metrics of
 * a metrics request. Decodes nothing else.
 */
export function countMessages(bytes: Buffer, path: readonly number[], depth = 0, start = 0, end: number = bytes.length): number {
  let count = 0;
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < end) {
    const tag = varint();
    const type = tag % 8;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      if (tag === path[depth] * 8 + 2) {
        count += depth === path.length - 1 ? 1 : countMessages(bytes, path, depth + 1, at, at + length);
      }
      at += length;
    }
  }
  return count;
}
