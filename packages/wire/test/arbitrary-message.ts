import * as fc from 'fast-check';
import { type } from './reference.ts';
import type { PlainMessage, ReferenceField } from './reference.ts';

/** Any text: ASCII, control characters, astral characters, quotes. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\u0000', '\u001f', '\u007f', '/', '\u2028', '😀', 'é'), maxLength: 8 }),
  },
  { weight: 1, arbitrary: fc.string({ minLength: 120, maxLength: 140 }) },
);

function scalar(field: ReferenceField): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'double':
      return fc.oneof(
        fc.double(),
        fc.integer(),
        fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 5e-324, 1.7976931348623157e308, 1e21, 0.1),
      );
    case 'fixed64':
    case 'uint64':
      return fc.oneof(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.constantFrom(0n, 2n ** 53n + 1n, 2n ** 64n - 1n, 10n ** 9n, 10n ** 15n, 1n << 32n),
      );
    case 'sfixed64':
    case 'int64':
      return fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.constantFrom(0n, -1n, -(2n ** 63n), 2n ** 63n - 1n, -(2n ** 53n) - 1n),
      );
    case 'fixed32':
    case 'uint32':
      return fc.integer({ min: 0, max: 2 ** 32 - 1 });
    case 'sint32':
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    case 'enum':
      return fc.oneof(fc.nat({ max: (field.values ?? []).length - 1 }), fc.constantFrom(-1, 2 ** 31 - 1, -(2 ** 31)));
    case 'bool':
      return fc.boolean();
    case 'string':
      return text;
    case 'bytes': {
      const size = /(?:^t|T)raceId$/.test(field.name) ? 16 : /(?:^s|S)panId$/.test(field.name) ? 8 : undefined;
      return size === undefined ? fc.uint8Array({ maxLength: 20 }) : fc.uint8Array({ minLength: size, maxLength: size });
    }
    default:
      throw new Error(`no values of type ${field.type}`);
  }
}

function build(name: string, depth: number, listLength: number): fc.Arbitrary<PlainMessage> {
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  const oneofs = new Map<string, fc.Arbitrary<PlainMessage>[]>();
  for (const field of type(name) ?? []) {
    if (field.message !== undefined && depth === 0) continue;
    const one = field.message === undefined ? scalar(field) : arbitraryMessage(field.message, depth - 1, listLength);
    const value = field.repeated ? fc.array(one, { minLength: 1, maxLength: listLength }) : one;
    if (field.oneof === undefined) members[field.name] = fc.option(value, { nil: undefined, freq: field.repeated ? 3 : 2 });
    else {
      const choices = oneofs.get(field.oneof) ?? [];
      choices.push(value.map((set) => ({ [field.name]: set })));
      oneofs.set(field.oneof, choices);
    }
  }
  const chosen = [...oneofs.values()].map((choices) => fc.option(fc.oneof(...choices), { nil: {} as PlainMessage, freq: 8 }));
  return fc.tuple(fc.record(members), ...chosen).map((parts) => {
    const all = Object.assign({}, ...parts) as PlainMessage;
    // In the order of the field numbers, as encoders write.
    return Object.fromEntries(
      (type(name) ?? []).flatMap((field) => (all[field.name] === undefined ? [] : [[field.name, all[field.name]]])),
    );
  });
}

const known = new Map<string, fc.Arbitrary<PlainMessage>>();

/** Any message of the reference's schema (by its short name), nested at most `depth` messages deep, with lists of 1 to `listLength` elements or none. */
export function arbitraryMessage(name: string, depth = 11, listLength = 2): fc.Arbitrary<PlainMessage> {
  const id = `${name} ${depth} ${listLength}`;
  let found = known.get(id);
  if (found === undefined) known.set(id, (found = build(name, depth, listLength)));
  return found;
}
