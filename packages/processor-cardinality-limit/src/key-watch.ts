import { hintsOf, redactFields, redactText } from '@millrace/redaction';
import type { SeriesKey } from '@millrace/timeseries';
import type { AttributesView, Plain } from '@millrace/wire';

const registers = 256;
const maxKeys = 64;
const maxSamples = 3;
const maxSampleLength = 64;
/** Samples are costly to make: no more are looked at, though they may turn out to look the same. */
const maxAttempts = 16;

/** About how many distinct values a key had: HyperLogLog, 6.5 % off on average. */
class KeyValues {
  readonly samples = new Set<string>();
  attempts = 0;
  readonly #registers = new Uint8Array(registers);

  add(words: Int32Array): void {
    const register = words[0]! & (registers - 1);
    const rank = Math.clz32(words[1]!) + 1;
    if (rank > this.#registers[register]!) this.#registers[register] = rank;
  }

  get estimate(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const estimate = ((0.7213 / (1 + 1.079 / registers)) * registers * registers) / sum;
    return Math.round(estimate <= 2.5 * registers && empty > 0 ? registers * Math.log(registers / empty) : estimate);
  }
}

/** The key of a metric with most distinct values. */
export interface ExplodingKey {
  readonly key: string;
  /** About how many values it had. */
  readonly values: number;
  /** The first ones, redacted. */
  readonly samples: readonly string[];
}

/** What the attributes of a metric near its limit are made of, to say which of them explodes. Bounded: 64 keys. */
export class KeyWatch {
  readonly #identity: SeriesKey;
  readonly #keys = new Map<string, KeyValues>();

  constructor(identity: SeriesKey) {
    this.#identity = identity;
  }

  /** Bytes of memory, about. */
  get sizeBytes(): number {
    return this.#keys.size * (registers + 600);
  }

  /** Notes the attributes of a point. */
  add(attributes: AttributesView): void {
    for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
      const name = attributes.keyAt(slot);
      let values = this.#keys.get(name);
      if (values === undefined) {
        if (this.#keys.size >= maxKeys) continue;
        this.#keys.set(name, (values = new KeyValues()));
      }
      values.add(this.#identity.start().range(attributes.rangeAt(slot), 0).words);
      if (values.samples.size < maxSamples && values.attempts++ < maxAttempts)
        values.samples.add(sampleOf(name, attributes.valueAt(slot).toPlain()));
    }
  }

  /** The key with most values so far. */
  get worst(): ExplodingKey | undefined {
    let worst: ExplodingKey | undefined;
    for (const [key, found] of this.#keys) {
      const values = found.estimate;
      if (worst === undefined || values > worst.values) worst = { key, values, samples: [...found.samples] };
    }
    return worst;
  }
}

function sampleOf(key: string, value: Plain): string {
  const shown = redactFields({ [key]: value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value })[key];
  const text = redactText(
    typeof shown === 'object'
      ? JSON.stringify(shown, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner))
      : `${shown as Exclude<Plain, object>}`,
    hintsOf(key),
  );
  return text.length > maxSampleLength ? `${text.slice(0, maxSampleLength)}...` : text;
}
