import { holdsAt, steadyAround } from './price-entry.ts';
import type { PriceEntry } from './price-entry.ts';
import { extended, ratesOf } from './rates.ts';
import type { Rates } from './rates.ts';

interface Window {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly rates: Rates | undefined;
}

const maxWindows = 16;

/** What one model costs at any time, remembering the times that it was asked for. */
export class ModelPrices {
  readonly #entries: readonly PriceEntry[];
  readonly #rates = new Map<string, Rates>();
  #windows: Window[] = [];
  #last: Window = { fromMs: 0, untilMs: 0, rates: undefined };

  /** What wins comes first; without a complete entry there is no price. */
  constructor(entries: readonly PriceEntry[]) {
    this.#entries = entries;
  }

  /** The prices at a time; undefined when there are none. */
  at(unixMs: number): Rates | undefined {
    let window = this.#last;
    if (unixMs >= window.fromMs && unixMs < window.untilMs) return window.rates;
    window = this.#windows.find(({ fromMs, untilMs }) => unixMs >= fromMs && unixMs < untilMs) ?? this.#open(unixMs);
    this.#last = window;
    return window.rates;
  }

  /** Whether both are the same prices of the same model under two names. */
  sameAs(other: ModelPrices): boolean {
    const entries = this.#entries;
    return entries.length === other.#entries.length && entries.every((entry, index) => entry === other.#entries[index]);
  }

  #open(unixMs: number): Window {
    if (this.#windows.length >= maxWindows) this.#windows = [];
    const window = { ...steadyAround(this.#entries, unixMs), rates: this.#ratesAt(unixMs) };
    this.#windows.push(window);
    return window;
  }

  /** The first entry that stands for itself, with those before it on top. */
  #ratesAt(unixMs: number): Rates | undefined {
    const holding: number[] = [];
    for (const [index, entry] of this.#entries.entries()) {
      if (!holdsAt(entry, unixMs)) continue;
      holding.push(index);
      if (!entry.complete) continue;
      const key = holding.join();
      let rates = this.#rates.get(key);
      if (rates === undefined) {
        rates = ratesOf(holding.map((at) => this.#entries[at]!.prices).reduceRight((base, extra) => extended(base, extra)));
        this.#rates.set(key, rates);
      }
      return rates;
    }
    return undefined;
  }
}
