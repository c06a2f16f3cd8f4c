/** Value of a hexadecimal digit, in either case; -1 for any other byte. */
export const hexDigit: Int8Array = Int8Array.from({ length: 256 }, (_, c) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(c).toLowerCase()),
);

const base64Digit = Int8Array.from({ length: 256 }, (_, c) => {
  if (c === 0x2d || c === 0x5f) return c === 0x2d ? 62 : 63;
  return 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(String.fromCharCode(c));
});

/** Decodes the hexadecimal text `[start, end)`; false when it is none. */
export function decodeHex(text: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  for (let p = start; p < end; p += 2) {
    const high = hexDigit[text[p]];
    const low = hexDigit[text[p + 1]];
    if ((high | low) < 0) return false;
    into[at++] = (high << 4) | low;
  }
  return true;
}

/** Bytes that the base64 text `[start, end)` stands for, with or without padding; -1 when no base64 has this length. */
export function base64Size(text: Uint8Array, start: number, end: number): number {
  const digits = digitsEnd(text, start, end) - start;
  const padded = digits !== end - start;
  if (digits % 4 === 1 || (padded && (end - start) % 4 !== 0)) return -1;
  return (digits * 3) >> 2;
}

/** Decodes the base64 text `[start, end)` in either alphabet (RFC 4648 sections 4 and 5); false when it is none. */
export function decodeBase64(text: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  const stop = digitsEnd(text, start, end);
  let bits = 0;
  let seen = 0;
  for (let p = start; p < stop; p++) {
    const digit = base64Digit[text[p]];
    seen |= digit;
    bits = (bits << 6) | digit;
    // Four digits hold three bytes: one is complete after the second, third and fourth.
    const phase = (p - start) & 3;
    if (phase !== 0) into[at++] = bits >> (6 - phase * 2);
  }
  return seen >= 0;
}

function digitsEnd(text: Uint8Array, start: number, end: number): number {
  let stop = end;
  while (stop > start && end - stop < 2 && text[stop - 1] === 0x3d) stop--;
  return stop;
}
