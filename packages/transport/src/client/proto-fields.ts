/** One field of a protobuf message: a number for varints, the bytes for everything with a length, `undefined` for fixed-size values. */
export interface ProtoField {
  readonly number: number;
  readonly value: number | Buffer | undefined;
}

/**
 * Reads the fields of a small message in order. Varints come as signed 64-bit values rounded to a double. Throws an `Error` when the
 * bytes are not protobuf.
 */
export function* protoFields(bytes: Buffer): Generator<ProtoField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) throw new Error('unexpected EOF');
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error('proto: integer overflow');
  };
  const take = (sizeBytes: number): Buffer => {
    if (sizeBytes > bytes.length - at) throw new Error('unexpected EOF');
    at += sizeBytes;
    return bytes.subarray(at - sizeBytes, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    if (number < 1 || number > 0x1fff_ffff) throw new Error(`proto: illegal tag ${number}`);
    switch (tag % 8) {
      case 0:
        yield { number, value: Number(BigInt.asIntN(64, varint())) };
        break;
      case 1:
        take(8);
        yield { number, value: undefined };
        break;
      case 2:
        yield { number, value: take(Number(varint())) };
        break;
      case 5:
        take(4);
        yield { number, value: undefined };
        break;
      default:
        throw new Error(`proto: illegal wireType ${tag % 8}`);
    }
  }
}
