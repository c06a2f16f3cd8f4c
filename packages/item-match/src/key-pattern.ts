import { Regex } from '@millrace/regex';
import type { ByteRange } from '@millrace/wire';

/** Verdicts that are remembered; keys of telemetry are few. */
const maxKeys = 1024;
/** Longer keys are not remembered. */
const maxKeyBytes = 128;

/** A regular expression for attribute keys that remembers its verdicts by the bytes of the key, so that a known key costs no string. */
export class KeyPattern {
  readonly #regex: Regex;
  /** Hashes are made unique by the bytes beside them. */
  readonly #verdicts = new Map<number, { readonly bytes: Buffer; readonly matches: boolean }>();

  /** Throws what `Regex` throws. */
  constructor(pattern: string) {
    this.#regex = new Regex(pattern);
  }

  matches({ buffer, start, end }: ByteRange): boolean {
    let hash = end - start;
    for (let p = start; p < end; p++) hash = (Math.imul(hash, 31) + buffer[p]) | 0;
    const known = this.#verdicts.get(hash);
    if (known !== undefined && isEqual(known.bytes, buffer, start, end)) return known.matches;
    const matches = this.#regex.test(buffer.utf8Slice(start, end));
    if (known === undefined && end - start <= maxKeyBytes && this.#verdicts.size < maxKeys)
      this.#verdicts.set(hash, { bytes: Buffer.from(buffer.subarray(start, end)), matches });
    return matches;
  }
}

function isEqual(bytes: Uint8Array, buffer: Uint8Array, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buffer[start + i]) return false;
  return true;
}
