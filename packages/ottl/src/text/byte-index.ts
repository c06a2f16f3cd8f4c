/** The byte of a text in UTF-8 where a part first is; -1 when nowhere. */
export function byteIndexOf(text: string, part: string): number {
  const index = text.indexOf(part);
  return index <= 0 ? index : Buffer.byteLength(text.slice(0, index));
}

/** As many characters from the start as have at most so many bytes in UTF-8; with `whole` false the cut-off character is U+FFFD. */
export function firstBytes(text: string, maxBytes: number, whole: boolean): string {
  // A unit of UTF-16 has one to three bytes.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  if (whole) while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
