import type { Random } from './random.ts';
import { varint } from './varint.ts';

/** Changes of single bytes and pieces, which mostly break the structure. */
export function mutateBytes(bytes: Buffer, donor: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const before = bytes.subarray(0, at);
  const after = bytes.subarray(at);
  const piece = donor.subarray(random.below(donor.length + 1)).subarray(0, random.below(64));
  switch (random.below(7)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      for (let i = 1 + random.below(3); i > 0 && flipped.length > 0; i--) flipped[random.below(flipped.length)]! ^= 1 << random.below(8);
      return flipped;
    }
    case 1:
      return before;
    case 2:
      return Buffer.concat([before, after.subarray(1 + random.below(8))]);
    case 3:
      return Buffer.concat([before, random.bytes(1 + random.below(4)), after.subarray(random.below(4))]);
    case 4:
      return Buffer.concat([before, piece, after]);
    case 5:
      return Buffer.concat([
        before,
        varint(random.pick([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 35, 2 ** 52]), random.below(3)),
        after.subarray(1),
      ]);
    default:
      return Buffer.concat([before, after.subarray(0, 1 + random.below(32)), after]);
  }
}
