import type { LabelValue } from './series.ts';

/** The kinds of instruments. `updown` is OpenTelemetry's UpDownCounter. */
export type InstrumentKind = 'counter' | 'updown' | 'gauge' | 'histogram' | 'summary';

/** What every instrument may say of itself. */
export interface InstrumentOptions<Label extends string = never> {
  /** UCUM, such as `s`, `By`, `{request}` or `1`; at most 63 ASCII characters. Default none. */
  readonly unit?: string;
  /** What is measured, for people. Default none. */
  readonly description?: string;
  /** The names of all labels that a measurement can have. Default none. */
  readonly labels?: readonly Label[];
}

/** What a histogram may say besides. */
export interface HistogramOptions<Label extends string = never> extends InstrumentOptions<Label> {
  /** Upper, inclusive bounds of the buckets in ascending order. Default: those of OpenTelemetry, 0 to 10000. */
  readonly boundaries?: readonly number[];
  /** Buckets of powers of a base that fits itself to the values, instead of `boundaries`. Default false. */
  readonly exponential?: boolean;
}

/** What a summary may say besides. */
export interface SummaryOptions<Label extends string = never> extends InstrumentOptions<Label> {
  /** Between 0 and 1. Default 0.5, 0.9, 0.95 and 0.99. */
  readonly quantiles?: readonly number[];
  /** Quantiles are of the values of the last so many milliseconds; count and sum are of all. Default 10 minutes. */
  readonly windowMs?: number;
}

/** An instrument as it was registered, defaults filled in. */
export interface Definition {
  readonly name: string;
  readonly kind: InstrumentKind;
  readonly unit: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly boundaries: readonly number[];
  readonly exponential: boolean;
  readonly quantiles: readonly number[];
  readonly windowMs: number;
}

/** The values of all labels of a measurement. Absent and '' are the same; a number or boolean and its text are the same series. */
export type Labels<Label extends string> = Readonly<Record<Label, LabelValue | undefined>>;

/** The boundaries that OpenTelemetry gives histograms that have none of their own. */
export const defaultBoundaries: readonly number[] = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];
const defaultQuantiles = [0.5, 0.9, 0.95, 0.99];
const defaultWindowMs = 600_000;

const maxNameLength = 255;
const maxUnitLength = 63;
const validName = /^[A-Za-z][A-Za-z0-9_.\-/]*$/;
/** The label of what exceeds the limit of series, by OpenTelemetry's specification. */
export const overflowLabel = 'otel.metric.overflow';

/** The definition of an instrument. Throws an Error for a name, unit, label, boundary or quantile that cannot be, with the nearest that can. */
export function define(name: string, kind: InstrumentKind, options: HistogramOptions<string> & SummaryOptions<string> = {}): Definition {
  const { unit = '', description = '', labels = [], exponential = false, windowMs = defaultWindowMs } = options;
  const boundaries = kind === 'histogram' && !exponential ? (options.boundaries ?? defaultBoundaries) : [];
  const quantiles = kind === 'summary' ? (options.quantiles ?? defaultQuantiles) : [];
  checkName(name);
  // eslint-disable-next-line no-control-regex
  if (unit.length > maxUnitLength || !/^[\x20-\x7e]*$/.test(unit)) {
    throw new Error(`instrument ${quoted(name)}: unit ${quoted(unit)} is not at most ${maxUnitLength} ASCII characters`);
  }
  labels.forEach((label, place) => {
    const problem = labelProblem(label, labels.indexOf(label) < place);
    if (problem !== undefined) throw new Error(`instrument ${quoted(name)}: label ${quoted(label)} ${problem}`);
  });
  boundaries.forEach((bound, i) => {
    if (!Number.isFinite(bound) || (i > 0 && bound <= boundaries[i - 1]!)) {
      throw new Error(`instrument ${quoted(name)}: boundaries must be finite and ascending, but boundary ${i} is ${bound}`);
    }
  });
  const bad = quantiles.find((quantile) => !(quantile >= 0 && quantile <= 1));
  if (bad !== undefined) throw new Error(`instrument ${quoted(name)}: quantile ${bad} is not between 0 and 1`);
  if (!(windowMs > 0)) throw new Error(`instrument ${quoted(name)}: windowMs must be above 0, but is ${windowMs}`);
  return {
    name,
    kind,
    unit,
    description,
    labels: [...labels],
    boundaries: [...boundaries],
    exponential: kind === 'histogram' && exponential,
    quantiles: [...quantiles],
    windowMs,
  };
}

function checkName(name: string): void {
  if (typeof name === 'string' && validName.test(name) && name.length <= maxNameLength) return;
  const rule = `a letter, then letters, digits, "_", ".", "-" and "/", at most ${maxNameLength} characters`;
  throw new Error(`instrument name ${quoted(name)} is not valid (${rule}); the nearest valid name is ${quoted(validNameNear(name))}`);
}

/** The valid instrument name that is nearest to any text. */
export function validNameNear(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_.\-/]+/g, '_')
    .replace(/^[^A-Za-z]+/, '')
    .replace(/(?<=.)_+$/, '')
    .slice(0, maxNameLength);
  if (plain !== '') return plain;
  const rest = name.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  return rest === '' ? 'metric' : `m${rest}`.slice(0, maxNameLength);
}

function labelProblem(label: string, isRepeated: boolean): string | undefined {
  if (typeof label !== 'string' || label === '') return 'is no name';
  if (label === overflowLabel) return 'is reserved for what exceeds the limit of series';
  if (isRepeated) return 'is there twice';
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]|^\s|\s$/.test(label))
    return `has spaces around it or control characters; the nearest valid name is ${quoted(validNameNear(label))}`;
  if (label.length > maxNameLength) return `is longer than ${maxNameLength} characters`;
  return undefined;
}

/** How two definitions of one name differ, in words; undefined when they are the same. */
export function difference(a: Definition, b: Definition): string | undefined {
  const parts: string[] = [];
  for (const field of ['kind', 'unit', 'description', 'labels', 'boundaries', 'exponential', 'quantiles', 'windowMs'] as const) {
    const [was, now] = [JSON.stringify(a[field]), JSON.stringify(b[field])];
    if (was !== now) parts.push(`${field} ${was} and ${now}`);
  }
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** A name in an error, never long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
