import { readVarint, skipValue, skipVarint, varintSize } from '../varint.ts';

/** Where the field whose tag starts at `p` ends. */
export function skipField(b: Uint8Array, p: number): number {
  return skipValue(b, skipVarint(b, p), b[p] & 7);
}

/** Where the value of the first field with this tag (number << 3 | wire type) starts in `[p, end)`: at its length when it has one; -1 when there is none. */
export function findField(b: Uint8Array, p: number, end: number, tag: number): number {
  while (p < end) {
    if (b[p] === (tag & 0x7f) + (tag > 0x7f ? 0x80 : 0) && readVarint(b, p) === tag) return p + varintSize(tag);
    p = skipField(b, p);
  }
  return -1;
}
