import { hash } from 'node:crypto';
import { converter, string } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { fnv1a } from '../hash/fnv1a.ts';
import { murmur3, murmur3Wide } from '../hash/murmur3.ts';
import { xxh128, xxh3 } from '../hash/xxh3.ts';
import type { Value } from '../value.ts';

function hasher(name: string, of: (text: string) => Value): FunctionDefinition {
  return converter(
    name,
    { target: string },
    ({ target }) =>
      (context) =>
        of(target(context)),
  );
}

function hex64(word: bigint): string {
  return word.toString(16).padStart(16, '0');
}

/** Hashes of the bytes of a text, as hexadecimal digits; FNV is an int. */
export const hashFunctions: readonly FunctionDefinition[] = [
  hasher('FNV', (text) => fnv1a(Buffer.from(text))),
  hasher('MD5', (text) => hash('md5', text)),
  hasher('SHA1', (text) => hash('sha1', text)),
  hasher('SHA256', (text) => hash('sha256', text)),
  hasher('SHA512', (text) => hash('sha512', text)),
  hasher('Murmur3Hash', (text) => murmur3(Buffer.from(text))),
  hasher('Murmur3Hash128', (text) => murmur3Wide(Buffer.from(text))),
  hasher('XXH3', (text) => hex64(xxh3(Buffer.from(text)))),
  hasher('XXH128', (text) => xxh128(Buffer.from(text)).map(hex64).join('')),
];
