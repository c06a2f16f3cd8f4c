import { createHash } from 'node:crypto';

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Bytes of the digest in the order in which the text form takes them, three at a time. */
const order = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5];

/** MD5-based crypt, as FreeBSD's crypt(3) (`$1$`) and Apache (`$apr1$`) have it: `magic`, salt, `$` and 22 characters. */
export function md5Crypt(password: string, magic: string, salt: string): string {
  const secret = Buffer.from(password);
  const md5 = (...parts: (Buffer | string)[]): Buffer => {
    const hash = createHash('md5');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const inner = md5(secret, salt, secret);
  const first: (Buffer | string)[] = [secret, magic, salt];
  for (let left = secret.length; left > 0; left -= 16) first.push(inner.subarray(0, Math.min(left, 16)));
  for (let bits = secret.length; bits > 0; bits >>>= 1) first.push((bits & 1) === 1 ? Buffer.from([0]) : secret.subarray(0, 1));
  let digest = md5(...first);
  for (let round = 0; round < 1000; round++) {
    const odd = (round & 1) === 1;
    digest = md5(odd ? secret : digest, round % 3 === 0 ? '' : salt, round % 7 === 0 ? '' : secret, odd ? digest : secret);
  }
  let text = `${magic}${salt}$`;
  const write = (value: number, characters: number): void => {
    for (let i = 0, rest = value; i < characters; i++, rest >>>= 6) text += alphabet[rest & 63]!;
  };
  for (let i = 0; i < order.length; i += 3)
    write((digest[order[i]!]! << 16) | (digest[order[i + 1]!]! << 8) | digest[order[i + 2] ?? 5]!, 4);
  write(digest[11]!, 2);
  return text;
}
