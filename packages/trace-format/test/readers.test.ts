import {
  formatIp,
  parseIp,
  ProtoReader,
  ThriftBinaryReader,
  ThriftCompactReader,
  type ThriftReader,
  thriftType,
  valueJson,
  valueText,
} from '@millrace/trace-format';
import { WireError } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import {
  binary,
  binaryCall,
  bool,
  compact,
  compactCall,
  double,
  i16,
  i32,
  i64,
  list,
  string,
  struct,
  type ThriftValue,
} from './thrift-writer.ts';

const long = (value: bigint): unknown => (protobuf.util.Long as unknown as { fromString(text: string): unknown }).fromString(String(value));

const failure = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return (error as Error).message;
  }
  return '';
};

const writers: Readonly<Record<string, readonly [write: (value: ThriftValue) => Buffer, open: (bytes: Buffer) => ThriftReader]>> = {
  binary: [binary, (bytes) => new ThriftBinaryReader(bytes)],
  compact: [compact, (bytes) => new ThriftCompactReader(bytes)],
};

describe.each(Object.entries(writers))('Thrift’s %s protocol', (_name, [write, open]) => {
  it('gives every value back', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.double({ noNaN: true }),
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.boolean(), { maxLength: 20 }),
        (flag, short, int, whole, real, text, flags) => {
          const value = struct({
            1: bool(flag),
            20: i16(short),
            21: i32(int),
            4000: i64(whole),
            4001: double(real),
            4002: string(text),
            4003: list('bool', flags.map(bool)),
          });
          const reader = open(write(value));
          reader.beginStruct();
          const next = (): [number, number] => {
            expect(reader.next()).toBe(true);
            return [reader.field, reader.type];
          };
          expect([next(), reader.bool()]).toEqual([[1, thriftType.bool], flag]);
          expect([next(), reader.int16()]).toEqual([[20, thriftType.i16], short]);
          expect([next(), reader.int32()]).toEqual([[21, thriftType.i32], int]);
          expect([next(), reader.int64()]).toEqual([[4000, thriftType.i64], whole]);
          expect([next(), reader.double()]).toEqual([[4001, thriftType.double], real]);
          expect([next(), reader.string()]).toEqual([[4002, thriftType.string], text]);
          expect(next()).toEqual([4003, thriftType.list]);
          const size = reader.beginList();
          expect(Array.from({ length: size }, () => reader.bool())).toEqual(flags);
          expect(reader.next()).toBe(false);
          expect(reader.remaining).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('passes over every value', () => {
    const inner = struct({ 1: bool(true), 2: { type: 'byte', value: -1 }, 3: double(1), 4: i16(1), 5: i32(1), 6: i64(1n), 7: string('x') });
    const value = struct({
      1: inner,
      2: list('struct', [inner, inner]),
      3: { type: 'set', element: 'i64', values: [i64(1n)] },
      4: { type: 'map', entries: [[string('k'), inner]] },
      5: { type: 'map', entries: [] },
      6: list('bool', [bool(true), bool(false)]),
    });
    const reader = open(write(struct({ 1: value, 2: i32(7) })));
    reader.beginStruct();
    expect(reader.next()).toBe(true);
    expect(reader.fieldBit).toBe(2);
    reader.skip();
    expect(reader.next()).toBe(true);
    expect(reader.int32()).toBe(7);
    expect(reader.next()).toBe(false);
  });

  it('refuses what is nested too deep', () => {
    let value = struct({});
    for (let depth = 0; depth < 100; depth++) value = struct({ 1: value });
    const reader = open(write(value));
    expect(
      failure(() => {
        reader.beginStruct();
        while (reader.next()) reader.skip();
      }),
    ).toMatch(/^(structs|values) nested deeper than 64 at byte \d+$/);
    let lists: ThriftValue = list('bool', []);
    for (let depth = 0; depth < 100; depth++) lists = list('list', [lists]);
    const other = open(write(struct({ 1: lists })));
    other.beginStruct();
    other.next();
    expect(failure(() => other.skip())).toMatch(/^values nested deeper than 64 at byte \d+$/);
  });
});

describe('Thrift messages', () => {
  it.each([
    ['binary', new ThriftBinaryReader(binaryCall('ping', struct({})))],
    ['binary, old', new ThriftBinaryReader(binaryCall('ping', struct({}), false))],
    ['compact', new ThriftCompactReader(compactCall('ping', struct({})))],
  ])('%s', (_name, reader) => {
    expect(reader.beginMessage()).toEqual({ name: 'ping', kind: 4 });
    expect(reader.remaining).toBe(1);
  });

  it('refuse what is none, with the place', () => {
    expect(failure(() => new ThriftBinaryReader(Buffer.from('80020000', 'hex')).beginMessage())).toBe(
      'not a message of the binary protocol at byte 0',
    );
    expect(failure(() => new ThriftBinaryReader(Buffer.from('7fffffff', 'hex')).beginMessage())).toBe(
      'a size of 2147483647 with 0 bytes left at byte 0',
    );
    expect(failure(() => new ThriftCompactReader(Buffer.from('83', 'hex')).beginMessage())).toBe(
      'not a message of the compact protocol at byte 0',
    );
    expect(failure(() => new ThriftCompactReader(Buffer.from('1d', 'hex')).next())).toBe('illegal type 13 at byte 0');
  });
});

describe('Protobuf', () => {
  const type = protobuf
    .parse(`syntax = "proto3";
    message Inner { string text = 1; }
    message All { uint64 u = 1; int64 i = 2; int32 n = 3; bool b = 4; double d = 5; fixed64 f = 6; string s = 7; Inner inner = 8; bytes y = 9; fixed32 x = 100; }`)
    .root.lookupType('All');

  it('gives every value back', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.boolean(),
        fc.double({ noNaN: true }),
        fc.string({ unit: 'grapheme' }),
        (u, i, n, b, d, s) => {
          const Long = protobuf.util.Long as unknown as { fromString(text: string, unsigned: boolean): unknown };
          const unsigned = Long.fromString(String(u), true);
          const bytes = type
            .encode({ u: unsigned, i: long(i), n, b, d, f: unsigned, s, inner: { text: s }, y: Buffer.from(s), x: 1 })
            .finish();
          const reader = new ProtoReader(Buffer.from(bytes));
          const found: Record<number, unknown> = { 1: 0n, 2: 0n, 3: 0, 4: false, 5: 0, 6: 0n, 7: '' };
          while (reader.next()) {
            const { field } = reader;
            if (field === 1) found[1] = reader.uint64();
            else if (field === 2) found[2] = reader.int64();
            else if (field === 3) found[3] = reader.int32();
            else if (field === 4) found[4] = reader.bool();
            else if (field === 5) found[5] = reader.double();
            else if (field === 6) found[6] = reader.fixed64();
            else if (field === 7) found[7] = reader.string();
            else if (field === 8) {
              const outer = reader.enter();
              while (reader.next()) expect(reader.string()).toBe(s);
              reader.leave(outer);
            } else reader.skip();
          }
          expect(found).toEqual({ 1: u, 2: i, 3: n, 4: b, 5: d, 6: u, 7: s });
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    ['00', 'illegal field number at byte 0'],
    ['ffffffffffffffffffffff', 'a varint longer than 10 bytes at byte 0'],
    ['0f', 'illegal wire type 7 at byte 1'],
    ['0c', 'illegal wire type 4 at byte 1'],
    ['0b14', 'a group ends with the tag of another at byte 2'],
    ['0b', 'unexpected end of data at byte 1'],
    ['0aff', 'unexpected end of data at byte 2'],
    ['0a05', 'unexpected end of data at byte 2'],
    ['0b'.repeat(200), 'groups nested deeper than 100 at byte 101'],
  ])('%s is refused: %s', (hex, message) => {
    const reader = new ProtoReader(Buffer.from(hex, 'hex'));
    expect(
      failure(() => {
        while (reader.next()) reader.skip();
      }),
    ).toBe(message);
  });

  it('refuses a message beyond its parent', () => {
    const reader = new ProtoReader(Buffer.from('0a020a05', 'hex'));
    reader.next();
    reader.enter();
    reader.next();
    expect(failure(() => reader.enter())).toBe('unexpected end of data at byte 4');
  });
});

describe('IP addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['fe80::', 'fe80::'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ])('%s is written as %s', (text, written) => {
    expect(formatIp(parseIp(text)!)).toBe(written);
  });

  it.each(['', 'localhost', '1.2.3', '1.2.3.4.5', '01.2.3.4', ':::', '1::2::3', 'fe80::1%eth0'])('%s is none', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('of another length are none', () => {
    expect(formatIp(Buffer.alloc(5))).toBe('');
  });
});

describe('Values as text', () => {
  it.each([
    ['x', 'x', '"x"'],
    [5n, '5', '5'],
    [true, 'true', 'true'],
    [0.5, '0.5', '0.5'],
    [-0, '-0', '-0'],
    [1e21, '1e+21', '1e+21'],
    [Number.NaN, 'json: unsupported value: NaN', 'null'],
    [Number.NEGATIVE_INFINITY, 'json: unsupported value: -Inf', 'null'],
    [undefined, '', 'null'],
    [Uint8Array.of(1, 2), 'AQI=', '"AQI="'],
    [['a', 1n, [undefined]], '["a",1,[null]]', '["a",1,[null]]'],
    [{ b: 1n, a: { c: 'x' } }, '{"a":{"c":"x"},"b":1}', '{"a":{"c":"x"},"b":1}'],
  ])('%p is %s, in JSON %s', (value, text, json) => {
    expect([valueText(value), valueJson(value)]).toEqual([text, json]);
  });
});
