import { historyHours, hourMs, Series, slackHours } from './series.ts';
import type { SeriesIdentity } from './series.ts';

const dayHours = 24;
/** A point that is so early in an hour begins it: the hour is not cut short. */
const promptMs = 60_000;

/** What a book is made of. */
export interface BookOptions {
  readonly latenessMs: number;
  readonly intervalMs: number;
  readonly maxSeries: number;
  readonly exactSeries: number;
  readonly expiryMs: number;
  /** Hours before `target` are about to be closed. */
  readonly onClose: (target: number) => void;
  /** Forecasts are due, from the beginning of hour `end` on; event time is `atMs`. */
  readonly onRound: (atMs: number, end: number) => void;
  /** Series without a point since the beginning of this hour were forgotten. */
  readonly onExpire: (before: number) => void;
}

/**
 * The hours of all series in event time. An hour is closed when the watermark, which is the largest time seen less the allowed lateness, has passed its end. Everything follows from the points and
 * their order alone.
 */
export class Book {
  readonly series: Map<string, Series> = new Map();
  /** The largest time seen. */
  maxMs = -Infinity;
  /** The first hour that is not closed. */
  openHour = -Infinity;
  /** When forecasts were due last. */
  roundMs = -Infinity;
  /** The first time seen. */
  sinceMs = -Infinity;
  /** How many hours can be open at once. */
  readonly openHours: number;
  readonly #options: BookOptions;
  /** Whether anything came in an open hour. */
  readonly #seen: Uint8Array;
  #ordinary = 0;
  #exact = 0;

  constructor(options: BookOptions) {
    this.#options = options;
    this.openHours = Math.floor(options.latenessMs / hourMs) + 2;
    this.#seen = new Uint8Array(this.openHours);
  }

  /** Hours before are closed, in milliseconds. */
  get watermarkMs(): number {
    return this.maxMs - this.#options.latenessMs;
  }

  get sizeBytes(): number {
    let bytes = 0;
    for (const series of this.series.values()) bytes += series.sizeBytes;
    return bytes;
  }

  /** Event time goes on. */
  advance(toMs: number): void {
    if (toMs <= this.maxMs) return;
    this.maxMs = toMs;
    const { intervalMs, onRound } = this.#options;
    const hour = Math.floor(this.watermarkMs / hourMs);
    const roundMs = Math.floor(this.watermarkMs / intervalMs) * intervalMs;
    if (this.openHour === -Infinity) {
      this.openHour = hour;
      this.roundMs = roundMs;
      this.sinceMs = toMs;
      return;
    }
    if (hour > this.openHour) this.#close(hour);
    if (roundMs <= this.roundMs) return;
    this.roundMs = roundMs;
    onRound(roundMs, Math.floor(roundMs / hourMs));
  }

  #close(target: number): void {
    this.#options.onClose(target);
    for (let hour = this.openHour; hour < target; hour++) {
      // Of a long gap, what is remembered is enough.
      if (hour >= this.openHour + this.openHours) hour = Math.max(hour, target - historyHours - slackHours);
      const slot = hour % this.openHours;
      const known = this.#seen[slot] === 1;
      this.#seen[slot] = 0;
      for (const series of this.series.values()) series.close(hour, known);
    }
    const isNewDay = Math.floor(target / dayHours) > Math.floor(this.openHour / dayHours);
    this.openHour = target;
    if (isNewDay) this.#expire(target - Math.ceil(this.#options.expiryMs / hourMs));
  }

  #expire(before: number): void {
    for (const [key, series] of this.series) if (series.lastHour < before && series.identity.budget < 0) this.#remove(key, series);
    this.#options.onExpire(before);
  }

  #remove(key: string, { isExact, identity }: Series): void {
    this.series.delete(key);
    if (identity.budget >= 0) return;
    this.#ordinary--;
    if (isExact) this.#exact--;
  }

  /** Notes that something came in an open hour. */
  see(hour: number): void {
    this.#seen[hour % this.openHours] = 1;
  }

  /** The series of an identity, which begins in an hour when it is new; undefined when there are too many. `wasExact`: of an earlier run. */
  open(identity: SeriesIdentity, hour: number, wasExact?: boolean): Series | undefined {
    let series = this.series.get(identity.key);
    if (series !== undefined) return series;
    const { maxSeries, exactSeries } = this.#options;
    const isBudget = identity.budget >= 0;
    if (!isBudget && this.#ordinary >= maxSeries) return undefined;
    const isExact = wasExact ?? (isBudget || this.#exact < exactSeries);
    if (!isBudget) {
      this.#ordinary++;
      if (isExact) this.#exact++;
    }
    const first = Math.max(hour, Math.ceil((this.sinceMs - promptMs) / hourMs));
    series = new Series(identity, isExact, first, this.openHours);
    this.series.set(identity.key, series);
    return series;
  }

  /** Goes on where an earlier run ended. */
  resume(
    time: { readonly maxMs: number; readonly openHour: number; readonly roundMs: number; readonly sinceMs: number },
    seen: Uint8Array,
  ): void {
    this.maxMs = time.maxMs;
    this.openHour = time.openHour;
    this.roundMs = time.roundMs;
    this.sinceMs = time.sinceMs;
    this.#seen.set(seen);
  }

  /** Forgets all series but these. */
  keep(keys: ReadonlySet<string>): void {
    for (const [key, series] of this.series) if (!keys.has(key)) this.#remove(key, series);
  }

  /** Which open hours something came in. */
  get seen(): Uint8Array {
    return this.#seen;
  }
}
