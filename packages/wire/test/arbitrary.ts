import fc from 'fast-check';
import { type PlainMessage, type, type ReferenceField } from './reference.ts';

/** Arbitrary messages of the reference's schema, with unknown fields, empty messages and deep values. */

const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 8 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.string({ minLength: 120, maxLength: 140 }) },
);

const bytes = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: size, maxLength: size });

/** The content of a group of field `no`, its end included. */
function group(no: number, content: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return content.map((inner) => Buffer.concat([inner, varint(no * 8 + 4)]));
}

/** A varint of the fewest bytes. */
export function varint(value: number): Buffer {
  const out: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return Buffer.from([...out, value]);
}

const unknownNumber = fc.constantFrom(17, 31, 32, 100, 20_000, 2 ** 29 - 1);

/** What a message holds besides the fields of the schema, as protobuf-es keeps it. */
const unknowns = fc.array(
  unknownNumber.chain((no) =>
    fc.oneof(
      fc.record({ no: fc.constant(no), wireType: fc.constant(0), data: fc.nat().map(varint) }),
      fc.record({ no: fc.constant(no), wireType: fc.constant(1), data: bytes(8) }),
      fc.record({ no: fc.constant(no), wireType: fc.constant(5), data: bytes(4) }),
      fc.record({
        no: fc.constant(no),
        wireType: fc.constant(2),
        data: text.map((each) => Buffer.concat([varint(Buffer.byteLength(each)), Buffer.from(each)])),
      }),
      fc.record({
        no: fc.constant(no),
        wireType: fc.constant(3),
        data: group(
          no,
          fc.oneof(
            fc.constant(Buffer.alloc(0)),
            fc.nat().map((value) => Buffer.concat([varint(8), varint(value)])),
            group(5, fc.constant(Buffer.alloc(0))).map((inner) => Buffer.concat([varint(5 * 8 + 3), inner])),
          ),
        ),
      }),
    ),
  ),
  { minLength: 1, maxLength: 2 },
);

function scalar(field: ReferenceField): fc.Arbitrary<unknown> {
  if (field.name.endsWith('raceId')) return fc.oneof({ weight: 5, arbitrary: bytes(16) }, bytes(0));
  if (/[sS]panId$/.test(field.name)) return fc.oneof({ weight: 5, arbitrary: bytes(8) }, bytes(0));
  switch (field.type) {
    case 'string':
      return text;
    case 'bytes':
      return fc.uint8Array({ maxLength: 5 });
    case 'bool':
      return fc.boolean();
    case 'double':
      return fc.double();
    case 'enum':
      return fc.oneof({ weight: 9, arbitrary: fc.nat(26) }, fc.integer());
    case 'int64':
    case 'sfixed64':
      return fc.oneof(fc.bigInt(-200n, 200n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));
    case 'fixed64':
    case 'uint64':
      return fc.oneof(fc.bigInt(0n, 200n), fc.bigInt(0n, 2n ** 64n - 1n));
    case 'sint32':
      return fc.integer();
    default:
      return fc.oneof(fc.nat(200), fc.nat(2 ** 32 - 1));
  }
}

function reachable(name: string, found: Set<string> = new Set()): Set<string> {
  if (!found.has(name)) {
    found.add(name);
    for (const field of type(name)!) if (field.message !== undefined) reachable(field.message, found);
  }
  return found;
}

const values = fc.createDepthIdentifier();

function build(name: string, tie: (message: string) => fc.Arbitrary<PlainMessage>): fc.Arbitrary<PlainMessage> {
  const valueOf = (field: ReferenceField): fc.Arbitrary<unknown> => {
    const one = field.message === undefined ? scalar(field) : tie(field.message);
    return field.repeated ? fc.array(one, { maxLength: 3, ...(name === 'ArrayValue' && { depthIdentifier: values }) }) : one;
  };
  const fields = type(name)!;
  const plain = fields.filter((field) => field.oneof === undefined);
  const members = fields
    .filter((field) => field.oneof !== undefined)
    .map((field) => valueOf(field).map((value) => ({ [field.name]: value })));
  return fc
    .tuple(
      fc.record(Object.fromEntries(plain.map((field) => [field.name, valueOf(field)])), { requiredKeys: [] }),
      fc.oneof({ depthIdentifier: values, maxDepth: 6, depthSize: 'small', withCrossShrink: true }, fc.constant({}), ...members),
      fc.option(unknowns, { freq: 6, nil: undefined }),
    )
    .map(([known, member, $unknown]) => ({ ...known, ...member, ...($unknown !== undefined && { $unknown }) }));
}

/** An arbitrary message by its short name. */
export function message(name: string): fc.Arbitrary<PlainMessage> {
  const arbitraries = fc.letrec<Record<string, PlainMessage>>((tie) =>
    Object.fromEntries([...reachable(name)].map((each) => [each, build(each, tie)])),
  );
  return arbitraries[name]!;
}
