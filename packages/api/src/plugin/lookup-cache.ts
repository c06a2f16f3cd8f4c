import type { Clock } from '../component.ts';

/** A result: its value, or that there is none. */
interface Entry<V> {
  readonly value: V | undefined;
  readonly expiresMs: number;
}

/** Remembers so many results for so long; the oldest goes first. */
export class LookupCache<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #maxEntries: number;
  readonly #ttlMs: number;
  readonly #clock: Clock;

  constructor(maxEntries: number, ttlMs: number, clock: Clock) {
    this.#maxEntries = maxEntries;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  /** `undefined` when nothing is remembered. */
  get(key: string): { readonly value: V | undefined } | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresMs > this.#clock.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: V | undefined): void {
    this.#entries.delete(key);
    if (this.#maxEntries === 0) return;
    if (this.#entries.size >= this.#maxEntries) for (const oldest of this.#entries.keys()) return this.#replace(oldest, key, value);
    this.#entries.set(key, { value, expiresMs: this.#clock.now() + this.#ttlMs });
  }

  #replace(oldest: string, key: string, value: V | undefined): void {
    this.#entries.delete(oldest);
    this.#entries.set(key, { value, expiresMs: this.#clock.now() + this.#ttlMs });
  }
}
