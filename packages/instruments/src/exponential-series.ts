import { Sketch } from '@millrace/timeseries';
import type { SketchState } from '@millrace/timeseries';
import { Series } from './series.ts';
import type { SeriesState } from './series.ts';

/** A histogram whose buckets fit themselves to the values: at most 2,560 of each sign, 64 in an octave in the beginning. */
export class ExponentialSeries extends Series {
  sketch: Sketch = new Sketch();
  min: number = Infinity;
  max: number = -Infinity;
  count = 0;
  sum = 0;

  /** Takes a number. One that is not finite is dropped and counted. */
  record(value: number): void {
    if (!Number.isFinite(value)) return this.stream.refuse(value);
    if (!this.isFresh) this.touch();
    this.sketch.add(value);
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  merge(other: this): void {
    if (!this.isFresh) this.touch();
    this.sketch.merge(other.sketch);
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  clear(): void {
    this.sketch.clear();
    this.count = this.sum = 0;
    this.min = Infinity;
    this.max = -Infinity;
  }

  copy(): this {
    const copy = new ExponentialSeries(this.stream, this.values, this.isOverflow) as this;
    copy.merge(this);
    return copy;
  }

  since(last: this): this {
    const since = new ExponentialSeries(this.stream, this.values, this.isOverflow) as this;
    const { sketch: now } = this;
    const { sketch: before } = last;
    before.coarsen(now.scale);
    since.sketch = new Sketch(now.scale);
    since.sketch.zeroCount = now.zeroCount - before.zeroCount;
    for (const isNegative of [false, true]) {
      const buckets = isNegative ? now.negative : now.positive;
      const old = isNegative ? before.negative : before.positive;
      for (let i = 0; i < buckets.size; i++) {
        const index = buckets.offset + i;
        since.sketch.addBucket(index, now.scale, buckets.at(i) - old.get(index), isNegative);
      }
    }
    since.count = this.count - last.count;
    since.sum = this.sum - last.sum;
    since.min = last.isEmpty ? this.min : Number.NaN;
    since.max = last.isEmpty ? this.max : Number.NaN;
    return since;
  }

  get state(): SeriesState {
    return [this.sketch.state, this.count, this.sum, this.min, this.max];
  }

  absorb([sketch, count, sum, min, max]: SeriesState): void {
    if (!this.isFresh) this.touch();
    this.sketch.merge(Sketch.from(sketch as SketchState));
    this.count += count as number;
    this.sum += sum as number;
    this.min = Math.min(this.min, min as number);
    this.max = Math.max(this.max, max as number);
  }
}
