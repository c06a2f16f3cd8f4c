import { readFileSync } from 'node:fs';
import type { JSONWebKeySet } from 'jose';

const supported = new Set(['RSA', 'EC', 'OKP']);

/** Reads a JSON Web Key Set; keys that cannot check signatures are left out. Throws in the Collector's words. */
export function readKeys(file: string): JSONWebKeySet {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`could not read file: ${(error as Error).message}`, { cause: error });
  }
  return parseKeys(text);
}

/** The same from the text of such a file. */
export function parseKeys(text: string): JSONWebKeySet {
  let set: Partial<JSONWebKeySet> | null;
  try {
    set = JSON.parse(text) as Partial<JSONWebKeySet> | null;
  } catch (error) {
    throw new Error(`failed to parse JWKS: ${(error as Error).message}`, { cause: error });
  }
  const keys = Array.isArray(set?.keys) ? set.keys.filter((key) => supported.has(key?.kty ?? '')) : [];
  if (keys.length === 0) throw new Error('file contains no supported keys (supported types are RSA, ECDSA, and ED25519)');
  return { keys };
}
