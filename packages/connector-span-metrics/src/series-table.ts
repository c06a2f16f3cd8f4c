import type { ByteRange } from '@millrace/wire';
import { ByteStore, type Column, ExponentialHistogram, SeriesMap } from '@millrace/timeseries';
import type { ByteWriter } from '@millrace/wire';
import { Exemplars } from './exemplars.ts';
import { fixed64, histogramPoint, exponentialPoint, numberPoint, retag } from './point-bytes.ts';

/** What a table remembers of each series. */
export interface TableOptions {
  /** Upper bounds of explicit buckets; absent: none. */
  readonly bounds?: Float64Array;
  /** Buckets of an exponential histogram; absent: none. */
  readonly maxSize?: number;
  /** Exemplars of a point; 0 for none. */
  readonly maxExemplars: number;
}

/** The series of a metric, or of `calls` and `duration` together: how many spans, and how long they took. A series is known by its slot. */
export class SeriesTable {
  readonly map: SeriesMap = new SeriesMap();
  readonly #options: TableOptions;
  readonly #count: Column<Float64Array>;
  readonly #sum: Column<Float64Array>;
  readonly #buckets: Column<Float64Array> | undefined;
  readonly #startMs: Column<Float64Array>;
  readonly #seenMs: Column<Float64Array>;
  /** Whether a value, be it 0, was reported. */
  readonly #reported: Column<Int32Array>;
  /** Encoded attributes, as those of a number point. */
  readonly #attributes = new ByteStore();
  #exponential: (ExponentialHistogram | undefined)[] = [];
  #exemplars: (Exemplars | undefined)[] = [];
  #objectBytes = 0;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#count = this.map.float64();
    this.#sum = this.map.float64();
    this.#buckets = options.bounds && this.map.float64(options.bounds.length + 1);
    this.#startMs = this.map.float64();
    this.#seenMs = this.map.float64();
    this.#reported = this.map.int32();
  }

  get sizeBytes(): number {
    return this.map.sizeBytes + this.#attributes.sizeBytes + this.#objectBytes;
  }

  /** Adds a series with the attributes that the writer holds; it begins now. */
  add(words: Int32Array, { buffer, position }: ByteWriter, nowMs: number): number {
    const slot = this.map.add(words);
    this.#attributes.set(slot, buffer, 0, position);
    this.#startMs.values[slot] = nowMs;
    if (this.#options.maxSize !== undefined) {
      const histogram = new ExponentialHistogram(this.#options.maxSize);
      this.#exponential[slot] = histogram;
      this.#objectBytes += histogram.sizeBytes;
    }
    return slot;
  }

  /** Counts `count` spans of a duration in the table's unit. */
  observe(slot: number, duration: number, count: number, nowMs: number): void {
    this.#seenMs.values[slot] = nowMs;
    this.#count.values[slot] += count;
    const { bounds, maxSize } = this.#options;
    if (bounds !== undefined) {
      this.#sum.values[slot] += duration * count;
      let bucket = 0;
      while (bucket < bounds.length && bounds[bucket] < duration) bucket++;
      this.#buckets!.values[slot * (bounds.length + 1) + bucket] += count;
    } else if (maxSize !== undefined) {
      const histogram = this.#exponential[slot]!;
      const before = histogram.counts.byteLength;
      histogram.add(duration, count);
      this.#objectBytes += histogram.counts.byteLength - before;
    }
  }

  /** Keeps a span as an exemplar while there is room for one. */
  addExemplar(slot: number, traceId: ByteRange, duration: number): Exemplars | undefined {
    let exemplars = this.#exemplars[slot];
    if (exemplars === undefined) {
      exemplars = this.#exemplars[slot] = new Exemplars(this.#options.maxExemplars);
      this.#objectBytes += exemplars.sizeBytes;
    }
    return exemplars.begin(traceId, duration) ? exemplars : undefined;
  }

  /** Begin of the series' time, in milliseconds since the epoch. */
  startMs(slot: number): number {
    return this.#startMs.values[slot];
  }

  /** Writes a point of a sum; a new series begins with 0 where `fromZero`. Returns whether it did. */
  writeCount(to: ByteWriter, slot: number, startMs: number, nowMs: number, fromZero: boolean): boolean {
    const isFirst = fromZero && this.#reported.values[slot] === 0;
    this.#reported.values[slot] = 1;
    const at = to.begin(0x0a);
    this.#writeAttributes(to, slot, numberPoint.attributes);
    this.#writeTimes(to, startMs, nowMs);
    to.byte(0x31);
    fixed64(to, isFirst ? 0 : this.#count.values[slot]);
    this.#exemplars[slot]?.write(to, numberPoint.exemplars, nowMs);
    to.end(at);
    return isFirst;
  }

  /** Writes a point of a histogram. */
  writeHistogram(to: ByteWriter, slot: number, startMs: number, nowMs: number): void {
    const at = to.begin(0x0a);
    const { bounds } = this.#options;
    const fields = bounds === undefined ? exponentialPoint : histogramPoint;
    this.#writeAttributes(to, slot, fields.attributes);
    this.#writeTimes(to, startMs, nowMs);
    if (bounds === undefined) exponentialPoint.write(to, this.#exponential[slot]!);
    else
      histogramPoint.write(to, this.#count.values[slot], this.#sum.values[slot], this.#buckets!.values, slot * (bounds.length + 1), bounds);
    this.#exemplars[slot]?.write(to, fields.exemplars, nowMs);
    to.end(at);
  }

  #writeAttributes(to: ByteWriter, slot: number, tag: number): void {
    const from = to.position;
    const start = this.#attributes.start(slot);
    to.bytes(this.#attributes.buffer.subarray(start, start + this.#attributes.length(slot)));
    retag(to, from, tag);
  }

  #writeTimes(to: ByteWriter, startMs: number, nowMs: number): void {
    to.byte(0x11);
    to.fixed64(nanos(startMs));
    to.byte(0x19);
    to.fixed64(nanos(nowMs));
  }

  /** Forgets the exemplars of a series, which are those of one report. */
  clearExemplars(slot: number): void {
    this.#objectBytes -= this.#exemplars[slot]?.sizeBytes ?? 0;
    this.#exemplars[slot] = undefined;
  }

  /** When a span of the series came last, in milliseconds since the epoch. */
  seenMs(slot: number): number {
    return this.#seenMs.values[slot];
  }

  remove(slot: number): void {
    this.clearExemplars(slot);
    this.#objectBytes -= this.#exponential[slot]?.sizeBytes ?? 0;
    this.#exponential[slot] = undefined;
    this.#attributes.delete(slot);
    this.map.remove(slot);
  }
}

function nanos(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}
