import { attributesTags, SeriesKey, writeAttribute } from '@millrace/timeseries';
import type { AttributesView, MetricView, Plain, PlainAttributes, ResourceView } from '@millrace/wire';
import { ByteWriter } from '@millrace/wire';
import type { Group, OutputSeries } from './output-series.ts';
import type { Pressure } from './pressure.ts';
import type { Rule } from './rule.ts';

/** Places in an identity. */
const [resourcePlace, groupPlace, dimensionPlace] = [1, 10, 100];
const overflowPlace = 50;
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

/** Something that names an attribute of an item which is no attribute, such as `span.name`. */
export type Pseudo = (name: string) => string | undefined;

/** Finds the group and the series that an item belongs to, and makes them when they are new. Under memory pressure new ones are folded. */
export class SeriesLookup {
  identity: SeriesKey = new SeriesKey();
  /** Items that were counted in a series that stands for others. */
  foldedItems = 0;
  readonly #output: OutputSeries;
  readonly #pressure: Pressure;
  readonly #hasRoom: () => boolean;
  readonly #point = new Int32Array(4);
  readonly #attributes = new ByteWriter();

  /** `hasRoom`: whether one more series may be remembered, when only overflow series are new. */
  constructor(output: OutputSeries, pressure: Pressure, hasRoom: () => boolean) {
    this.#output = output;
    this.#pressure = pressure;
    this.#hasRoom = hasRoom;
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
    const found = this.#output.group(identity.words);
    if (found !== undefined) return found;
    if (this.#pressure.level < 3) return this.#output.addGroup(identity.words, rule, name, unit, resourceOf(rule, attributes));
    // A new resource: its items go to the metric without one.
    const { words } = this.identity
      .start()
      .number(rule.index, groupPlace)
      .text(name, groupPlace + 1)
      .text(unit, groupPlace + 2)
      .number(0, overflowPlace);
    const common = this.#output.group(words);
    if (common !== undefined || !this.#hasRoom()) return common;
    return this.#output.addGroup(words, rule, name, unit, {});
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
    const found = this.#output.map.find(identity.words);
    if (found >= 0) {
      if (seen > this.#output.map.seen(found)) this.#output.map.touch(found, seen);
      return found;
    }
    if (this.#pressure.level >= 3) return this.#overflow(group, seen);
    this.#point.set(identity.words);
    this.#writeAttributes(rule, attributes, pseudo);
    return this.#output.add(this.#point, group, this.#attributes.buffer, this.#attributes.position, seen);
  }

  /** The series that a group's new ones are folded into. */
  #overflow(group: Group, seen: number): number {
    this.foldedItems++;
    if (group.overflow < 0) {
      if (!this.#hasRoom()) return -1;
      const { words } = this.identity.start(group.words).number(1, overflowPlace);
      group.overflow = this.#output.map.find(words);
      if (group.overflow < 0) group.overflow = this.#output.add(words, group, overflowAttributes, overflowAttributes.length, seen);
    }
    if (seen > this.#output.map.seen(group.overflow)) this.#output.map.touch(group.overflow, seen);
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
