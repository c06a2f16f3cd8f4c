import { encodeMessageJson } from '@millrace/wire';
import { logs, metrics, traces } from '../payloads.ts';
import { fuzzedSignals, requestNames } from './judge.ts';
import type { FuzzedSignal, Input } from './judge.ts';
import { mutateJson } from './mutate-json.ts';
import { mutateProtobuf } from './mutate-protobuf.ts';
import { Random } from './random.ts';

const payloads = { traces, metrics, logs };

/** The input that a seed and a number name: a mutant of a small realistic request. The same pair gives the same bytes. */
export function input(seed: number, number: number): Input {
  const random = new Random(Math.imul(seed, 0x9e3779b1) + number);
  const signal: FuzzedSignal = random.pick(fuzzedSignals);
  const request = (): Buffer => payloads[signal](1 + random.below(4), { seed: random.below(1000) });
  if (random.once(3)) {
    const text = (): string => encodeMessageJson(requestNames[signal], request());
    return { signal, encoding: 'json', body: mutateJson(text(), text(), random) };
  }
  return { signal, encoding: 'protobuf', body: mutateProtobuf(request(), request(), random) };
}
