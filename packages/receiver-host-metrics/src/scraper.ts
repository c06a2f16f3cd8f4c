import type { Context } from '@millrace/api';
import type { HostFiles } from './host-files.ts';
import type { Recorder } from './recorder.ts';

/** What a metric is, in the words of OTLP. */
export interface MetricDefinition {
  readonly type: 'gauge' | 'sum';
  /** Sums: whether they only grow. All sums are cumulative. */
  readonly isMonotonic: boolean;
  readonly value: 'int' | 'double';
  readonly unit: string;
  readonly description: string;
  /** Keys of the attributes of its points, in their order. */
  readonly attributes: readonly string[];
  /** Whether it is on unless the configuration says otherwise. */
  readonly enabled: boolean;
}

/** The metrics of one scraper by name, in the order in which they are sent. */
export type MetricTable = Readonly<Record<string, MetricDefinition>>;

type Make = (
  value: MetricDefinition['value'],
  unit: string,
  description: string,
  attributes?: MetricDefinition['attributes'],
) => MetricDefinition;

/** A sum that only grows. */
export const counter: Make = (value, unit, description, attributes = []) => ({
  type: 'sum',
  isMonotonic: true,
  enabled: true,
  value,
  unit,
  description,
  attributes,
});

/** A sum that goes up and down: what is there now, addable over attributes. */
export const level: Make = (value, unit, description, attributes) => ({
  ...counter(value, unit, description, attributes),
  isMonotonic: false,
});

/** A gauge. */
export const gauge: Make = (value, unit, description, attributes) => ({ ...level(value, unit, description, attributes), type: 'gauge' });

/** The same metric, off by default. */
export const off = (definition: MetricDefinition): MetricDefinition => ({ ...definition, enabled: false });

/** How several values of one point become one, when attributes are left out. */
export type Aggregation = 'sum' | 'avg' | 'min' | 'max';

/** The checked settings of one metric. */
export interface MetricConfig {
  readonly enabled: boolean;
  readonly attributes?: readonly string[];
  readonly aggregation_strategy?: Aggregation;
}

/** The checked settings that every scraper has. */
export interface ScraperConfig {
  readonly metrics: Readonly<Record<string, MetricConfig>>;
}

/** Something that is measured at every collection. */
export interface Scraper {
  /**
   * Measures into the recorder. What fails in part is told to `Recorder.fail`; a throw means that nothing more can be had, and what was
   * recorded before stays.
   */
  scrape(out: Recorder): Promise<void> | void;
}

/** A kind of scraper: its metrics, its settings, and how one is made. */
export interface ScraperType<C extends ScraperConfig = ScraperConfig> {
  readonly metrics: MetricTable;
  /** JSON Schema properties beyond `metrics`. */
  readonly settings?: Readonly<Record<string, object>>;
  /** Every problem as `path: message`, path relative to the scraper. */
  validate?(config: C): readonly string[];
  make(config: C, files: HostFiles, context: Context): Scraper;
}
