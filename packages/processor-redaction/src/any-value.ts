import { skipField } from '@millrace/wire';
import { readVarint, varintEnd } from './varint.ts';

/** Numbers of the members of `AnyValue`; 0 for none. */
export const types = { empty: 0, string: 1, bool: 2, int: 3, double: 4, array: 5, kvlist: 6, bytes: 7 } as const;

/** Where the parts of a value are: its type, and the content of the member. */
export interface ValuePlace {
  type: number;
  /** Where the tag of the member is. */
  tag: number;
  start: number;
  end: number;
}

/** Reads an `AnyValue` in `[start, end)`. */
export function placeValue(b: Buffer, start: number, end: number, place: ValuePlace): void {
  place.type = 0;
  place.tag = place.start = place.end = end;
  for (let p = start; p < end;) {
    const next = skipField(b, p);
    const tag = b[p]!;
    if (tag >= 0x08 && tag <= 0x3f) {
      place.type = tag >> 3;
      place.tag = p;
      place.start = (tag & 7) === 2 ? varintEnd(b, p + 1) : p + 1;
      place.end = next;
    }
    p = next;
  }
}

/** Where the parts of a `KeyValue` are. */
export interface AttributePlace {
  keyStart: number;
  keyEnd: number;
  /** The tag of the value; -1 when there is none. */
  valueTag: number;
  valueStart: number;
  valueEnd: number;
}

/** Reads a `KeyValue` in `[start, end)`. */
export function placeAttribute(b: Buffer, start: number, end: number, place: AttributePlace): void {
  place.keyStart = place.keyEnd = start;
  place.valueTag = -1;
  place.valueStart = place.valueEnd = end;
  for (let p = start; p < end;) {
    const next = skipField(b, p);
    if (b[p] === 0x0a) {
      place.keyStart = varintEnd(b, p + 1);
      place.keyEnd = next;
    } else if (b[p] === 0x12) {
      place.valueTag = p;
      place.valueStart = varintEnd(b, p + 1);
      place.valueEnd = next;
    }
    p = next;
  }
}

function int64(b: Buffer, at: number): bigint {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = b[at++]!;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asIntN(64, value);
  }
}

/** A value as the Collector turns it into text: numbers in decimal, bytes in base64, lists and maps as JSON. */
export function textOf(b: Buffer, { type, start, end }: ValuePlace): string {
  switch (type) {
    case types.string:
      return b.utf8Slice(start, end);
    case types.bytes:
      return b.toString('base64', start, end);
    case types.array:
    case types.kvlist:
      return JSON.stringify(plainOf(b, { type, tag: start, start, end })).replace(/"\\u0000(-?\d+)"/g, '$1');
    case types.empty:
      return '';
    default:
      return scalarOf(b, type, start);
  }
}

function scalarOf(b: Buffer, type: number, start: number): string {
  if (type === types.bool) return readVarint(b, start) === 0 ? 'false' : 'true';
  if (type === types.int) return String(int64(b, start));
  return String(b.readDoubleLE(start));
}

/** An int in a text for `int64` range; JSON has no other way to keep it exact. */
const exact = (text: string): string => `\u0000${text}`;

function plainOf(b: Buffer, place: ValuePlace): unknown {
  const { type, start, end } = place;
  if (type === types.array || type === types.kvlist) {
    const list: unknown[] = [];
    const map: Record<string, unknown> = {};
    const inner: ValuePlace = { type: 0, tag: 0, start: 0, end: 0 };
    const attribute: AttributePlace = { keyStart: 0, keyEnd: 0, valueTag: 0, valueStart: 0, valueEnd: 0 };
    for (let p = start; p < end;) {
      const next = skipField(b, p);
      if (b[p] === 0x0a) {
        const content = varintEnd(b, p + 1);
        if (type === types.array) {
          placeValue(b, content, next, inner);
          list.push(plainOf(b, { ...inner }));
        } else {
          placeAttribute(b, content, next, attribute);
          placeValue(b, attribute.valueStart, attribute.valueEnd, inner);
          map[b.utf8Slice(attribute.keyStart, attribute.keyEnd)] = plainOf(b, { ...inner });
        }
      }
      p = next;
    }
    return type === types.array ? list : Object.fromEntries(Object.entries(map).toSorted(([a], [c]) => (a < c ? -1 : 1)));
  }
  if (type === types.empty) return null;
  if (type === types.bool) return readVarint(b, start) !== 0;
  if (type === types.int) return exact(String(int64(b, start)));
  if (type === types.double) return b.readDoubleLE(start);
  return textOf(b, place);
}
