import { type Field, itemMessages, messages, requestMessage } from './schema.ts';
import type { Signal } from './signal.ts';

/**
 * `schema.ts` compiled into integers, one row of 256 entries a message, indexed by `message << 8 | tag` for the fields 1 to 31.
 * An entry is `kind | once << 4 | child << 9 | flags`. Inside this package only.
 */
export const table: Int32Array<ArrayBuffer> = new Int32Array((messages.size + 1) << 8);

/** Bits 0 to 3 of an entry: how the field is read. `mismatch` is a known field with a wire type that is not its own. */
export const kinds = {
  unknown: 0,
  varint: 1,
  fixed64: 2,
  fixed32: 3,
  bytes: 4,
  message: 5,
  packedFixed64: 6,
  packedVarint: 7,
  traceId: 8,
  spanId: 9,
  mismatch: 15,
} as const;

/** Bits 4 to 8: fields with the same number here, not 0, occur once together (a singular field, the members of a oneof, a packed field). */
export const onceOf = (entry: number): number => (entry >> 4) & 31;
/** Bits 9 to 16: the row of a `message` field. */
export const childOf = (entry: number): number => (entry >> 9) & 255;

/**
 * The bits from 17 on. `item`: span, data point, log record. `child`: an item, or a message that holds items further down. `early` fields
 * precede all `late` fields of their message. `loose`: one element of a repeated number on its own, not packed. `member`: of a oneof.
 */
export const flags = {
  item: 1 << 17,
  child: 1 << 18,
  early: 1 << 19,
  late: 1 << 20,
  loose: 1 << 21,
  repeated: 1 << 22,
  member: 1 << 23,
} as const;

const names = [...messages.keys()];
const idOf = (message: string): number => names.indexOf(message);

/** The row of `AnyValue`, whose nesting is bounded. */
export const anyValue: number = idOf('AnyValue');
/** The row of `KeyValue`. */
export const keyValue: number = idOf('KeyValue');
/** The row of each signal's request. The one of profiles knows only field 1, as opaque bytes. */
export const requestRow: Readonly<Record<Signal, number>> = {
  traces: idOf(requestMessage.traces),
  metrics: idOf(requestMessage.metrics),
  logs: idOf(requestMessage.logs),
  profiles: names.length,
};

/** The fields of a row in the order of their numbers; those of profiles are opaque. */
export const rowFields: readonly (readonly Field[])[] = names.map((name) => messages.get(name)!.fields);

/** The name of a known field in the .proto file, or undefined. */
export function fieldName(row: number, tag: number): string | undefined {
  if (row === requestRow.profiles) return tag >> 3 === 1 ? 'resource_profiles' : undefined;
  return rowFields[row]!.find((field) => field.number === tag >> 3)?.name;
}

const holders = new Set<string>();
for (let before = -1; before !== holders.size;) {
  before = holders.size;
  for (const { name, fields } of messages.values())
    if (fields.some(({ message = '' }) => itemMessages.has(message) || holders.has(message))) holders.add(name);
}

const fixed64Types = new Set(['double', 'fixed64', 'sfixed64']);

function kindOf(field: Field): number {
  if (field.type === 'message') return kinds.message;
  if (field.type === 'id') return field.name.endsWith('trace_id') ? kinds.traceId : kinds.spanId;
  if (field.type === 'string' || field.type === 'bytes') return kinds.bytes;
  if (field.type === 'fixed32') return kinds.fixed32;
  return fixed64Types.has(field.type) ? kinds.fixed64 : kinds.varint;
}

/** The wire type of a kind. */
export const wireTypeOf = (kind: number): number =>
  kind === kinds.varint ? 0 : kind === kinds.fixed64 ? 1 : kind === kinds.fixed32 ? 5 : 2;

function compile(row: number, message: string): void {
  const { fields } = messages.get(message)!;
  const isChild = (field: Field): boolean => field.message !== undefined && (itemMessages.has(field.message) || holders.has(field.message));
  const isLate = (field: Field): boolean => isChild(field) || (message === 'KeyValue' && field.name === 'value');
  const firstLate = fields.find(isLate)?.number ?? 0;
  const oneofs = new Map<string, number>();
  let once = 0;
  for (const field of fields) {
    if (field.number > 31) throw new Error(`${message}.${field.name} does not fit into the table`);
    const kind = kindOf(field);
    const packs = field.repeated && (kind === kinds.fixed64 || kind === kinds.varint);
    let group = 0;
    if (field.oneof !== undefined) {
      group = oneofs.get(field.oneof) ?? ++once;
      oneofs.set(field.oneof, group);
    } else if (!field.repeated || packs) group = ++once;
    let entry = (group << 4) | ((field.message === undefined ? 0 : idOf(field.message)) << 9);
    if (itemMessages.has(field.message ?? '')) entry |= flags.item;
    if (isChild(field)) entry |= flags.child;
    if (isLate(field)) entry |= flags.late;
    if (!isLate(field) && field.number < firstLate) entry |= flags.early;
    if (field.repeated) entry |= flags.repeated;
    if (field.oneof !== undefined) entry |= flags.member;
    const first = (row << 8) | (field.number << 3);
    table.fill(kinds.mismatch, first, first + 8);
    if (packs) table[first | 2] = entry | (kind === kinds.fixed64 ? kinds.packedFixed64 : kinds.packedVarint);
    table[first | wireTypeOf(kind)] = packs ? entry | kind | flags.loose : entry | kind;
  }
  if (once > 30) throw new Error(`${message} has too many singular fields`);
}

names.forEach((name, row) => compile(row, name));
table.fill(kinds.mismatch, (names.length << 8) | 8, (names.length << 8) | 16);
table[(names.length << 8) | 10] = kinds.bytes | flags.item | flags.repeated;
