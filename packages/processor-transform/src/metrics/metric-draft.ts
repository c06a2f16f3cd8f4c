import type { AttributesView, Key, MetricEdit, MetricView, PlainInput, ResourceView, ScopeView, ValueView } from '@millrace/wire';
import { OttlError } from '@millrace/ottl';
import type { MetricType } from '@millrace/wire';
import { encodeMetric, kindOf } from '@millrace/timeseries';
import type { PlainAttribute, PlainMetric } from '@millrace/timeseries';

/** A metric that a function made or converted, as later statements see it. */
export class MetricDraft implements Omit<MetricEdit, 'nameIn' | 'pointAttribute' | 'attributes'> {
  readonly plain: PlainMetric;
  readonly #source: MetricView;
  #metadataChanged = false;

  /** `source`: where resource, scope and metadata are. */
  constructor(plain: PlainMetric, source: MetricView) {
    this.plain = plain;
    this.#source = source;
  }

  get name(): string {
    return this.plain.name ?? '';
  }

  setName(value: string): void {
    this.plain.name = value;
  }

  get description(): string {
    return this.plain.description ?? '';
  }

  setDescription(value: string): void {
    this.plain.description = value;
  }

  get unit(): string {
    return this.plain.unit ?? '';
  }

  setUnit(value: string): void {
    this.plain.unit = value;
  }

  get type(): MetricType {
    return kindOf(this.plain) ?? 'empty';
  }

  get temporality(): number {
    return this.plain[kindOf(this.plain) ?? 'gauge']?.aggregationTemporality ?? 0;
  }

  setTemporality(value: number): void {
    this.plain[kindOf(this.plain)!]!.aggregationTemporality = value;
  }

  get isMonotonic(): boolean {
    return this.plain.sum?.isMonotonic ?? false;
  }

  setMonotonic(value: boolean): void {
    this.plain.sum!.isMonotonic = value;
  }

  get size(): number {
    return this.plain[kindOf(this.plain) ?? 'gauge']?.dataPoints.length ?? 0;
  }

  /** Of the value, whether it is a text and which is all that conditions ask. */
  pointAttribute({ text }: Key): Pick<ValueView, 'string'> | undefined {
    for (const { attributes } of this.plain[kindOf(this.plain) ?? 'gauge']?.dataPoints ?? []) {
      const found = attributes.find(({ key = '' }) => key === text);
      if (found !== undefined) return { string: () => (found.value?.['stringValue'] as string | undefined) ?? '' };
    }
    return undefined;
  }

  get metadata(): AttributesView {
    if (this.#metadataChanged) throw new OttlError('metadata that were set on a converted metric can be read by a later group only');
    return this.#source.metadata;
  }

  setMetadata(entries: ReadonlyMap<string, PlainInput>): void {
    this.#metadataChanged = true;
    this.plain.metadata = [...entries].map(([key, value]): PlainAttribute => ({ key, value: anyOf(value) }));
  }

  get resource(): ResourceView {
    return this.#source.resource;
  }

  get scope(): ScopeView {
    return this.#source.scope;
  }

  message(): Uint8Array {
    return encodeMetric(this.plain);
  }

  append(message: Uint8Array): void {
    (this.#source as MetricEdit).append(message);
  }
}

function anyOf(value: PlainInput): { [member: string]: unknown } {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'bigint':
      return { intValue: value };
    case 'number':
      return { doubleValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'undefined':
      return {};
    default:
  }
  if (value instanceof Uint8Array) return { bytesValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: (value as readonly PlainInput[]).map(anyOf) } };
  const entries =
    value instanceof Map ? [...(value as ReadonlyMap<string, PlainInput>)] : Object.entries(value as Readonly<Record<string, PlainInput>>);
  return { kvlistValue: { values: entries.map(([key, entry]) => ({ key, value: anyOf(entry) })) } };
}
