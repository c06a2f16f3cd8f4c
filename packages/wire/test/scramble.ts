import { varint } from './arbitrary.ts';
import { type, type ReferenceField } from './reference.ts';

/** A source of numbers in [0, 1). */
export type Random = () => number;

/** Deterministic numbers from a seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** One field as it stands in a message: `raw` is what follows the tag (for wire type 2, the content without its length). */
interface Piece {
  readonly number: number;
  readonly wireType: number;
  readonly raw: Buffer;
}

function readVarint(bytes: Buffer, at: number): [value: number, end: number] {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at];
  }
}

function skip(bytes: Buffer, at: number, wireType: number): number {
  if (wireType === 0) return readVarint(bytes, at)[1];
  if (wireType === 1) return at + 8;
  if (wireType === 5) return at + 4;
  if (wireType === 2) {
    const [length, end] = readVarint(bytes, at);
    return end + length;
  }
  for (;;) {
    const [tag, end] = readVarint(bytes, at);
    if (tag % 8 === 4) return end;
    at = skip(bytes, end, tag % 8);
  }
}

function parse(bytes: Buffer): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, valueAt] = readVarint(bytes, at);
    at = skip(bytes, valueAt, tag % 8);
    const contentAt = tag % 8 === 2 ? readVarint(bytes, valueAt)[1] : valueAt;
    pieces.push({ number: Math.floor(tag / 8), wireType: tag % 8, raw: bytes.subarray(contentAt, at) });
  }
  return pieces;
}

/** A varint with superfluous bytes, at most `limit` in all. */
function padded(minimal: Buffer, random: Random, limit: number): Buffer {
  if (random() > 0.1 || minimal.length >= limit) return minimal;
  const size = minimal.length + 1 + Math.floor(random() * (limit - minimal.length));
  const out = Buffer.alloc(size, 0x80);
  for (let i = 0; i < minimal.length; i++) out[i] = minimal[i]! | 0x80;
  out[size - 1] = 0;
  return out;
}

function write(piece: Piece, random: Random): Buffer {
  const tag = padded(varint(piece.number * 8 + piece.wireType), random, 5);
  if (piece.wireType === 2) return Buffer.concat([tag, padded(varint(piece.raw.length), random, 5), piece.raw]);
  return Buffer.concat([tag, piece.wireType === 0 ? padded(piece.raw, random, 10) : piece.raw]);
}

const numeric = (field: ReferenceField): boolean => field.message === undefined && field.type !== 'string' && field.type !== 'bytes';

/** Some other legal value of a field, which a later one replaces. */
function stale(field: ReferenceField, random: Random): Piece {
  const size = field.name.endsWith('raceId') ? 16 : field.name.endsWith('panId') ? 8 : 3;
  if (field.message !== undefined || field.type === 'string' || field.type === 'bytes')
    return { number: field.number, wireType: 2, raw: field.message === undefined ? Buffer.alloc(size, 65) : Buffer.alloc(0) };
  if (field.type === 'double' || /fixed64/.test(field.type))
    return { number: field.number, wireType: 1, raw: Buffer.alloc(8, random() * 256) };
  if (field.type === 'fixed32') return { number: field.number, wireType: 5, raw: Buffer.alloc(4, random() * 256) };
  return { number: field.number, wireType: 0, raw: varint(Math.floor(random() * 3)) };
}

/** One repeated number in pieces: packed runs and single values. */
function unpack(field: ReferenceField, packed: Buffer, random: Random): Piece[] {
  const pieces: Piece[] = [];
  const isVarint = field.type === 'uint64';
  for (let at = 0; at < packed.length;) {
    const from = at;
    at = isVarint ? readVarint(packed, at)[1] : at + 8;
    if (random() < 0.5) {
      pieces.push({ number: field.number, wireType: isVarint ? 0 : 1, raw: packed.subarray(from, at) });
      continue;
    }
    while (at < packed.length && random() < 0.5) at = isVarint ? readVarint(packed, at)[1] : at + 8;
    pieces.push({ number: field.number, wireType: 2, raw: packed.subarray(from, at) });
  }
  return pieces;
}

/**
 * Another legal encoding of the same message: fields in another order, superfluous varint bytes, submessages in several pieces, repeated
 * numbers unpacked, values that later ones replace, unknown fields.
 */
export function scramble(messageName: string, bytes: Buffer, random: Random): Buffer {
  const fields = new Map(type(messageName)!.map((field) => [field.number, field]));
  // What must stay in order stays in one lane.
  const lanes = new Map<string, Piece[]>();
  const lane = (name: string): Piece[] => {
    let found = lanes.get(name);
    if (found === undefined) lanes.set(name, (found = []));
    return found;
  };
  for (const piece of parse(bytes)) {
    const field = fields.get(piece.number);
    if (field === undefined) {
      lane('unknown').push(piece);
      continue;
    }
    const to = lane(field.oneof ?? field.name);
    if (!field.repeated && random() < 0.1) {
      const others = [...fields.values()].filter((other) => field.oneof !== undefined && other.oneof === field.oneof && other !== field);
      const instead = others.length > 0 ? others[Math.floor(random() * others.length)]! : field;
      // An empty message first merges into the real one, and so changes nothing.
      to.push(stale(instead, random));
    }
    if (field.message !== undefined) {
      if (!field.repeated && random() < 0.2) {
        const parts = parse(piece.raw);
        const cut = Math.floor(random() * (parts.length + 1));
        for (const half of [parts.slice(0, cut), parts.slice(cut)]) {
          const raw = Buffer.concat(half.map((each) => write(each, () => 1)));
          to.push({ ...piece, raw: scramble(field.message, raw, random) });
        }
      } else to.push({ ...piece, raw: scramble(field.message, piece.raw, random) });
    } else if (field.repeated && numeric(field) && random() < 0.5) to.push(...unpack(field, piece.raw, random));
    else to.push(piece);
  }
  if (random() < 0.1) lane('unknown').push({ number: 99, wireType: 2, raw: Buffer.from('new') });
  const out: Buffer[] = [];
  const queues = [...lanes.values()].filter((each) => each.length > 0);
  const shuffles = random() < 0.5;
  while (queues.length > 0) {
    const index = shuffles ? Math.floor(random() * queues.length) : 0;
    out.push(write(queues[index]!.shift()!, random));
    if (queues[index]!.length === 0) queues.splice(index, 1);
  }
  return Buffer.concat(out);
}

/** The same fields in the same order with superfluous bytes in tags, lengths and varints at every depth. */
export function pad(messageName: string, bytes: Buffer, random: Random): Buffer {
  const fields = type(messageName)!;
  return Buffer.concat(
    parse(bytes).map((piece) => {
      const field = fields.find((each) => each.number === piece.number);
      if (field?.message !== undefined) return write({ ...piece, raw: pad(field.message, piece.raw, random) }, random);
      if (field?.type !== 'uint64') return write(piece, random);
      const elements: Buffer[] = [];
      for (let at = 0; at < piece.raw.length;) {
        const end = readVarint(piece.raw, at)[1];
        elements.push(padded(piece.raw.subarray(at, end), random, 10));
        at = end;
      }
      return write({ ...piece, raw: Buffer.concat(elements) }, random);
    }),
  );
}
