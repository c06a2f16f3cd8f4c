/** Tags of `Metric`, `Sum`/`Gauge` and `NumberDataPoint`. */
const gaugeTag = (5 << 3) | 2;
const sumTag = (7 << 3) | 2;
const pointsTag = (1 << 3) | 2;
const startTag = (2 << 3) | 1;
const timeTag = (3 << 3) | 1;
const doubleTag = (4 << 3) | 1;
const intTag = (6 << 3) | 1;

/**
 * The encoded gauge metric of an encoded sum metric: each value divided by the seconds from start to time (0 without any), as a double. Everything else of the
 * metric and its points stays; temporality and monotonicity have no place in a gauge.
 */
export function rateOf(metric: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const field of fieldsOf(metric)) parts.push(field.tag === sumTag ? lengthDelimited(gaugeTag, gaugeOf(field.content)) : field.whole);
  return joined(parts);
}

function gaugeOf(sum: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { tag, content } of fieldsOf(sum)) if (tag === pointsTag) parts.push(lengthDelimited(pointsTag, rated(content)));
  return joined(parts);
}

function rated(point: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let start = 0n;
  let time = 0n;
  let value = 0;
  for (const { tag, content, whole } of fieldsOf(point)) {
    const view = new DataView(content.buffer, content.byteOffset);
    if (tag === doubleTag) value = view.getFloat64(0, true);
    else if (tag === intTag) value = Number(view.getBigInt64(0, true));
    else parts.push(whole);
    if (tag === startTag) start = view.getBigUint64(0, true);
    else if (tag === timeTag) time = view.getBigUint64(0, true);
  }
  const seconds = Number(BigInt.asIntN(64, time - start)) / 1e9;
  const rate = new Uint8Array(9);
  rate[0] = doubleTag;
  new DataView(rate.buffer).setFloat64(1, seconds > 0 ? value / seconds : 0, true);
  return joined([...parts, rate]);
}

interface FieldBytes {
  readonly tag: number;
  /** The value: the bytes of a length-delimited field without their length. */
  readonly content: Uint8Array;
  /** With the tag. */
  readonly whole: Uint8Array;
}

/** The fields of a well-formed message. */
function* fieldsOf(bytes: Uint8Array): Generator<FieldBytes> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const from = at;
    const tag = varint();
    let start = at;
    if ((tag & 7) === 0) varint();
    else if ((tag & 7) === 2) {
      const length = varint();
      start = at;
      at += length;
    } else at += (tag & 7) === 1 ? 8 : 4;
    yield { tag, content: bytes.subarray(start, at), whole: bytes.subarray(from, at) };
  }
}

function lengthDelimited(tag: number, content: Uint8Array): Uint8Array {
  const head = [tag];
  let rest = content.length;
  for (; rest > 127; rest = Math.floor(rest / 128)) head.push((rest & 127) | 128);
  head.push(rest);
  return joined([Uint8Array.from(head), content]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
