import { key } from '@millrace/api';
import type { MetricView } from '@millrace/api';
import type { MetricType } from '@millrace/wire';
import type { ByteArena } from './byte-arena.ts';
import { Family } from './family.ts';
import type { FamilyType } from './metric-family.ts';
import { metricName, unitName } from './names.ts';
import type { NameOptions } from './names.ts';
import { targetInfoName } from './naming.ts';
import { exponentialFields, histogramFields, numberFields, summaryFields } from './point-scan.ts';
import type { PointFields } from './point-scan.ts';

const cumulative = 2;
const delta = 1;

/** Set by the Collector's prometheus receiver on gauges that were untyped. */
const typeKey = key('prometheus.type');

/** What becomes of the points of a metric: their family, or why they are dropped. */
export interface Target {
  readonly family: Family | undefined;
  readonly refusal: string;
  readonly fields: PointFields;
  readonly isDelta: boolean;
  readonly type: MetricType;
}

/** More metrics than this are not kept by name: they are looked up again. */
const maxTargets = 100_000;

/** All families by the names that they are exposed with: each name has one type and one help text, those that came first. */
export class Families {
  readonly targetInfoName: string;
  readonly #options: NameOptions;
  readonly #arena: ByteArena;
  readonly #say: (sentence: string, about: string) => void;
  readonly #families = new Map<string, Family>();
  readonly #targets = new Map<string, Target>();
  #sorted: readonly Family[] | undefined;

  constructor(options: NameOptions, arena: ByteArena, say: (sentence: string, about: string) => void) {
    this.#options = options;
    this.targetInfoName = targetInfoName(options);
    this.#arena = arena;
    this.#say = say;
  }

  get size(): number {
    return this.#families.size;
  }

  /** In order of their names. */
  sorted(): readonly Family[] {
    this.#sorted ??= [...this.#families.values()].toSorted((a, b) => (a.header.name < b.header.name ? -1 : 1));
    return this.#sorted;
  }

  /** Forgets a family, so that its name can have another type. */
  remove(family: Family): void {
    this.#families.delete(family.header.name);
    this.#targets.clear();
    this.#sorted = undefined;
  }

  clear(): void {
    this.#families.clear();
    this.#targets.clear();
    this.#sorted = undefined;
  }

  /** What becomes of the points of a metric. The family is made when there is none of its name. */
  find(metric: MetricView): Target {
    const { type, name, unit, temporality, isMonotonic } = metric;
    const id = `${type} ${temporality} ${isMonotonic} ${unit}\0${name}`;
    let target = this.#targets.get(id);
    // A family goes when its last series expires.
    if (target?.family !== undefined && this.#families.get(target.family.header.name) !== target.family) target = undefined;
    if (target === undefined) {
      if (this.#targets.size >= maxTargets) this.#targets.clear();
      this.#targets.set(id, (target = this.#makeTarget(metric)));
    }
    const help = target.family?.header.help;
    if (help !== undefined && help !== metric.description) {
      this.#say('Instrument description conflict, using existing', target.family!.header.name);
    }
    return target;
  }

  #makeTarget(metric: MetricView): Target {
    const { type, temporality, isMonotonic, name, unit } = metric;
    const isSum = type === 'sum';
    const refused = (refusal: string): Target => ({ family: undefined, refusal, fields: numberFields, isDelta: false, type });
    if (type === 'empty') return refused('no_data');
    const hasTemporality = isSum || type === 'histogram' || type === 'exponentialHistogram';
    if (hasTemporality && temporality !== delta && temporality !== cumulative) return refused('unspecified_temporality');
    if (isSum && temporality === delta && !isMonotonic) return refused('non_monotonic_delta');
    const isCounter = isSum && isMonotonic;
    const exposedType: FamilyType = isCounter
      ? 'counter'
      : type === 'summary'
        ? 'summary'
        : type === 'gauge' || isSum
          ? metric.metadata.string(typeKey) === 'unknown'
            ? 'unknown'
            : 'gauge'
          : 'histogram';
    let exposed: string;
    try {
      exposed = metricName(name, unit, isCounter ? 'counter' : type === 'gauge' ? 'gauge' : 'other', this.#options);
    } catch (error) {
      this.#say('failed to convert metric', (error as Error).message);
      return refused('invalid_name');
    }
    const fields =
      type === 'histogram'
        ? histogramFields
        : type === 'exponentialHistogram'
          ? exponentialFields
          : type === 'summary'
            ? summaryFields
            : numberFields;
    const family = this.#familyOf(exposed, exposedType, metric, fields.isNumber);
    return family === undefined ? refused('type_conflict') : { family, refusal: '', fields, isDelta: temporality === delta, type };
  }

  #familyOf(name: string, type: FamilyType, metric: MetricView, isNumber: boolean): Family | undefined {
    const existing = this.#families.get(name);
    if (existing !== undefined) {
      const known = existing.header.type;
      if (known === type || (isNumber && known !== 'counter' && type !== 'counter' && existing.isNumber)) return existing;
      const conflict = `instrument: ${name}, existing: ${known.toUpperCase()}, dropped: ${type.toUpperCase()}`;
      this.#say('instrument type conflict, using existing type definition', conflict);
      return undefined;
    }
    const other = this.#collision(name, type);
    if (other !== undefined) {
      this.#say('instrument type conflict, using existing type definition', `instrument: ${name} has the samples of ${other}`);
      return undefined;
    }
    const family = new Family(
      { name, type, help: metric.description, unit: unitName(metric.unit, this.#options.utf8) },
      isNumber,
      this.#arena,
    );
    this.#families.set(name, family);
    this.#sorted = undefined;
    return family;
  }

  /** A name that has samples of the same names, because of the suffixes of histograms and summaries. */
  #collision(name: string, type: FamilyType): string | undefined {
    if (name === this.targetInfoName) return name;
    const suffixed = (of: FamilyType): readonly string[] =>
      of === 'histogram' ? ['_bucket', '_sum', '_count'] : of === 'summary' ? ['_sum', '_count'] : [];
    for (const suffix of suffixed(type)) if (this.#families.has(name + suffix)) return name + suffix;
    for (const suffix of suffixed('histogram')) {
      const base = name.endsWith(suffix) ? this.#families.get(name.slice(0, -suffix.length)) : undefined;
      if (base !== undefined && suffixed(base.header.type).includes(suffix)) return base.header.name;
    }
    return undefined;
  }
}
