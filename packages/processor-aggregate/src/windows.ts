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

/**
 * The open windows. An item is counted once, in the pane of its time; when a pane closes it is added to the window of each length around it, and
 * a window closes with its last pane.
 */
export class Windows {
  readonly lengths: readonly WindowLength[];
  readonly paneMs: number;
  /** Open panes by start, those not yet in windows; and by length the windows that have panes already. */
  readonly panes = new Map<number, Cells>();
  readonly partial: Map<number, Cells>[];
  /** Panes that start before are closed. */
  closedUntilMs = -Infinity;
  #last: Cells | undefined;

  constructor(texts: readonly string[]) {
    ({ lengths: this.lengths, paneMs: this.paneMs } = windowLengths(texts));
    this.partial = this.lengths.map(() => new Map<number, Cells>());
  }

  /** The pane of a time that is not closed. */
  pane(timeMs: number): Cells {
    const last = this.#last;
    if (last !== undefined && timeMs >= last.startMs && timeMs < last.startMs + this.paneMs) return last;
    const startMs = Math.floor(timeMs / this.paneMs) * this.paneMs;
    let pane = this.panes.get(startMs);
    if (pane === undefined) this.panes.set(startMs, (pane = new Cells(startMs)));
    this.#last = pane;
    return pane;
  }

  /** Closes what ends at or before a time, oldest first, and hands over each window whose last pane that was. `scale`: of merged distributions. */
  close(untilMs: number, scale: number, onClosed: (window: ClosedWindow) => void): void {
    const closedUntilMs = Math.floor(untilMs / this.paneMs) * this.paneMs;
    if (closedUntilMs <= this.closedUntilMs) return;
    this.closedUntilMs = closedUntilMs;
    this.#last = undefined;
    for (const pane of [...this.panes.values()].sort((a, b) => a.startMs - b.startMs)) {
      if (pane.startMs >= closedUntilMs) break;
      this.panes.delete(pane.startMs);
      this.lengths.forEach((length, i) => {
        if (length.ms === this.paneMs) onClosed({ length, cells: pane });
        else this.#merge(i, pane, scale);
      });
    }
    this.lengths.forEach((length, i) => {
      for (const cells of [...this.partial[i]!.values()].sort((a, b) => a.startMs - b.startMs)) {
        if (cells.startMs + length.ms > closedUntilMs) continue;
        this.partial[i]!.delete(cells.startMs);
        onClosed({ length, cells });
      }
    });
  }

  #merge(i: number, pane: Cells, scale: number): void {
    const { ms } = this.lengths[i]!;
    const startMs = Math.floor(pane.startMs / ms) * ms;
    let cells = this.partial[i]!.get(startMs);
    if (cells === undefined) this.partial[i]!.set(startMs, (cells = new Cells(startMs)));
    cells.merge(pane, scale);
  }

  /** Every open pane and window. */
  *open(): Iterable<Cells> {
    yield* this.panes.values();
    for (const windows of this.partial) yield* windows.values();
  }

  /** How many windows have data and are not closed. */
  get openCount(): number {
    let count = 0;
    this.lengths.forEach(({ ms }, i) => {
      const starts = new Set(this.partial[i]!.keys());
      for (const startMs of this.panes.keys()) starts.add(Math.floor(startMs / ms) * ms);
      count += starts.size;
    });
    return count;
  }

  /** Where the oldest open window starts; the closing time when none is open. */
  get oldestStartMs(): number {
    let oldest = this.closedUntilMs;
    for (const { startMs } of this.open()) oldest = Math.min(oldest, startMs);
    return oldest;
  }
}
