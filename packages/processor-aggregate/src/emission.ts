import { attributesTags, copyAttributes, Distribution, writeDistribution, writeNumber, writeTimes } from '@millrace/timeseries';
import type { ByteStore } from '@millrace/timeseries';
import type { Batch, BufferPool, NewMetric } from '@millrace/wire';
import { BatchBuilder, ByteWriter } from '@millrace/wire';
import { type Cells, chunkSlots, type Exemplar } from './cells.ts';
import type { OutputSeries } from './output-series.ts';
import { shareOf } from './rule.ts';
import type { Turn } from './turn.ts';
import type { ClosedWindow } from './windows.ts';

/** Points of a batch; those of a series are not split. */
const batchPoints = 8000;
/** Series that are written at a time. */
const stepSeries = 256;
const scopeName = 'aggregate';
const exemplarTags = { number: 0x2a, exponentialHistogram: 0x5a } as const;

/** Turns a closed window into batches, one at a time, each made when it is asked for, after `sort`. */
export class Emission {
  readonly #window: ClosedWindow;
  readonly #series: OutputSeries;
  readonly #pool: BufferPool;
  readonly #windowAttribute: Buffer;
  readonly #writer = new ByteWriter();
  #slots: Int32Array = new Int32Array(0);
  readonly #startNanos: bigint;
  readonly #endNanos: bigint;
  #next = 0;

  constructor(window: ClosedWindow, series: OutputSeries, pool: BufferPool) {
    this.#window = window;
    this.#series = series;
    this.#pool = pool;
    this.#windowAttribute = windowAttribute(window.length.text);
    const { cells, length } = window;
    this.#startNanos = nanosOf(cells.startMs);
    this.#endNanos = nanosOf(cells.startMs + length.ms);
  }

  /** Bytes of memory. */
  get sizeBytes(): number {
    return this.#slots.byteLength;
  }

  /** Puts the slots with values in the order of their metrics, so that the batches have few headers. In linear time: they may be millions. */
  async sort(turn: Turn): Promise<void> {
    const { cells } = this.#window;
    const series = this.#series;
    const ends = new Int32Array(series.groups.end);
    for (let slot = 0; slot < cells.end; slot++) {
      if (cells.count(slot) > 0) ends[series.groupOf(slot).slot]!++;
      if (slot % chunkSlots === 0 && turn.isOver) await turn.next();
    }
    let total = 0;
    for (let group = 0; group < ends.length; group++) ends[group] = total += ends[group]!;
    this.#slots = new Int32Array(total);
    for (let slot = cells.end - 1; slot >= 0; slot--) {
      if (cells.count(slot) > 0) this.#slots[--ends[series.groupOf(slot).slot]!] = slot;
      if (slot % chunkSlots === 0 && turn.isOver) await turn.next();
    }
  }

  /** Whether every batch was made. */
  get isDone(): boolean {
    return this.#next >= this.#slots.length;
  }

  /** The next batch, the caller's, smaller when the turn is over before it is full; undefined when there was nothing to say so far. */
  next(turn: Turn): Batch | undefined {
    const builder = new BatchBuilder('metrics', this.#pool);
    while (!this.isDone && builder.items < batchPoints) {
      const from = this.#next;
      const group = this.#series.groupOf(this.#slots[from]!);
      const room = Math.floor((batchPoints - builder.items) / Math.max(1, group.rule.aggregations.length));
      const most = from + Math.max(1, Math.min(stepSeries, room));
      while (this.#next < Math.min(most, this.#slots.length) && this.#series.groupOf(this.#slots[this.#next]!) === group) this.#next++;
      const scope = builder.resource(group.resource).scope(scopeName);
      for (const aggregation of group.rule.aggregations) {
        const name = `${group.name}.${aggregation}`;
        const description = `${descriptionOf(aggregation)} of ${group.name} in a window of time`;
        const unit = unitOf(aggregation, group.unit);
        if (aggregation === 'histogram') {
          this.#histograms(scope.metric({ name, description, unit, type: 'exponentialHistogram', temporality: 1 }), from, this.#next);
        } else this.#gauges(scope.metric({ name, description, unit, type: 'gauge' }), aggregation, from, this.#next);
      }
      if (turn.isOver) break;
    }
    return builder.finish();
  }

  #gauges(metric: NewMetric<'gauge'>, aggregation: string, from: number, to: number): void {
    const { cells } = this.#window;
    const share = shareOf(aggregation);
    for (let i = from; i < to; i++) {
      const slot = this.#slots[i]!;
      const value = share === undefined ? valueOf(cells, slot, aggregation) : percentile(cells, slot, share);
      if (!Number.isFinite(value)) continue;
      const writer = this.#begin(slot, 'number');
      writeNumber(writer, aggregation === 'count' && Number.isSafeInteger(value) ? BigInt(value) : value);
      if (aggregation === 'max') this.#exemplar('number', cells.exemplar(slot));
      metric.pointBytes(writer);
    }
  }

  #histograms(metric: NewMetric<'exponentialHistogram'>, from: number, to: number): void {
    const { cells } = this.#window;
    const distribution = new Distribution();
    for (let i = from; i < to; i++) {
      const slot = this.#slots[i]!;
      const at = cells.at(slot);
      const [count, sum, min, max] = cells.values(slot).subarray(at, at + 4);
      distribution.count = count!;
      distribution.sum = Number.isFinite(sum) ? sum : undefined;
      distribution.min = min;
      distribution.max = max;
      distribution.sketch = cells.sketch(slot);
      const writer = this.#begin(slot, 'exponentialHistogram');
      writeDistribution(writer, 'exponentialHistogram', distribution);
      this.#exemplar('exponentialHistogram', cells.exemplar(slot));
      metric.pointBytes(writer);
    }
  }

  /** Starts a point: attributes and times. */
  #begin(slot: number, kind: 'number' | 'exponentialHistogram'): ByteWriter {
    const writer = this.#writer;
    writer.position = 0;
    const tag = attributesTags[kind];
    const { attributes }: { attributes: ByteStore } = this.#series;
    const start = attributes.start(slot);
    const end = start + attributes.length(slot);
    if (kind === 'number') writer.bytes(attributes.buffer.subarray(start, end));
    else copyAttributes(writer, tag, attributes.buffer, start, end);
    copyAttributes(writer, tag, this.#windowAttribute, 0, this.#windowAttribute.length);
    writeTimes(writer, this.#startNanos, this.#endNanos);
    return writer;
  }

  #exemplar(kind: keyof typeof exemplarTags, exemplar: Exemplar | undefined): void {
    if (exemplar === undefined) return;
    const writer = this.#writer;
    const at = writer.begin(exemplarTags[kind]);
    writer.byte(0x11);
    writer.fixed64(exemplar.timeUnixNano);
    writer.byte(0x19);
    writer.double(exemplar.value);
    for (const [tag, id] of [
      [0x22, exemplar.spanId],
      [0x2a, exemplar.traceId],
    ] as const) {
      if (id === '') continue;
      const idAt = writer.begin(tag);
      writer.bytes(Buffer.from(id, 'hex'));
      writer.end(idAt);
    }
    writer.end(at);
  }
}

function nanosOf(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}

/** `window=TEXT` as a field with the tag 0x0a. */
function windowAttribute(text: string): Buffer {
  const writer = new ByteWriter();
  const at = writer.begin(0x0a);
  const keyAt = writer.begin(0x0a);
  writer.text('window');
  writer.end(keyAt);
  const valueAt = writer.begin(0x12);
  const textAt = writer.begin(0x0a);
  writer.text(text);
  writer.end(textAt);
  writer.end(valueAt);
  writer.end(at);
  return Buffer.from(writer.buffer.subarray(0, writer.position));
}

function valueOf(cells: Cells, slot: number, aggregation: string): number {
  const values = cells.values(slot);
  const at = cells.at(slot);
  const count = values[at]!;
  switch (aggregation) {
    case 'count':
      return count;
    case 'sum':
      return values[at + 1]!;
    case 'min':
      return values[at + 2]!;
    case 'max':
      return values[at + 3]!;
    case 'avg':
      return values[at + 1]! / count;
    case 'success_rate':
      return (count - values[at + 4]!) / count;
    default:
      return values[at + 4]! / count;
  }
}

/** The percentile, never outside of what was seen; NaN where the distribution is not known (summaries). */
function percentile(cells: Cells, slot: number, share: number): number {
  const values = cells.values(slot);
  const at = cells.at(slot);
  const value = cells.sketch(slot)?.quantile(share) ?? NaN;
  return Math.min(values[at + 3]!, Math.max(values[at + 2]!, value));
}

function unitOf(aggregation: string, unit: string): string {
  if (aggregation === 'count') return '{item}';
  return aggregation.endsWith('_rate') ? '1' : unit;
}

const descriptions: Readonly<Record<string, string>> = {
  count: 'Number of values',
  sum: 'Sum',
  min: 'Least value',
  max: 'Greatest value',
  avg: 'Average',
  success_rate: 'Share of successes',
  failure_rate: 'Share of failures',
  histogram: 'Distribution',
};

function descriptionOf(aggregation: string): string {
  return descriptions[aggregation] ?? `Percentile ${aggregation.slice(1)}`;
}
