import type { ItemLedger } from '@millrace/api';

/** One line of the books: a component instance, or a branch of a fan-out. All numbers are items. */
export class LedgerEntry implements ItemLedger {
  /** Such as `processor/batch pipeline=traces` or `branch receiver/otlp -> exporter/otlp`. */
  readonly name: string;
  /** Taken in. */
  in = 0;
  /** Passed on and taken by the next component. */
  out = 0;
  created = 0;
  absorbed = 0;
  held = 0;
  /** Offered and not taken: still the sender's, so not part of the balance. */
  refused = 0;
  readonly dropped: Record<string, number> = {};

  constructor(name: string) {
    this.name = name;
  }

  drop(items: number, reason: string): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + items;
  }

  create(items: number): void {
    this.created += items;
  }

  absorb(items: number): void {
    this.absorbed += items;
  }

  hold(items: number): void {
    this.held += items;
  }

  /** in + created - out - dropped - absorbed - held: zero whenever nothing is between two components. */
  get balance(): number {
    let dropped = 0;
    for (const items of Object.values(this.dropped)) dropped += items;
    return this.in + this.created - this.out - dropped - this.absorbed - this.held;
  }
}

/** The books of one service: every item that came in is somewhere (in + created = out + dropped + absorbed + held, for every entry). */
export class Ledger {
  readonly #entries: LedgerEntry[] = [];

  open(name: string): LedgerEntry {
    const entry = new LedgerEntry(name);
    this.#entries.push(entry);
    return entry;
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** The entries that do not balance; call it when no batch is on its way between two components. */
  imbalances(): readonly LedgerEntry[] {
    return this.#entries.filter((entry) => entry.balance !== 0);
  }
}
