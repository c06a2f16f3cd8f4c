import { isUtf8 } from 'node:buffer';

/** Up to this length a loop tells ASCII faster than a call. */
const shortBytes = 64;

/** The bytes of a text that is not UTF-8, with U+FFFD for what is none; undefined when it is. */
export function replaced(bytes: Buffer, start: number, end: number): Buffer | undefined {
  if (end - start <= shortBytes) {
    let p = start;
    while (p < end && bytes[p]! < 0x80) p++;
    if (p === end) return undefined;
  }
  return isUtf8(bytes.subarray(start, end)) ? undefined : Buffer.from(bytes.utf8Slice(start, end));
}
