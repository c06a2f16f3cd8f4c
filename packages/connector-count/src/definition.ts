import { compileConditions, type Condition, conditionFunctions, type ContextName } from '@millrace/ottl';
import { type CountConfig, defaults, type Kind, kinds, type MetricConfig, type MetricConfigs } from './config.ts';
import { type Key, key, type Plain } from '@millrace/api';

/** A metric that counts. */
export interface Definition {
  readonly name: string;
  readonly description: string;
  /** Absent: everything counts. */
  readonly condition: Condition | undefined;
  readonly attributes: readonly { readonly key: Key; readonly fallback: Plain; readonly hasFallback: boolean }[];
}

const contexts: { readonly [kind in Kind]: ContextName } = {
  spans: 'span',
  spanevents: 'spanevent',
  metrics: 'metric',
  datapoints: 'datapoint',
  logs: 'log',
};

const functions = conditionFunctions();

/** The metrics of a kind. Throws an Error for a condition that is wrong. */
export function definitionsOf(config: CountConfig, kind: Kind, now: () => bigint): readonly Definition[] {
  const given = config[kind] ?? {};
  const metrics: MetricConfigs = Object.keys(given).length > 0 ? given : defaults[kind];
  return Object.entries(metrics).map(([name, metric]) => ({
    name,
    description: metric?.description ?? '',
    condition: conditionOf(metric, kind, now),
    attributes: (metric?.attributes ?? []).map(({ key: text, default_value: fallback }) => ({
      key: key(text),
      fallback: plainOf(fallback),
      hasFallback: fallback !== undefined && fallback !== null,
    })),
  }));
}

function conditionOf(metric: MetricConfig | null | undefined, kind: Kind, now: () => bigint): Condition | undefined {
  const conditions = metric?.conditions ?? [];
  if (conditions.length === 0) return undefined;
  return compileConditions(contexts[kind], conditions, { functions, now, errorMode: 'propagate', onFailure: () => undefined });
}

/** A value of the configuration as that of an attribute: a number without a fraction is an int. */
function plainOf(value: unknown): Plain {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainOf(inner)]));
  return value === null ? undefined : (value as Plain);
}

/** The first mistake, in the Collector's words. */
export function validateConfig(config: CountConfig): readonly string[] {
  for (const kind of kinds) {
    for (const [name, metric] of Object.entries(config[kind] ?? {})) {
      if (name === '') return [`${kind}: metric name missing`];
      try {
        conditionOf(metric, kind, () => 0n);
      } catch (error) {
        return [`${kind} condition: metric ${JSON.stringify(name)}: ${(error as Error).message}`];
      }
      const attributes = metric?.attributes ?? [];
      if (kind === 'metrics' && attributes.length > 0) return [`metrics attributes not supported: metric ${JSON.stringify(name)}`];
      if (attributes.some(({ key: text }) => text === '')) {
        return [`${kind === 'datapoints' ? 'spans' : kind} attributes: metric ${JSON.stringify(name)}: attribute key missing`];
      }
    }
  }
  return [];
}
