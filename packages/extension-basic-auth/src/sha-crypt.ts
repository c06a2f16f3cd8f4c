import { createHash } from 'node:crypto';

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Bytes of the digest in the order in which the text form takes them, three at a time; a rest is padded with zeros in front. */
const orders = {
  sha256: [0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28, 8, 9, 19, 29, -1, 31, 30],
  sha512: [
    0, 21, 42, 22, 43, 1, 44, 2, 23, 3, 24, 45, 25, 46, 4, 47, 5, 26, 6, 27, 48, 28, 49, 7, 50, 8, 29, 9, 30, 51, 31, 52, 10, 53, 11, 32,
    12, 33, 54, 34, 55, 13, 56, 14, 35, 15, 36, 57, 37, 58, 16, 59, 17, 38, 18, 39, 60, 40, 61, 19, 62, 20, 41, -1, -1, 63,
  ],
} as const;

/** SHA-crypt (Drepper, "Unix crypt using SHA-256 and SHA-512"): the characters behind the salt's `$`. */
export function shaCrypt(password: string, hash: 'sha256' | 'sha512', salt: string, rounds: number): string {
  const secret = Buffer.from(password);
  const digest = (...parts: readonly (Buffer | string)[]): Buffer => {
    const state = createHash(hash);
    for (const part of parts) state.update(part);
    return state.digest();
  };
  const inner = digest(secret, salt, secret);
  const first: (Buffer | string)[] = [secret, salt, repeated(inner, secret.length)];
  for (let bits = secret.length; bits > 0; bits >>>= 1) first.push((bits & 1) === 1 ? inner : secret);
  let state = digest(...first);
  const secrets = repeated(digest(...Array.from({ length: secret.length }, () => secret)), secret.length);
  const salts = repeated(digest(...Array.from({ length: 16 + state[0]! }, () => salt)), Buffer.byteLength(salt));
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1;
    state = digest(odd ? secrets : state, round % 3 === 0 ? '' : salts, round % 7 === 0 ? '' : secrets, odd ? state : secrets);
  }
  const order = orders[hash];
  let text = '';
  for (let i = 0; i < order.length; i += 3) {
    const bytes = order.slice(i, i + 3);
    let value = 0;
    for (const at of bytes) value = (value << 8) | (at < 0 ? 0 : state[at]!);
    const characters = 4 - bytes.filter((at) => at < 0).length;
    for (let j = 0; j < characters; j++, value >>>= 6) text += alphabet[value & 63]!;
  }
  return text;
}

function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}
