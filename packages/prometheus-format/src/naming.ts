import { labelName, translationStrategies } from './names.ts';
import type { NameOptions } from './names.ts';

/** The checked settings by which an exporter names metrics and labels. */
export interface NamingConfig {
  readonly namespace: string;
  readonly add_metric_suffixes: boolean;
  /** Empty: by `add_metric_suffixes`. */
  readonly translation_strategy: string;
}

/** JSON Schemas of `NamingConfig`. */
export const namingProperties: Readonly<Record<keyof NamingConfig, object>> = {
  namespace: { type: 'string', default: '', description: 'Put before every metric name, with an underscore.' },
  add_metric_suffixes: {
    type: 'boolean',
    default: true,
    'x-deprecated': 'use translation_strategy',
    description: 'Append units and types to metric names. Without effect when translation_strategy is set.',
  },
  translation_strategy: {
    type: 'string',
    default: '',
    description: `How metric and attribute names become Prometheus names, with suffixes for unit and type or without: one of ${Object.keys(translationStrategies).join(', ')}. Empty: as add_metric_suffixes says, with underscores.`,
  },
};

/** What is wrong with the naming, in the Collector's words; for `validateConfig`. */
export function namingProblems({ translation_strategy: strategy }: NamingConfig): string[] {
  return strategy === '' || translationStrategies[strategy] !== undefined ? [] : [`invalid translation_strategy: ${strategy}`];
}

/** How the metrics of an exporter are named. */
export function nameOptions({ namespace, translation_strategy: strategy, add_metric_suffixes: suffixes }: NamingConfig): NameOptions {
  return { namespace, ...(translationStrategies[strategy] ?? { suffixes, utf8: false }) };
}

/** The name of the metric that describes targets. */
export function targetInfoName({ namespace, utf8 }: NameOptions): string {
  if (namespace === undefined || namespace === '') return 'target_info';
  try {
    return `${labelName(namespace, { utf8 })}_target_info`;
  } catch {
    return 'target_info';
  }
}
