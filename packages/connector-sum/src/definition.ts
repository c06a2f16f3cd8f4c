import { type Key, key, type Plain } from '@millrace/api';
import { compileConditions, type Condition, conditionFunctions, type ContextName } from '@millrace/ottl';
import { type Kind, kinds, type MetricConfig, type SumConfig } from './config.ts';

/** A metric that sums. */
export interface Definition {
  readonly name: string;
  readonly description: string;
  readonly source: Key;
  /** Absent: everything is summed. */
  readonly condition: Condition | undefined;
  readonly attributes: readonly { readonly key: Key; readonly fallback: Plain }[];
}

const contexts: { readonly [kind in Kind]: ContextName } = { spans: 'span', spanevents: 'spanevent', datapoints: 'datapoint', logs: 'log' };

const functions = conditionFunctions();

/** The metrics of a kind. Throws an Error for a condition that is wrong. */
export function definitionsOf(config: SumConfig, kind: Kind, now: () => bigint): readonly Definition[] {
  return Object.entries(config[kind]).map(([name, metric]) => ({
    name,
    description: metric.description,
    source: key(metric.source_attribute),
    condition: conditionOf(metric, kind, now),
    attributes: metric.attributes.map(({ key: text, default_value: fallback }) => ({ key: key(text), fallback: fallbackOf(fallback) })),
  }));
}

function conditionOf({ conditions }: MetricConfig, kind: Kind, now: () => bigint): Condition | undefined {
  if (conditions.length === 0) return undefined;
  return compileConditions(contexts[kind], conditions, { functions, now, errorMode: 'propagate', onFailure: () => undefined });
}

/** Texts and numbers; an empty one is none. */
function fallbackOf(value: unknown): Plain {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value !== 'number' || value === 0) return undefined;
  return Number.isSafeInteger(value) ? BigInt(value) : value;
}

/** Every mistake, in the Collector's words. */
export function validateConfig(config: SumConfig): readonly string[] {
  const problems: string[] = [];
  for (const kind of kinds) {
    for (const [name, metric] of Object.entries(config[kind])) {
      if (name === '') problems.push(`${kind}: metric name missing`);
      if (metric.source_attribute === '') problems.push(`${kind}: metric source_attribute missing`);
      try {
        conditionOf(metric, kind, () => 0n);
      } catch (error) {
        problems.push(`${kind} condition: metric ${JSON.stringify(name)}: ${(error as Error).message}`);
      }
      if (metric.attributes.some(({ key: text }) => text === '')) {
        problems.push(`${kind} attributes: metric ${JSON.stringify(name)}: attribute key missing`);
      }
    }
  }
  return problems;
}
