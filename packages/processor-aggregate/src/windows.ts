import { durationMs } from '@millrace/config';
import { Cells } from './cells.ts';

/** A length of windows. */
export interface WindowLength {
  /** As it was configured: the value of the attribute `window`. */
  readonly text: string;
  readonly ms: number;
}

/** The lengths of the windows, and of the panes: the longest time that all of them are made of. */
export function windowLengths(texts: readonly string[]): { readonly lengths: readonly WindowLength[]; readonly paneMs: number } {
  const lengths = texts.map((text) => ({ text, ms: durationMs(text) }));
  return { lengths, paneMs: lengths.reduce((divisor, { ms }) => greatestDivisor(divisor, ms), 0) };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** A window whose time is over. */
export interface ClosedWindow {
  readonly length: WindowLength;
  readonly cells: Cells;
}

/** Panes, oldest first, that were closed together, by a watermark at `untilMs`. */
interface Closing {
  readonly untilMs: number;
  readonly panes: Cells[];
}

/**
 * The open windows. An item is counted once, in the pane of its time; when a pane is closed it is added to the window of each length around it, a piece
 * at a time, and a window is complete with its last pane.
 */
export class Windows {
  readonly lengths: readonly WindowLength[];
  readonly paneMs: number;
  /** Open panes by start; and by length the windows that have closed panes already. */
  readonly #panes = new Map<number, Cells>();
  readonly #partial: Map<number, Cells>[];
  /** What is closed and not in all of its windows, oldest first, and the chunk of its first pane that is next. */
  readonly #closing: Closing[] = [];
  #chunk = 0;
  /** Complete windows that wait to be sent, oldest first. */
  readonly complete: ClosedWindow[] = [];
  /** Panes that start before are closed. */
  closedUntilMs = -Infinity;
  #last: Cells | undefined;

  constructor(texts: readonly string[]) {
    ({ lengths: this.lengths, paneMs: this.paneMs } = windowLengths(texts));
    this.#partial = this.lengths.map(() => new Map<number, Cells>());
  }

  /** The pane of a time that is not closed. */
  pane(timeMs: number): Cells {
    const last = this.#last;
    if (last !== undefined && timeMs >= last.startMs && timeMs < last.startMs + this.paneMs) return last;
    this.#last = cellsAt(this.#panes, Math.floor(timeMs / this.paneMs) * this.paneMs);
    return this.#last;
  }

  /** Closes what ends at or before a time. `merge` does the work. */
  close(untilMs: number): void {
    const closedUntilMs = Math.floor(untilMs / this.paneMs) * this.paneMs;
    if (closedUntilMs <= this.closedUntilMs) return;
    this.closedUntilMs = closedUntilMs;
    this.#last = undefined;
    const panes = [...this.#panes.values()].filter(({ startMs }) => startMs < closedUntilMs).sort(byStart);
    for (const { startMs } of panes) this.#panes.delete(startMs);
    this.#closing.push({ untilMs: closedUntilMs, panes });
  }

  /** Whether all that was closed is merged and taken out of `complete`. */
  get isSettled(): boolean {
    return this.#closing.length === 0 && this.complete.length === 0;
  }

  /** Closed panes and complete windows that wait for what is still to be done with them. */
  get waiting(): number {
    let count = this.complete.length;
    for (const { panes } of this.#closing) count += panes.length;
    return count;
  }

  /** Adds a piece of a closed pane to its windows, and puts those that it completes among `complete`. False when nothing was left to do. `scale`: of merged distributions. */
  merge(scale: number): boolean {
    const closing = this.#closing[0];
    if (closing === undefined) return false;
    const pane = closing.panes[0];
    if (pane === undefined) {
      this.#finish(closing.untilMs);
      this.#closing.shift();
      return true;
    }
    for (let i = 0; i < this.lengths.length; i++) {
      const length = this.lengths[i]!;
      if (length.ms !== this.paneMs)
        cellsAt(this.#partial[i]!, Math.floor(pane.startMs / length.ms) * length.ms).mergeChunk(pane, this.#chunk, scale);
    }
    if (++this.#chunk < pane.chunks && this.#isMerged) return true;
    this.#chunk = 0;
    closing.panes.shift();
    const length = this.lengths.find(({ ms }) => ms === this.paneMs);
    if (length !== undefined) this.complete.push({ length, cells: pane });
    return true;
  }

  /** Whether there are windows longer than a pane. */
  get #isMerged(): boolean {
    return this.lengths.some(({ ms }) => ms !== this.paneMs);
  }

  #finish(untilMs: number): void {
    this.lengths.forEach((length, i) => {
      const partial = this.#partial[i]!;
      for (const cells of [...partial.values()].sort(byStart)) {
        if (cells.startMs + length.ms > untilMs) continue;
        partial.delete(cells.startMs);
        this.complete.push({ length, cells });
      }
    });
  }

  /** Every open pane and window; `length` is the number of the window's length, undefined for a pane. */
  *open(): Iterable<{ readonly cells: Cells; readonly length: number | undefined }> {
    for (const cells of this.#panes.values()) yield { cells, length: undefined };
    for (let length = 0; length < this.#partial.length; length++) {
      for (const cells of this.#partial[length]!.values()) yield { cells, length };
    }
  }

  /** The cells that `open` told about, made when they are not there. */
  opened(startMs: number, length: number | undefined): Cells {
    return cellsAt(length === undefined ? this.#panes : this.#partial[length]!, startMs);
  }

  /** Everything that is remembered: what is open, closed, and complete. */
  *all(): Iterable<Cells> {
    for (const { cells } of this.open()) yield cells;
    for (const { panes } of this.#closing) yield* panes;
    for (const { cells } of this.complete) yield cells;
  }

  /** Bytes of everything that is remembered. */
  get sizeBytes(): number {
    let bytes = 0;
    for (const cells of this.all()) bytes += cells.sizeBytes;
    return bytes;
  }

  /** About the bytes that come on top when panes are merged: a longer window gets the series that it does not have, of as many as there are. */
  reservedBytes(series: number): number {
    let bytes = 0;
    const reserve = (pane: Cells): void => {
      for (let i = 0; i < this.lengths.length; i++) {
        const { ms } = this.lengths[i]!;
        if (ms === this.paneMs) continue;
        const others = series - (this.#partial[i]!.get(Math.floor(pane.startMs / ms) * ms)?.size ?? 0);
        bytes += (pane.sizeBytes / Math.max(1, pane.size)) * Math.min(pane.size, Math.max(0, others));
      }
    };
    for (const pane of this.#panes.values()) reserve(pane);
    for (const { panes } of this.#closing) panes.forEach(reserve);
    return bytes;
  }

  /** How many windows have data and are not closed. */
  get openCount(): number {
    let count = 0;
    this.lengths.forEach(({ ms }, i) => {
      const starts = new Set(this.#partial[i]!.keys());
      for (const startMs of this.#panes.keys()) starts.add(Math.floor(startMs / ms) * ms);
      count += starts.size;
    });
    return count;
  }

  /** Where the oldest that is remembered starts; the closing time when nothing is. */
  get oldestStartMs(): number {
    let oldest = this.closedUntilMs;
    for (const { startMs } of this.all()) oldest = Math.min(oldest, startMs);
    return oldest;
  }
}

function cellsAt(among: Map<number, Cells>, startMs: number): Cells {
  let cells = among.get(startMs);
  if (cells === undefined) among.set(startMs, (cells = new Cells(startMs)));
  return cells;
}

function byStart(a: Cells, b: Cells): number {
  return a.startMs - b.startMs;
}
