import { encodeMessageJson } from '@millrace/wire';
import { logs, metrics, traces } from '../payloads.ts';
import { bomb, codings, damage, encode } from './codings.ts';
import { fuzzedSignals, requestNames } from './judge.ts';
import type { FuzzedSignal, Input } from './judge.ts';
import { mutateJson } from './mutate-json.ts';
import { mutateProtobuf } from './mutate-protobuf.ts';
import { Random } from './random.ts';

const payloads = { traces, metrics, logs };

/** The input that a seed and a number name: a mutant of a small realistic request. The same pair gives the same bytes. */
export function input(seed: number, number: number): Input {
  const plain = plainInput(seed, number);
  const random = new Random(Math.imul(seed, 0x85ebca6b) ^ number);
  if (random.once(2)) return plain;
  const coding = random.pick(codings);
  if (random.once(1000)) return { ...plain, coding, sent: bomb(coding) };
  // Concatenated requests are one request; as large as this, they are decompressed in another way.
  const large = plain.encoding === 'protobuf' && random.once(400);
  const times = large && plain.body.length > 0 ? Math.ceil(largeBytes / plain.body.length) : 1;
  const body = times > 1 ? Buffer.concat(Array.from({ length: times }, () => plain.body)) : plain.body;
  const sent = encode(coding, body);
  return { ...plain, body, coding, sent: random.once(2) ? damage(sent, random) : sent };
}

const largeBytes = 2.2 * 1024 * 1024;

/** The same, not compressed. */
export function plainInput(seed: number, number: number): Input {
  const random = new Random(Math.imul(seed, 0x9e3779b1) + number);
  const signal: FuzzedSignal = random.pick(fuzzedSignals);
  const request = (): Buffer => payloads[signal](1 + random.below(4), { seed: random.below(1000) });
  if (random.once(3)) {
    const text = (): string => encodeMessageJson(requestNames[signal], request());
    const body = mutateJson(text(), text(), random);
    return { signal, encoding: 'json', body, sent: body };
  }
  const body = mutateProtobuf(request(), request(), random);
  return { signal, encoding: 'protobuf', body, sent: body };
}
