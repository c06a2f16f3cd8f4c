/** A value of Thrift, for tests to write in either protocol. */
export type ThriftValue =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'i16' | 'i32' | 'byte'; readonly value: number }
  | { readonly type: 'i64'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'string'; readonly value: string | Uint8Array }
  | { readonly type: 'struct'; readonly fields: readonly (readonly [id: number, value: ThriftValue])[] }
  | { readonly type: 'list' | 'set'; readonly element: ThriftValue['type']; readonly values: readonly ThriftValue[] }
  | { readonly type: 'map'; readonly entries: readonly (readonly [ThriftValue, ThriftValue])[] };

export const bool = (value: boolean): ThriftValue => ({ type: 'bool', value });
export const i16 = (value: number): ThriftValue => ({ type: 'i16', value });
export const i32 = (value: number): ThriftValue => ({ type: 'i32', value });
export const i64 = (value: bigint): ThriftValue => ({ type: 'i64', value });
export const double = (value: number): ThriftValue => ({ type: 'double', value });
export const string = (value: string | Uint8Array): ThriftValue => ({ type: 'string', value });
export const list = (element: ThriftValue['type'], values: readonly ThriftValue[]): ThriftValue => ({ type: 'list', element, values });
/** A struct of fields by id; absent ones are left out. */
export const struct = (fields: Readonly<Record<number, ThriftValue | undefined>>): ThriftValue => ({
  type: 'struct',
  fields: Object.entries(fields).flatMap(([id, value]) => (value === undefined ? [] : [[Number(id), value] as const])),
});

const binaryTypes = { bool: 2, byte: 3, double: 4, i16: 6, i32: 8, i64: 10, string: 11, struct: 12, map: 13, set: 14, list: 15 } as const;
const compactTypes = { bool: 1, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, string: 8, list: 9, set: 10, map: 11, struct: 12 } as const;

function int(size: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, value));
  return bytes.subarray(8 - size);
}

/** In the binary protocol. */
export function binary(value: ThriftValue): Buffer {
  switch (value.type) {
    case 'bool':
      return Buffer.from([value.value ? 1 : 0]);
    case 'byte':
      return int(1, BigInt(value.value));
    case 'i16':
      return int(2, BigInt(value.value));
    case 'i32':
      return int(4, BigInt(value.value));
    case 'i64':
      return int(8, value.value);
    case 'double': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(value.value);
      return bytes;
    }
    case 'string': {
      const bytes = Buffer.from(value.value as string);
      return Buffer.concat([int(4, BigInt(bytes.length)), bytes]);
    }
    case 'struct':
      return Buffer.concat([
        ...value.fields.flatMap(([id, field]) => [Buffer.from([binaryTypes[field.type]]), int(2, BigInt(id)), binary(field)]),
        Buffer.from([0]),
      ]);
    case 'list':
    case 'set':
      return Buffer.concat([Buffer.from([binaryTypes[value.element]]), int(4, BigInt(value.values.length)), ...value.values.map(binary)]);
    default: {
      const [first] = value.entries;
      const types = first === undefined ? [0, 0] : [binaryTypes[first[0].type], binaryTypes[first[1].type]];
      return Buffer.concat([
        Buffer.from(types),
        int(4, BigInt(value.entries.length)),
        ...value.entries.flatMap(([key, one]) => [binary(key), binary(one)]),
      ]);
    }
  }
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

const zigzag = (value: bigint): Buffer => varint((value << 1n) ^ (value >> 63n));

/** In the compact protocol. */
export function compact(value: ThriftValue): Buffer {
  switch (value.type) {
    case 'bool':
      return Buffer.from([value.value ? 1 : 2]);
    case 'byte':
      return int(1, BigInt(value.value));
    case 'i16':
    case 'i32':
      return zigzag(BigInt(value.value));
    case 'i64':
      return zigzag(value.value);
    case 'double': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(value.value);
      return bytes;
    }
    case 'string': {
      const bytes = Buffer.from(value.value as string);
      return Buffer.concat([varint(BigInt(bytes.length)), bytes]);
    }
    case 'struct': {
      let last = 0;
      const parts = value.fields.flatMap(([id, field]) => {
        const isBool = field.type === 'bool';
        const type = isBool ? (field.value ? 1 : 2) : compactTypes[field.type];
        const delta = id - last;
        last = id;
        const head = delta > 0 && delta < 16 ? [Buffer.from([(delta << 4) | type])] : [Buffer.from([type]), zigzag(BigInt(id))];
        return isBool ? head : [...head, compact(field)];
      });
      return Buffer.concat([...parts, Buffer.from([0])]);
    }
    case 'list':
    case 'set': {
      const size = value.values.length;
      const type = compactTypes[value.element];
      const head = size < 15 ? [Buffer.from([(size << 4) | type])] : [Buffer.from([0xf0 | type]), varint(BigInt(size))];
      return Buffer.concat([...head, ...value.values.map(compact)]);
    }
    default: {
      const [first] = value.entries;
      if (first === undefined) return Buffer.from([0]);
      return Buffer.concat([
        varint(BigInt(value.entries.length)),
        Buffer.from([(compactTypes[first[0].type] << 4) | compactTypes[first[1].type]]),
        ...value.entries.flatMap(([key, one]) => [compact(key), compact(one)]),
      ]);
    }
  }
}

const oneway = 4;

/** A oneway call in the binary protocol, in its strict form or the old one. */
export function binaryCall(name: string, args: ThriftValue, strict = true): Buffer {
  const head = strict
    ? [Buffer.from([0x80, 0x01, 0, oneway]), binary(string(name)), int(4, 7n)]
    : [binary(string(name)), Buffer.from([oneway]), int(4, 7n)];
  return Buffer.concat([...head, binary(args)]);
}

/** A oneway call in the compact protocol. */
export function compactCall(name: string, args: ThriftValue): Buffer {
  return Buffer.concat([Buffer.from([0x82, 1 | (oneway << 5)]), varint(7n), compact(string(name)), compact(args)]);
}
