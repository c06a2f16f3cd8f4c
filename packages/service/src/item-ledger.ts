import type { ComponentKind, ItemLedger, Signal } from '@millrace/api';

/** The component instance whose books an entry keeps. */
export interface EntryOrigin {
  readonly kind: ComponentKind;
  readonly id: string;
  readonly signal?: Signal;
  readonly pipeline?: string;
}

/** What came to a receiver over one protocol: part of its entry's numbers. */
export interface TransportCount {
  in: number;
  refused: number;
}

/** The numbers of a `LedgerEntry`, which can be copied to another thread and added up. */
export type LedgerTotals = Readonly<Pick<LedgerEntry, 'name' | 'in' | 'out' | 'created' | 'absorbed' | 'held' | 'refused'>> & {
  readonly dropped: Readonly<Record<string, number>>;
  readonly transports: Readonly<Record<string, Readonly<TransportCount>>>;
};

/** One line of the books: a component instance, or a branch of a fan-out. All numbers are items. */
export class LedgerEntry implements ItemLedger {
  /** Such as `processor/batch pipeline=traces` or `branch receiver/otlp -> exporter/otlp`. */
  readonly name: string;
  /** Absent for what no component keeps: branches, pipelines. */
  readonly origin: EntryOrigin | undefined;
  /** By protocol, for receivers that tell them apart. */
  readonly transports = new Map<string, TransportCount>();
  /** Attributes of the item metrics' points, beside the component's id. */
  attributes: Readonly<Record<string, string>> = {};
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

  constructor(name: string, origin?: EntryOrigin) {
    this.name = name;
    this.origin = origin;
  }

  label(attributes: Readonly<Record<string, string>>): void {
    this.attributes = attributes;
  }

  /** The count of a protocol, opened when it is new. */
  transport(name: string): TransportCount {
    let count = this.transports.get(name);
    if (count === undefined) this.transports.set(name, (count = { in: 0, refused: 0 }));
    return count;
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

  /** A copy of the numbers. */
  get totals(): LedgerTotals {
    const { name, in: taken, out, created, absorbed, held, refused, dropped } = this;
    const transports = Object.fromEntries([...this.transports].map(([transport, count]) => [transport, { ...count }]));
    return { name, in: taken, created, out, absorbed, held, refused, dropped: { ...dropped }, transports };
  }

  /** Adds the numbers of another thread's entry. */
  add(totals: LedgerTotals): void {
    this.in += totals.in;
    this.out += totals.out;
    this.created += totals.created;
    this.absorbed += totals.absorbed;
    this.held += totals.held;
    this.refused += totals.refused;
    for (const [reason, items] of Object.entries(totals.dropped)) this.drop(items, reason);
    for (const [name, { in: taken, refused }] of Object.entries(totals.transports)) {
      const count = this.transport(name);
      count.in += taken;
      count.refused += refused;
    }
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

  open(name: string, origin?: EntryOrigin): LedgerEntry {
    const entry = new LedgerEntry(name, origin);
    this.#entries.push(entry);
    return entry;
  }

  /** Adds the books of another thread to the entries of the same names. */
  add(totals: readonly LedgerTotals[]): void {
    for (const one of totals) (this.#entries.find((entry) => entry.name === one.name) ?? this.open(one.name)).add(one);
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** The entries that do not balance; call it when no batch is on its way between two components. */
  imbalances(): readonly LedgerEntry[] {
    return this.#entries.filter((entry) => entry.balance !== 0);
  }
}
