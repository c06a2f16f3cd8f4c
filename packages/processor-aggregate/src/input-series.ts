import { Distribution, SeriesMap } from '@millrace/timeseries';
import type { DataPointView } from '@millrace/wire';

/** How the increment of a point follows from its value; `old`: the point is no later than the last one. */
type Increment = 'difference' | 'whole' | 'unknown' | 'old';

/**
 * The last value of each cumulative series, to know the increment of the next one. The first value of a series is its increment when the series began
 * while somebody was looking; otherwise nobody knows when it was counted, and it only says where to begin.
 */
export class InputSeries {
  readonly map: SeriesMap = new SeriesMap();
  /** Start, time (both in nanoseconds) and last value. */
  readonly values = this.map.float64(3);
  readonly distributions: (Distribution | undefined)[] = [];
  #distributionBytes = 0;
  #slot = -1;
  #spare = new Distribution();
  readonly #increment = new Distribution();
  /** When this series was first looked for, in nanoseconds of event time. */
  sinceNanos = 0;

  /** Points of series that there was no room for, in this batch. */
  refused = 0;
  readonly #mayAdd: () => boolean;

  /** `mayAdd`: whether there is room for one more series. */
  constructor(mayAdd: () => boolean) {
    this.#mayAdd = mayAdd;
  }

  /** Bytes of memory. */
  get sizeBytes(): number {
    return this.map.sizeBytes + this.#distributionBytes;
  }

  /** Finds the series in `#slot`, and says what the increment is. */
  #look(words: Int32Array, point: DataPointView, seen: number): Increment {
    const start = point.startTimeNanos;
    const time = point.timeNanos;
    let slot = this.map.find(words);
    let increment: Increment = 'difference';
    if (slot < 0) {
      if (!this.#mayAdd()) {
        this.refused++;
        return 'old';
      }
      slot = this.map.add(words, seen);
      increment = start > 0 && start >= this.sinceNanos ? 'whole' : 'unknown';
    } else {
      this.map.touch(slot, seen);
      const { values } = this.values;
      if (time <= values[slot * 3 + 1]!) return 'old';
      if (start > values[slot * 3]!) increment = 'whole';
    }
    this.#slot = slot;
    const { values } = this.values;
    values[slot * 3] = start;
    values[slot * 3 + 1] = time;
    return increment;
  }

  /** The increment of a monotonic sum; NaN for none. */
  number(words: Int32Array, point: DataPointView, seen: number): number {
    const increment = this.#look(words, point, seen);
    if (increment === 'old') return NaN;
    const slot = this.#slot;
    const { values } = this.values;
    const { number } = point;
    const last = values[slot * 3 + 2]!;
    values[slot * 3 + 2] = number;
    if (increment === 'unknown') return NaN;
    return increment === 'whole' || number < last ? number : number - last;
  }

  /** The increment of a histogram or summary, valid until the next call; undefined for none. */
  distribution(words: Int32Array, point: DataPointView, seen: number): Distribution | undefined {
    const increment = this.#look(words, point, seen);
    if (increment === 'old') return undefined;
    const slot = this.#slot;
    const last = this.distributions[slot];
    const now = this.#spare;
    now.read(point);
    this.set(slot, now);
    this.#spare = last ?? new Distribution();
    if (increment === 'unknown') return undefined;
    this.#increment.clear();
    this.#increment.add(now, increment === 'whole' || last === undefined || !last.isBefore(now) ? undefined : last);
    // The least and greatest of all time say nothing about this increment.
    if (last !== undefined && increment === 'difference') this.#increment.min = this.#increment.max = undefined;
    return this.#increment;
  }

  /** Sets the last distribution of a series. */
  set(slot: number, distribution: Distribution | undefined): void {
    this.#distributionBytes += (distribution?.sizeBytes ?? 0) - (this.distributions[slot]?.sizeBytes ?? 0);
    this.distributions[slot] = distribution;
  }

  sweep(before: number, limit: number): void {
    this.map.sweep(before, limit, (slot) => this.set(slot, undefined));
  }
}
