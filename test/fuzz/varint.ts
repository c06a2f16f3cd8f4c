/** A number as a base-128 varint, padded with that many bytes of zero bits. */
export function varint(value: number, padding = 0): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest % 128);
    if (rest < 128) break;
  }
  for (let i = 0; i < padding; i++) bytes.push(0);
  return Buffer.from(bytes.map((c, i) => (i < bytes.length - 1 ? c | 128 : c)));
}
