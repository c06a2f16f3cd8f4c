import type { Book } from './book.ts';
import { slackHours } from './series.ts';
import type { Series } from './series.ts';
import type { Forecaster, Statement } from './statements.ts';

/** Rounds that may wait; of more, the oldest are made at once. */
const mostWaiting = 8;
/** Work at a time; then others have their turn. */
const turnMs = 10;
/** Series whose statements are sent together. */
const seriesPerReport = 100;

/** What is said of a series. */
export interface Report {
  readonly series: Series;
  readonly statements: readonly Statement[];
}

interface Round {
  readonly atMs: number;
  readonly end: number;
  readonly series: readonly Series[];
  /** States, as of `end`, of series that are not exact: they change. */
  readonly streams: readonly (Uint8Array | undefined)[];
  next: number;
  reports: Report[];
}

/** Makes forecasts that are due, a few at a time. When and in how many turns does not change them: closed hours stay as they are. */
export class Rounds {
  /** When the last round that was made was due. */
  madeMs = -Infinity;
  readonly #forecaster: Forecaster;
  readonly #send: (atMs: number, reports: readonly Report[]) => void;
  readonly #fail: (error: unknown) => void;
  readonly #waiting: Round[] = [];
  #working: Promise<void> | undefined;

  constructor(forecaster: Forecaster, send: (atMs: number, reports: readonly Report[]) => void, fail: (error: unknown) => void) {
    this.#forecaster = forecaster;
    this.#send = send;
    this.#fail = fail;
  }

  /** Resolves when every round is made; undefined when none waits. */
  get working(): Promise<void> | undefined {
    return this.#working;
  }

  /** The same where more than one waits. */
  get behind(): Promise<void> | undefined {
    return this.#waiting.length > 1 ? this.#working : undefined;
  }

  /** Forecasts of all series from the beginning of hour `end` on are due. */
  add(atMs: number, end: number, { series }: Book): void {
    const all = [...series.values()];
    const streams = all.map((one) => (one.isExact ? undefined : one.stream!.write()));
    this.#waiting.push({ atMs, end, series: all, streams, next: 0, reports: [] });
    while (this.#waiting.length > mostWaiting) this.#makeFirst();
    this.#working ??= this.#work();
  }

  /** Makes the rounds that the hours before `target` would be lost to. */
  catchUp(target: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.end < target - slackHours) this.#makeFirst();
  }

  #makeFirst(): void {
    const rest = this.#waiting.length - 1;
    while (this.#waiting.length > rest) this.#step(this.#waiting[0]!);
  }

  async #work(): Promise<void> {
    await nextTurn();
    let since = performance.now();
    for (let round = this.#waiting[0]; round !== undefined; [round] = this.#waiting) {
      this.#step(round);
      if (performance.now() - since < turnMs) continue;
      await nextTurn();
      since = performance.now();
    }
    this.#working = undefined;
  }

  /** Forecasts the next series of a round. */
  #step(round: Round): void {
    const { series, streams, atMs, end, reports } = round;
    const index = round.next++;
    const one = series[index];
    if (one !== undefined) {
      try {
        const statements = this.#forecaster(one, streams[index], end, atMs);
        if (statements.length > 0) reports.push({ series: one, statements });
      } catch (error) {
        this.#fail(error);
      }
    }
    const isLast = round.next >= series.length;
    if (reports.length >= seriesPerReport || (isLast && reports.length > 0)) {
      round.reports = [];
      try {
        this.#send(atMs, reports);
      } catch (error) {
        this.#fail(error);
      }
    }
    if (!isLast) return;
    this.#waiting.shift();
    this.madeMs = atMs;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
