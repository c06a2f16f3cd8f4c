import { attributesTags, SeriesKey, writeAttribute } from '@millrace/timeseries';
import type { Distribution } from '@millrace/timeseries';
import type { AttributesView, MetricView, Plain, PlainAttributes, ResourceView } from '@millrace/wire';
import { ByteWriter } from '@millrace/wire';
import type { Exemplar } from './cells.ts';
import { InputSeries } from './input-series.ts';
import { type Group, OutputSeries } from './output-series.ts';
import { Pressure } from './pressure.ts';
import type { Rule } from './rule.ts';
import { type ClosedWindow, Windows } from './windows.ts';

/** Places in an identity. */
const [resourcePlace, groupPlace, dimensionPlace] = [1, 10, 100];
const overflowPlace = 50;
const fineScale = 6;
const coarseScale = 3;
const nanosPerMs = 1e6;
const tag = attributesTags.number;
/** `otel.metric.overflow=true` as an attribute of a number point. */
const overflowText = 'otel.metric.overflow';
const overflowAttributes = Buffer.from([
  tag,
  overflowText.length + 6,
  0x0a,
  overflowText.length,
  ...Buffer.from(overflowText),
  0x12,
  2,
  0x10,
  1,
]);

/** What an aggregator is made of. */
export interface AggregatorOptions {
  readonly windows: readonly string[];
  readonly allowedLatenessMs: number;
  readonly maxClockSkewMs: number;
  readonly lateData: 'drop' | 'oldest_window';
  readonly exemplars: boolean;
  readonly memoryBytes: number;
  readonly now: () => number;
}

/** Something that names an attribute of an item which is no attribute, such as `span.name`. */
export type Pseudo = (name: string) => string | undefined;

/**
 * Counts items in windows of event time. Time goes on with the largest time seen: the watermark, behind it by the allowed lateness, closes windows. The
 * result depends on the items and their order alone, not on when they come or how they are batched.
 */
export class Aggregator {
  readonly output: OutputSeries = new OutputSeries();
  readonly input: InputSeries = new InputSeries(() => this.#hasRoomForInput());
  readonly windows: Windows;
  readonly pressure: Pressure = new Pressure();
  /** Closed windows that wait to be sent, oldest first. */
  readonly closed: ClosedWindow[] = [];
  identity: SeriesKey = new SeriesKey();
  /** The largest time seen. */
  maxTimeMs = -Infinity;
  lateItems = 0;
  skewedItems = 0;
  foldedItems = 0;
  /** Items of this batch that were given up, because they were late and because nothing more can be remembered. */
  droppedLate = 0;
  droppedForMemory = 0;
  readonly #options: AggregatorOptions;
  readonly #point = new Int32Array(4);
  readonly #attributes = new ByteWriter();
  #closeAtMs = -Infinity;
  /** How often windows closed, and how often when the level changed. */
  #closings = 0;
  #changedAt = 0;
  #nowMs = 0;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    this.windows = new Windows(options.windows);
  }

  /** Where event time is: what ends before is closed. */
  get watermarkMs(): number {
    return this.maxTimeMs - this.#options.allowedLatenessMs;
  }

  /** Bytes of what is remembered. */
  get sizeBytes(): number {
    let bytes = this.output.sizeBytes + this.input.sizeBytes;
    for (const cells of this.windows.open()) bytes += cells.sizeBytes;
    for (const { cells } of this.closed) bytes += cells.sizeBytes;
    return bytes;
  }

  /** A batch begins; `usedShare` is how much of the process's memory for telemetry is in use. */
  begin(usedShare: number): void {
    this.droppedLate = this.droppedForMemory = this.input.refused = 0;
    this.#nowMs = this.#options.now();
    this.adapt(usedShare);
  }

  #hasRoomForInput(): boolean {
    const { map } = this.input;
    return this.sizeBytes + (map.size < map.capacity ? 0 : map.sizeBytes) <= this.#options.memoryBytes;
  }

  /** Gives detail up, or takes it back, by the memory in use. Returns whether the level changed. */
  adapt(usedShare: number): boolean {
    const { pressure } = this;
    const share = Math.max(usedShare, this.sizeBytes / this.#options.memoryBytes);
    if (!pressure.update(share, this.#closings > this.#changedAt)) return false;
    this.#changedAt = this.#closings;
    if (pressure.level >= 1) for (const cells of this.windows.open()) cells.dropExemplars();
    if (pressure.level >= 2) for (const cells of this.windows.open()) cells.coarsen(coarseScale);
    return true;
  }

  get #scale(): number {
    return this.pressure.level >= 2 ? coarseScale : fineScale;
  }

  /** Whether exemplars are wanted now. */
  get wantsExemplars(): boolean {
    return this.#options.exemplars && this.pressure.level === 0;
  }

  /** The group of a metric that comes out of a rule, for items of a resource; undefined when no more can be remembered. */
  group(rule: Rule, name: string, unit: string, resource: ResourceView): Group | undefined {
    const { attributes } = resource;
    const identity = this.identity
      .start()
      .number(rule.index, groupPlace)
      .text(name, groupPlace + 1)
      .text(unit, groupPlace + 2);
    const keys = rule.resourceAttributes;
    if (keys === undefined) identity.attributes(attributes, resourcePlace);
    else this.#addAttributes(attributes, keys);
    const found = this.output.group(identity.words);
    if (found !== undefined) return found;
    if (this.pressure.level < 3) return this.output.addGroup(identity.words, rule, name, unit, resourceOf(rule, attributes));
    // A new resource: its items go to the metric without one.
    const { words } = this.identity
      .start()
      .number(rule.index, groupPlace)
      .text(name, groupPlace + 1)
      .text(unit, groupPlace + 2)
      .number(0, overflowPlace);
    const common = this.output.group(words);
    if (common !== undefined || this.sizeBytes >= this.#options.memoryBytes) return common;
    return this.output.addGroup(words, rule, name, unit, {});
  }

  #addAttributes(attributes: AttributesView, keys: Rule['dimensions'] & object): void {
    const { identity } = this;
    for (let i = 0; i < keys.length; i++) {
      const slot = attributes.find(keys[i]!);
      if (slot >= 0) identity.attribute(attributes, slot, dimensionPlace + i);
    }
  }

  /** Begins to compose the identity of an item's input series: the metric's, for `inputOf`. */
  inputWords(metric: MetricView, into: Int32Array): void {
    const { resource, scope, name, unit } = metric;
    const identity = this.identity.start().attributes(resource.attributes, 1).text(scope.name, 2).text(scope.version, 3);
    into.set(identity.attributes(scope.attributes, 4).text(name, 5).text(unit, 6).text(metric.type, 7).words);
  }

  /** The slot of the series of an item; -1 when no more can be remembered. */
  seriesOf(group: Group, attributes: AttributesView, pseudo: Pseudo | undefined, timeMs: number): number {
    const { rule } = group;
    const identity = this.identity.start(group.words);
    if (rule.dimensions === undefined) identity.attributes(attributes);
    else {
      this.#addAttributes(attributes, rule.dimensions);
      if (pseudo !== undefined) {
        for (let i = 0; i < rule.dimensions.length; i++) {
          const text = attributes.has(rule.dimensions[i]!) ? undefined : pseudo(rule.dimensions[i]!.text);
          if (text !== undefined) identity.attributeText(text, dimensionPlace + i);
        }
      }
    }
    const seen = Math.floor(timeMs / 1000);
    const found = this.output.map.find(identity.words);
    if (found >= 0) {
      if (seen > this.output.map.seen(found)) this.output.map.touch(found, seen);
      return found;
    }
    if (this.pressure.level >= 3) return this.#overflow(group, seen);
    this.#point.set(identity.words);
    this.#writeAttributes(rule, attributes, pseudo);
    return this.output.add(this.#point, group, this.#attributes.buffer, this.#attributes.position, seen);
  }

  /** The series that a group's new ones are folded into. */
  #overflow(group: Group, seen: number): number {
    this.foldedItems++;
    if (group.overflow < 0) {
      if (this.sizeBytes >= this.#options.memoryBytes) return -1;
      const { words } = this.identity.start(group.words).number(1, overflowPlace);
      group.overflow = this.output.map.find(words);
      if (group.overflow < 0) group.overflow = this.output.add(words, group, overflowAttributes, overflowAttributes.length, seen);
    }
    if (seen > this.output.map.seen(group.overflow)) this.output.map.touch(group.overflow, seen);
    return group.overflow;
  }

  #writeAttributes({ dimensions }: Rule, attributes: AttributesView, pseudo: Pseudo | undefined): void {
    const writer = this.#attributes;
    writer.position = 0;
    if (dimensions === undefined) {
      for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) writeAttribute(writer, tag, attributes, slot);
      return;
    }
    for (const dimension of dimensions) {
      const slot = attributes.find(dimension);
      if (slot >= 0) writeAttribute(writer, tag, attributes, slot);
      else {
        const text = pseudo?.(dimension.text);
        if (text !== undefined) writeText(writer, dimension.text, text);
      }
    }
  }

  /**
   * The time that an item counts at, in milliseconds, or NaN when it is late and dropped. Moves event time on, which may close windows.
   */
  timeOf(unixNanos: number): number {
    let timeMs = unixNanos / nanosPerMs;
    if (timeMs === 0) timeMs = this.#nowMs;
    else if (timeMs > this.#nowMs + this.#options.maxClockSkewMs) {
      this.skewedItems++;
      timeMs = this.#nowMs;
    }
    if (timeMs > this.maxTimeMs) this.advance(timeMs);
    if (timeMs >= this.windows.closedUntilMs) return timeMs;
    this.lateItems++;
    if (this.#options.lateData === 'oldest_window') return this.windows.closedUntilMs;
    this.droppedLate++;
    return NaN;
  }

  /** Event time has come as far as this. */
  advance(timeMs: number): void {
    if (this.maxTimeMs === -Infinity) {
      this.input.sinceNanos = timeMs * nanosPerMs;
      // The first pane that can be open: what came before is late.
      this.windows.closedUntilMs = Math.floor((timeMs - this.#options.allowedLatenessMs) / this.windows.paneMs) * this.windows.paneMs;
      this.#closeAtMs = this.windows.closedUntilMs + this.windows.paneMs;
    }
    this.maxTimeMs = timeMs;
    if (this.watermarkMs >= this.#closeAtMs) this.close(this.watermarkMs);
  }

  /** Closes every window that ends at or before a time. */
  close(untilMs: number): void {
    this.#closings++;
    this.windows.close(untilMs, this.#scale, (window) => this.closed.push(window));
    this.#closeAtMs = this.windows.closedUntilMs + this.windows.paneMs;
  }

  /** Continues where another one was. */
  resume(maxTimeMs: number, closedUntilMs: number): void {
    this.maxTimeMs = maxTimeMs;
    this.windows.closedUntilMs = closedUntilMs;
    this.#closeAtMs = closedUntilMs + this.windows.paneMs;
  }

  /** Forgets series that are in no open window. */
  sweep(): void {
    if (this.closed.length > 0 || this.maxTimeMs === -Infinity) return;
    const before = Math.floor(this.windows.oldestStartMs / 1000);
    this.output.sweep(before);
    const longest = Math.max(...this.windows.lengths.map(({ ms }) => ms), inputExpiryMs);
    this.input.sweep(Math.floor((this.maxTimeMs - longest) / 1000), this.input.map.end);
  }

  /** Counts one value. */
  add(slot: number, rule: Rule, timeMs: number, value: number, isFailure: boolean): void {
    const pane = this.windows.pane(timeMs);
    pane.add(slot, 1, value, value, value, isFailure ? 1 : 0);
    if (rule.hasSketch) pane.addToSketch(slot, this.#scale, value);
  }

  /** Counts all values of a histogram. Explicit buckets become values in their middle, between the least and greatest value where these are known. */
  addDistribution(slot: number, { hasSketch }: Rule, timeMs: number, of: Distribution, isFailure: boolean): void {
    const pane = this.windows.pane(timeMs);
    let { min, max } = of;
    if (of.sketch !== undefined) {
      min ??= of.sketch.quantile(0);
      max ??= of.sketch.quantile(1);
      if (hasSketch) pane.mergeSketch(slot, this.#scale, of.sketch);
    } else {
      const { bounds, counts } = of;
      for (let i = 0; i < counts.length; i++) {
        const count = counts[i]!;
        if (count === 0) continue;
        const value = Math.min(of.max ?? Infinity, Math.max(of.min ?? -Infinity, middleOf(bounds, i)));
        min ??= value;
        if (of.max === undefined) max = value;
        if (hasSketch) pane.addToSketch(slot, this.#scale, value, count);
      }
    }
    pane.add(slot, of.count, of.sum ?? NaN, min ?? NaN, max ?? NaN, isFailure ? of.count : 0);
  }

  /** Whether a value would be the exemplar of its cell: none is larger. */
  isLargest(slot: number, timeMs: number, value: number): boolean {
    const kept = this.windows.pane(timeMs).exemplars[slot];
    return kept === undefined || value > kept.value;
  }

  setExemplar(slot: number, timeMs: number, exemplar: Exemplar): void {
    this.windows.pane(timeMs).setExemplar(slot, exemplar);
  }
}

/** How long a cumulative series may pause and go on. */
const inputExpiryMs = 3_600_000;

function middleOf(bounds: Float64Array, i: number): number {
  if (bounds.length === 0) return 0;
  if (i === 0) return bounds[0]! > 0 ? bounds[0]! / 2 : bounds[0]!;
  return i === bounds.length ? bounds[i - 1]! : (bounds[i - 1]! + bounds[i]!) / 2;
}

function resourceOf({ resourceAttributes }: Rule, attributes: AttributesView): PlainAttributes {
  if (resourceAttributes === undefined) return attributes.toPlain();
  const kept: Record<string, Plain> = {};
  for (const one of resourceAttributes) {
    const slot = attributes.find(one);
    if (slot >= 0) kept[one.text] = attributes.valueAt(slot).toPlain();
  }
  return kept;
}

function writeText(writer: ByteWriter, name: string, value: string): void {
  const at = writer.begin(tag);
  const nameAt = writer.begin(0x0a);
  writer.text(name);
  writer.end(nameAt);
  const valueAt = writer.begin(0x12);
  const textAt = writer.begin(0x0a);
  writer.text(value);
  writer.end(textAt);
  writer.end(valueAt);
  writer.end(at);
}
