import { anyValue, childOf, fieldName, flags, keyValue, kinds, onceOf, requestRow, table } from './schema-table.ts';
import type { Signal } from './signal.ts';
import { WireError } from './wire-error.ts';

/** How deep `AnyValue`s may be nested: a value in an array in an attribute is at depth 2. */
export const maxValueDepth = 64;
/** How deep unknown groups may be nested. */
export const maxGroupDepth = 100;

/** What `validate` found out. */
export interface Validated {
  /** Spans, data points, log records; for profiles the entries of field 1. */
  readonly items: number;
  /** Legal, but not well formed, so `normalize` has to rewrite it: `padded` when nothing is wrong but superfluous varint bytes, else `misplaced`. */
  readonly odd: 'padded' | 'misplaced' | undefined;
}

/** Makes the one validator. All it works with is closed over, not module level: the engine then knows the constants (a third faster). */
function createValidator(): (buffer: Uint8Array, start: number, end: number, row: number) => Validated {
  const { unknown, varint, fixed64, bytes, message, packedFixed64, packedVarint, traceId, mismatch } = kinds;
  const { item, early, late, loose } = flags;
  const entries = table;
  const keyValueRow = keyValue;
  const anyValueRow = anyValue;
  const once = onceOf;
  const childRow = childOf;

  let padded = false;
  let misplaced = false;
  let items = 0;
  /** Where the varint that was read last ended. */
  let next = 0;
  let bodyStart = 0;
  /** `row << 8 | tag` of the field that is being read, per depth; tag 0 for a field that the schema does not know. */
  const path = new Int32Array(16 + 3 * maxValueDepth);
  const openGroups = new Int32Array(maxGroupDepth);
  /** One level down in `path` is 1; one `AnyValue` down is this much besides. */
  const valueLevel = 1 << 16;
  /** From this depth on no further `AnyValue` is allowed. */
  const deepest = maxValueDepth * valueLevel;
  /** In the set of the fields seen: one that must follow the early ones. */
  const lateSeen = 1 << 31;

  function fail(reason: string, at: number, depth: number): never {
    const names: string[] = [];
    for (let level = 0; level <= (depth & (valueLevel - 1)); level++) {
      const name = fieldName(path[level]! >> 8, path[level]! & 255);
      if (name !== undefined) names.push(name);
    }
    throw new WireError(reason, at - bodyStart, names.join('.'));
  }

  /** A varint of up to 10 bytes: exact below 2^53, larger values stay larger. Ends at `next`. */
  function readWide(buffer: Uint8Array, at: number, end: number, depth: number): number {
    let value = 0;
    let scale = 1;
    for (let p = at; p < at + 10; p++) {
      if (p >= end) fail('truncated varint', at, depth);
      const byte = buffer[p]!;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte > 127) continue;
      if (byte === 0 && p > at) padded = true;
      next = p + 1;
      return value;
    }
    return fail('varint longer than 10 bytes', at, depth);
  }

  /** The length at `at`, checked against the end of the message; its content starts at `next`. */
  function readLength(buffer: Uint8Array, at: number, end: number, depth: number): number {
    if (at >= end) fail('truncated length', at, depth);
    let length = buffer[at]!;
    next = at + 1;
    if (length > 127) {
      // Up to four bytes here, the rest, which hardly anyone sends, there.
      const last = Math.min(at + 3, end - 1);
      let byte = length;
      length &= 127;
      for (let shift = 7; byte > 127 && next <= last; shift += 7) {
        byte = buffer[next++]!;
        length |= (byte & 127) << shift;
      }
      if (byte > 127) length = readWide(buffer, at, end, depth);
      else if (byte === 0) padded = true;
      if (length >= 0x80000000) fail('length of 2 GiB or more', at, depth);
    }
    if (length > end - next) fail('length beyond the end of the message', at, depth);
    return length;
  }

  /** The end of the varint at `at`. */
  function skipVarint(buffer: Uint8Array, at: number, end: number, depth: number): number {
    for (let p = at; p < at + 10; p++) {
      if (p >= end) fail('truncated varint', at, depth);
      const byte = buffer[p]!;
      if (byte > 127) continue;
      if ((byte === 0 && p > at) || (byte > 1 && p === at + 9)) padded = true;
      return p + 1;
    }
    return fail('varint longer than 10 bytes', at, depth);
  }

  function skipFixed(size: number, at: number, end: number, depth: number): number {
    if (size > end - at) fail('truncated number', at, depth);
    return at + size;
  }

  /** The end of an unknown group whose content starts at `at`. It stays as it is, so nothing in it is odd. */
  function skipGroup(buffer: Uint8Array, at: number, end: number, field: number, depth: number): number {
    const wasPadded = padded;
    openGroups[0] = field;
    for (let open = 1; open > 0;) {
      const tagAt = at;
      if (at >= end) fail('unterminated group', at, depth);
      const tag = readWide(buffer, at, end, depth);
      at = next;
      const number = fieldNumber(tag, tagAt, depth);
      if (tag % 8 === 3) {
        if (open === maxGroupDepth) fail(`groups nested deeper than ${maxGroupDepth}`, tagAt, depth);
        openGroups[open++] = number;
      } else if (tag % 8 === 4) {
        if (openGroups[--open] !== number) fail(`group ends with the tag of field ${number}`, tagAt, depth);
      } else at = skipUnknown(buffer, at, end, tag, tagAt, depth);
    }
    padded = wasPadded;
    return at;
  }

  function fieldNumber(tag: number, at: number, depth: number): number {
    const number = Math.floor(tag / 8);
    if (number === 0) fail('field number 0', at, depth);
    if (number >= 2 ** 29) fail('field number of 2^29 or more', at, depth);
    return number;
  }

  /** The end of a field that the schema does not know; its value starts at `at`. */
  function skipUnknown(buffer: Uint8Array, at: number, end: number, tag: number, tagAt: number, depth: number): number {
    const number = fieldNumber(tag, tagAt, depth);
    switch (tag % 8) {
      case 0:
        return skipVarint(buffer, at, end, depth);
      case 1:
        return skipFixed(8, at, end, depth);
      case 2:
        // Twice `next`: the right operand is read after the call.
        return readLength(buffer, at, end, depth) + next;
      case 3:
        return skipGroup(buffer, at, end, number, depth);
      case 4:
        return fail(`end of group ${number} without its start`, tagAt, depth);
      case 5:
        return skipFixed(4, at, end, depth);
      default:
        return fail(`wire type ${tag % 8} does not exist`, tagAt, depth);
    }
  }

  /**
   * Whether `[at, end)` is a `KeyValue` of the commonest shape: a key below 128 bytes, then a value of one string below 126 bytes, bool, int or
   * double. Everything else goes the general way.
   */
  function isPlainAttribute(buffer: Uint8Array, at: number, end: number): boolean {
    if (end - at < 4 || buffer[at] !== 0x0a) return false;
    const keySize = buffer[at + 1]!;
    const value = at + keySize + 4;
    // `value` is where the AnyValue starts when the key and both tags and lengths take 4 bytes beside the key.
    if (keySize > 127 || value + 2 > end || buffer[value - 2] !== 0x12 || buffer[value - 1] !== end - value || end - value > 127)
      return false;
    const tag = buffer[value];
    if (tag === 0x0a) return buffer[value + 1] === end - value - 2;
    if (tag === 0x18) {
      let last = value + 1;
      while (last < end && buffer[last]! > 127) last++;
      return last === end - 1 && (last === value + 1 || (buffer[last] !== 0 && last < value + 10));
    }
    if (tag === 0x21) return end - value === 9;
    return tag === 0x10 && end - value === 2 && buffer[value + 1]! < 2;
  }

  /** What else the content `[at, end)` of a field must be. */
  function validateBytes(buffer: Uint8Array, at: number, end: number, kind: number, depth: number): void {
    const length = end - at;
    if (kind === packedVarint) {
      while (at < end) at = buffer[at]! < 128 ? at + 1 : skipVarint(buffer, at, end, depth);
    } else if (kind === packedFixed64) {
      if ((length & 7) !== 0) fail(`packed 64-bit numbers of ${length} bytes`, at, depth);
    } else {
      const size = kind === traceId ? 16 : 8;
      if (length !== size && length !== 0) fail(`id of ${length} bytes instead of ${size}`, at, depth);
    }
  }

  function validateMessage(buffer: Uint8Array, at: number, end: number, row: number, depth: number): void {
    const base = row << 8;
    const level = depth & (valueLevel - 1);
    let seen = 0;
    while (at < end) {
      const tagAt = at;
      let tag = buffer[at++]!;
      if (tag > 127) {
        // Fields 16 to 31: the two bytes of the tag are the first byte and 1, so the first byte equals the tag.
        if (at < end && buffer[at] === 1) at++;
        else {
          path[level] = base;
          tag = readWide(buffer, tagAt, end, depth);
          at = next;
        }
      }
      const entry = tag < 256 ? entries[base | tag]! : unknown;
      path[level] = tag < 256 ? base | tag : base;
      const kind = entry & 15;
      if (kind >= bytes) {
        if (kind === mismatch) fail(`wire type ${tag & 7} is not the one of this field`, tagAt, depth);
        let inner: number;
        if (at < end && buffer[at]! < 128) {
          inner = at + 1 + buffer[at]!;
          at++;
          if (inner > end) fail('length beyond the end of the message', at - 1, depth);
        } else {
          inner = readLength(buffer, at, end, depth);
          at = next;
          inner += at;
        }
        if (kind === message) {
          const child = childRow(entry);
          if (child === keyValueRow) {
            if (depth >= deepest || !isPlainAttribute(buffer, at, inner)) validateMessage(buffer, at, inner, keyValueRow, depth + 1);
          } else if (child === anyValueRow) {
            if (depth >= deepest) fail(`values nested deeper than ${maxValueDepth}`, tagAt, depth);
            validateMessage(buffer, at, inner, anyValueRow, depth + valueLevel + 1);
          } else validateMessage(buffer, at, inner, child, depth + 1);
        } else if (kind !== bytes) validateBytes(buffer, at, inner, kind, depth);
        at = inner;
      } else if (kind === varint) {
        if (at < end && buffer[at]! < 128) at++;
        else at = skipVarint(buffer, at, end, depth);
      } else if (kind !== unknown) {
        at += kind === fixed64 ? 8 : 4;
        if (at > end) fail('truncated number', tagAt, depth);
      } else {
        at = skipUnknown(buffer, at, end, tag, tagAt, depth);
        continue;
      }
      const bit = 1 << once(entry);
      if (bit !== 1) {
        if ((seen & bit) !== 0) misplaced = true;
        seen |= bit;
      }
      if (entry >= item) {
        if ((entry & item) !== 0) items++;
        if ((entry & late) !== 0) seen |= lateSeen;
        if ((entry & loose) !== 0 || ((entry & early) !== 0 && (seen & lateSeen) !== 0)) misplaced = true;
      }
    }
  }

  return (buffer, start, end, row) => {
    padded = false;
    misplaced = false;
    items = 0;
    bodyStart = start;
    validateMessage(buffer, start, end, row, 0);
    return { items, odd: misplaced ? 'misplaced' : padded ? 'padded' : undefined };
  };
}

const validateBody = createValidator();

/**
 * Checks every byte of the structure of a request body, the range `[start, end)` of a buffer, and counts its items. Reads nothing outside
 * the range, allocates nothing. Text is not checked for UTF-8.
 *
 * The top level of profiles is checked alike, what is below not at all; they are never odd.
 *
 * A body is *odd* when it is legal but not well formed. Well formed means, in every message that the schema knows:
 * - tags, lengths and varint values take the fewest bytes (not inside unknown groups, which stay as they are);
 * - a singular field occurs at most once, and of a oneof at most one member, once;
 * - repeated numbers are packed, in one piece;
 * - in the messages that hold items further down, the fields that describe all of them come first: `resource` before `scope_*`, `scope`
 *   before spans, metrics and records, `name`, `description` and `unit` before a metric's data. A later field number may come later:
 *   `schema_url`, `metadata`, `aggregation_temporality` and `is_monotonic` may stand on either side of the children;
 * - in a `KeyValue` the key, if there is one, comes before the value.
 * Fields are otherwise in any order, unknown fields anywhere, and messages may be empty. Every encoder that writes fields in the order of
 * their numbers, packs numbers (proto3's default) and uses the fewest bytes is well formed. The .NET SDK is the one known that is not: it
 * pads the lengths of messages to four bytes.
 *
 * @throws WireError for everything else: truncation, a field number 0 or of 2^29 and more, a known field with another wire type, a
 *   varint longer than 10 bytes, a length beyond its parent or of 2 GiB and more, a group that is not closed by its own end,
 *   `AnyValue`s nested deeper than `maxValueDepth`, groups nested deeper than `maxGroupDepth`, a trace id that has neither 16 nor 0 bytes, a span id that has neither 8 nor 0 bytes, packed
 *   64-bit numbers whose length is no multiple of 8.
 */
export function validate(signal: Signal, buffer: Uint8Array, start: number, end: number): Validated {
  if (!(start >= 0 && start <= end && end <= buffer.length)) throw new RangeError(`no range of the buffer: ${start} to ${end}`);
  const found = validateBody(buffer, start, end, requestRow[signal]);
  return signal === 'profiles' ? { items: found.items, odd: undefined } : found;
}
