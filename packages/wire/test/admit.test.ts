import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { admit, noClient, WireError } from '@millrace/wire';
import { message } from './arbitrary.ts';
import { check } from './check.ts';
import { countItems, expectSame, meaning, request, signals, testPool, type TestSignal } from './meaning.ts';
import { encode, refusal } from './reference.ts';
import { pad, randomFrom, scramble } from './scramble.ts';

const pool = testPool();

interface Outcome {
  readonly bytes?: Buffer;
  readonly items?: number;
  readonly error?: WireError;
}

/** What admit makes of a body that lies in a larger buffer full of `around`. */
function admitInside(signal: TestSignal, body: Uint8Array, around: number): Outcome {
  const lease = pool.lease(body.length + 64);
  lease.buffer.fill(around, 0, body.length + 64);
  lease.buffer.set(body, 32);
  try {
    using batch = admit(signal, lease, 32, 32 + body.length, noClient);
    return { bytes: Buffer.from(batch.bytes), items: batch.items };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { error };
  }
}

describe.each(signals)('admit %s', (signal) => {
  it('takes what the reference encodes as it is and counts its items', () => {
    check(
      120,
      fc.property(message(request(signal)), (plain) => {
        const bytes = encode(signal, plain);
        const outcome = admitInside(signal, bytes, 0x80);
        expect(outcome.error).toBe(undefined);
        expect(bytes.equals(outcome.bytes!)).toBe(true);
        expect(outcome.items).toBe(countItems(signal, bytes));
      }),
    );
  });

  it('rewrites any other legal encoding without changing its meaning', () => {
    let rewritten = 0;
    check(
      120,
      fc.property(message(request(signal)), fc.integer(), (plain, seed) => {
        const bytes = encode(signal, plain);
        const scrambled = scramble(request(signal), bytes, randomFrom(seed));
        const { bytes: usual, items, error } = admitInside(signal, scrambled, 0x0a);
        expect(error).toBe(undefined);
        expectSame(meaning(signal, usual!), meaning(signal, scrambled));
        expectSame(meaning(signal, usual!, false), meaning(signal, bytes, false));
        expect(items).toBe(countItems(signal, bytes));
        expect(refusal(signal, usual!)).toBe(undefined);
        expectSame(admitInside(signal, usual!, 0xff), { bytes: usual, items });
        if (!scrambled.equals(usual!)) rewritten++;
      }),
    );
    expect(rewritten).toBeGreaterThan(50);
  });

  it('takes superfluous bytes away and leaves the rest as it is', () => {
    let shortened = 0;
    check(
      120,
      fc.property(message(request(signal)), fc.integer(), (plain, seed) => {
        const bytes = encode(signal, plain);
        const padded = pad(request(signal), bytes, randomFrom(seed));
        if (padded.length > bytes.length) shortened++;
        expectSame(admitInside(signal, padded, 0x0a), { bytes, items: countItems(signal, bytes) });
      }),
    );
    expect(shortened).toBeGreaterThan(50);
  });

  it('accepts mutated bytes exactly when the reference does, apart from the listed differences', () => {
    let refused = 0;
    let taken = 0;
    check(
      500,
      fc.property(message(request(signal)), fc.integer(), fc.boolean(), (plain, seed, scrambles) => {
        const random = randomFrom(seed);
        const encoded = encode(signal, plain);
        const mutant = mutate(scrambles ? scramble(request(signal), encoded, random) : encoded, random);
        const theirs = refusal(signal, mutant);
        const ours = admitInside(signal, mutant, 0x00);
        for (const around of [0x0a, 0xff]) {
          const other = admitInside(signal, mutant, around);
          expectSame(other.error?.message ?? other, ours.error?.message ?? ours);
        }
        if (ours.error !== undefined) {
          refused++;
          if (theirs === undefined) expect(ours.error.reason).toMatch(stricter);
          expect(ours.error.byteOffset).toBeGreaterThanOrEqual(0);
          expect(ours.error.byteOffset).toBeLessThanOrEqual(mutant.length);
        } else {
          taken++;
          if (theirs === undefined) expectSame(meaning(signal, ours.bytes!), meaning(signal, mutant));
          else expect(theirs).toMatch(narrower);
          expect(refusal(signal, ours.bytes!)).toBe(undefined);
        }
      }),
    );
    expect(Math.min(refused, taken)).toBeGreaterThan(50);
  });
});

/** The reasons for which admit refuses what the reference decodes: see "Strictness" in the README. */
const stricter = /is not the one of this field|^id of|nested deeper/;

/** The reasons for which the reference refuses what admit accepts: it reads no tag and no length of more than 5 bytes. */
const narrower = /^invalid (tag|length) encoding$/;

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
