import type { Plain } from '@millrace/wire';

const largestInt = 2n ** 63n - 1n;
const smallestInt = -(2n ** 63n);

/** The int, double or boolean that a text stands for when `parse` asks for it (integers beyond 64 bits are the nearest one), else the text. */
export function typedText(text: string, parse: boolean): Plain {
  if (!parse) return text;
  if (/^-?\d+$/.test(text)) {
    // Reading many digits exactly takes seconds; about how much they are is known at once.
    const about = Number(text);
    if (about >= 2 ** 64) return largestInt;
    if (about <= -(2 ** 64)) return smallestInt;
    const exact = BigInt(text);
    return exact > largestInt ? largestInt : exact < smallestInt ? smallestInt : exact;
  }
  if (/^-?\d+\.\d+$/.test(text)) return Number(text);
  if (text === 'true') return true;
  return text === 'false' ? false : text;
}
