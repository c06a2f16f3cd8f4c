import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { admit, admitBytes, noClient, WireError } from '@millrace/wire';
import { logs, metrics, traces } from '../../../test/payloads.ts';
import { message } from './arbitrary.ts';
import { check } from './check.ts';
import { countItems, meaning, request, signals, testPool, type TestSignal } from './meaning.ts';
import { accepts, encode, refusal } from './reference.ts';
import { randomFrom, scramble } from './scramble.ts';

const pool = testPool();

/** The bytes of the batch that admit makes, and its items. */
function admitted(signal: TestSignal, bytes: Uint8Array): { bytes: Buffer; items: number } {
  using batch = admitBytes(signal, bytes, noClient, pool);
  return { bytes: Buffer.from(batch.bytes), items: batch.items };
}

/** A body in the middle of a larger buffer full of bytes that would continue any varint or message. */
function admittedInside(signal: TestSignal, bytes: Uint8Array, around: number): Buffer {
  const lease = pool.lease(bytes.length + 64);
  lease.buffer.fill(around);
  lease.buffer.set(bytes, 32);
  using batch = admit(signal, lease, 32, 32 + bytes.length, noClient);
  return Buffer.from(batch.bytes);
}

describe.each(signals)('admit %s', (signal) => {
  it('takes what the reference encodes as it is and counts its items', () => {
    check(
      150,
      fc.property(message(request(signal)), (plain) => {
        const bytes = encode(signal, plain);
        const batch = admitted(signal, bytes);
        expect(batch.bytes.equals(bytes)).toBe(true);
        expect(batch.items).toBe(countItems(signal, bytes));
      }),
    );
  });

  it('rewrites any other legal encoding without changing its meaning', () => {
    let rewritten = 0;
    check(
      250,
      fc.property(message(request(signal)), fc.integer(), (plain, seed) => {
        const bytes = encode(signal, plain);
        const scrambled = scramble(request(signal), bytes, randomFrom(seed));
        const batch = admitted(signal, scrambled);
        expect(meaning(signal, batch.bytes)).toEqual(meaning(signal, scrambled));
        expect(meaning(signal, batch.bytes, false)).toEqual(meaning(signal, bytes, false));
        expect(batch.items).toBe(countItems(signal, bytes));
        expect(accepts(signal, batch.bytes)).toBe(true);
        if (!batch.bytes.equals(scrambled)) rewritten++;
        expect(admitted(signal, batch.bytes)).toEqual(batch);
      }),
    );
    expect(rewritten).toBeGreaterThan(50);
  });

  it('accepts mutated bytes exactly when the reference does, apart from the listed differences', () => {
    let refused = 0;
    let taken = 0;
    check(
      1500,
      fc.property(message(request(signal)), fc.integer(), fc.boolean(), (plain, seed, scrambles) => {
        const random = randomFrom(seed);
        const encoded = encode(signal, plain);
        const mutant = mutate(scrambles ? scramble(request(signal), encoded, random) : encoded, random);
        const theirs = refusal(signal, mutant);
        let result: Buffer | undefined;
        try {
          result = admitted(signal, mutant).bytes;
          taken++;
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          refused++;
          expect(error.byteOffset).toBeGreaterThanOrEqual(0);
          expect(error.byteOffset).toBeLessThanOrEqual(mutant.length);
          if (theirs === undefined) expect(error.reason).toMatch(stricter);
          for (const around of [0x00, 0x0a, 0xff]) expect(() => admittedInside(signal, mutant, around)).toThrow(error.message);
        }
        if (result === undefined) return;
        if (theirs !== undefined) expect(theirs).toMatch(narrower);
        expect(meaning(signal, result)).toEqual(meaning(signal, mutant));
        for (const around of [0x00, 0x0a, 0xff]) expect(admittedInside(signal, mutant, around).equals(result)).toBe(true);
      }),
    );
    expect(Math.min(refused, taken)).toBeGreaterThan(100);
  });
});

/** The reasons for which admit refuses what the reference decodes: see "Strictness" in the README. */
const stricter = /is not the one of this field|^id of|nested deeper/;

/** The reasons for which the reference refuses what admit accepts: it reads no tag and no length of more than 5 bytes. */
const narrower = /invalid tag|xx/;

function mutate(bytes: Buffer, random: () => number): Buffer {
  let out = Buffer.from(bytes);
  for (let n = 1 + Math.floor(random() * 3); n > 0; n--) {
    const at = Math.floor(random() * out.length);
    const byte = [0, 1, 0x7f, 0x80, 0xff, Math.floor(random() * 256)][Math.floor(random() * 6)]!;
    const kind = random();
    if (kind < 0.4 && out.length > 0) out[at] = byte;
    else if (kind < 0.6 && out.length > 0) out[at]! ^= 1 << Math.floor(random() * 8);
    else if (kind < 0.75) out = Buffer.concat([out.subarray(0, at), Buffer.of(byte), out.subarray(at)]);
    else if (kind < 0.9) out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1)]);
    else out = out.subarray(0, at);
  }
  return out;
}
