import { contextNames } from '@millrace/ottl';
import type { ContextName, ErrorMode } from '@millrace/ottl';
import type { Signal } from '@millrace/api';
import type { ConditionGroup, FilterConfig } from './config.ts';

/** The signals that are filtered. */
export type FilteredSignal = Exclude<Signal, 'profiles'>;

/** Conditions that belong together. */
export interface Group {
  /** Where they stand in the configuration. */
  readonly path: string;
  /** Absent: inferred for each. */
  readonly context?: ContextName;
  readonly conditions: readonly string[];
  readonly errorMode: ErrorMode;
}

/** The contexts of each signal. */
export const contextsOf: Readonly<Record<FilteredSignal, readonly ContextName[]>> = {
  traces: ['resource', 'scope', 'span', 'spanevent'],
  metrics: ['resource', 'scope', 'metric', 'datapoint'],
  logs: ['resource', 'scope', 'log'],
};

const settingOf = { traces: 'trace_conditions', metrics: 'metric_conditions', logs: 'log_conditions' } as const;

/** The OTTL conditions for a signal; undefined when there are none, so that include and exclude count. */
export function conditionGroups(config: FilterConfig, signal: FilteredSignal): readonly Group[] | undefined {
  const setting = settingOf[signal];
  const inferred = config[setting];
  if (inferred !== undefined && inferred.length > 0) return inferredGroups(inferred, setting, config.error_mode);
  const lists: { readonly [context in ContextName]?: readonly string[] | undefined } = { ...config[signal], log: config.logs.log_record };
  const names: Partial<Record<ContextName, string>> = { log: 'log_record' };
  const groups = contextsOf[signal].flatMap((context): Group[] => {
    const conditions = lists[context];
    if (conditions === undefined) return [];
    return [{ path: `${signal}::${names[context] ?? context}`, context, conditions, errorMode: config.error_mode }];
  });
  return groups.length === 0 ? undefined : groups;
}

function inferredGroups(groups: readonly ConditionGroup[], path: string, errorMode: ErrorMode): readonly Group[] {
  const texts = groups.filter((group) => typeof group === 'string');
  if (texts.length > 0) return [{ path, conditions: texts, errorMode }];
  return groups.flatMap((group, index): Group[] => {
    if (typeof group === 'string') return [];
    const { context, conditions, error_mode = errorMode } = group;
    const known = contextNames.find((name) => name === context);
    return [{ path: `${path}::${index}`, ...(known !== undefined && { context: known }), conditions, errorMode: error_mode }];
  });
}

/** What is wrong with the way the conditions are written; their texts are not looked at. */
export function problemsOfStyle(config: FilterConfig): string[] {
  return Object.entries(settingOf).flatMap(([signal, setting]) => {
    const groups = config[setting] ?? [];
    if (groups.some((group) => typeof group === 'string') && groups.some((group) => typeof group !== 'string'))
      return [
        `${setting}: configuring multiple configuration styles is not supported, please use only Basic configuration or only Advanced configuration`,
      ];
    return groups.flatMap((group, index) => {
      if (typeof group === 'string' || group.context === undefined) return [];
      if (contextsOf[signal as FilteredSignal].some((name) => name === group.context)) return [];
      return [`${setting}::${index}: unknown context "${group.context}" for conditions: [${group.conditions.join(' ')}]`];
    });
  });
}
