import { compileConditions, compileStatements, conditionFunctions, inferContext, standardFunctions } from '@millrace/ottl';
import type { Condition, ContextName, ErrorMode, FailureReport, FunctionDefinition, Statements } from '@millrace/ottl';
import type { Signal } from '@millrace/api';
import type { StatementGroup, StatementItem, TransformConfig } from './config.ts';
import { parseClf } from './logs/parse-clf.ts';
import { parseLeef } from './logs/parse-leef.ts';
import { aggregateFunctions } from './metrics/aggregate-functions.ts';
import { convertFunctions } from './metrics/convert-functions.ts';
import { extractFunctions } from './metrics/extract-functions.ts';
import { mergeHistogramBuckets } from './metrics/merge-buckets.ts';
import { MetricRewriter } from './metrics/metric-rewriter.ts';
import { setSemconvSpanName } from './traces/set-semconv-span-name.ts';

/** The signals that are changed. */
export type TransformedSignal = Exclude<Signal, 'profiles'>;

const settings = { traces: 'trace_statements', metrics: 'metric_statements', logs: 'log_statements' } as const;

const contextsOf: Readonly<Record<TransformedSignal, readonly ContextName[]>> = {
  traces: ['resource', 'scope', 'span', 'spanevent'],
  metrics: ['resource', 'scope', 'metric', 'datapoint'],
  logs: ['resource', 'scope', 'log'],
};

/** What compiled groups need of their host. */
export interface GroupHost {
  /** Nanoseconds since the epoch. */
  now(): bigint;
  readonly onFailure: (context: ContextName) => FailureReport;
}

/** A compiled group of statements. */
export interface CompiledGroup {
  readonly context: ContextName;
  readonly errorMode: ErrorMode;
  /** Absent: every item is changed. */
  readonly condition: Condition | undefined;
  /** Whether the condition reads data points when it is asked about their metric. */
  readonly readsAhead: boolean;
  readonly statements: Statements;
  /** What its functions do to metrics. */
  readonly rewriter: MetricRewriter;
}

/** The groups of a signal, as they are written: single statements behind them are one more group. Throws when a single one stands before a group. */
export function groupsOf(config: TransformConfig, signal: TransformedSignal): readonly StatementGroup[] {
  const setting = settings[signal];
  const groups: StatementGroup[] = [];
  const single: string[] = [];
  for (const item of config[setting] as readonly (StatementItem | undefined)[]) {
    if (item === null || item === undefined) throw new Error(`invalid ${setting} item: empty statement list items are not supported`);
    if (typeof item === 'string') single.push(item);
    else if (single.length === 0) groups.push(item);
    else {
      throw new Error(
        'configuring multiple configuration styles is not supported, please use only Basic configuration or only Advanced configuration',
      );
    }
  }
  if (single.length > 0) groups.push({ conditions: [], statements: single });
  return groups;
}

/** Compiles a group. Throws an Error in the words of the Collector. */
export function compileGroup(group: StatementGroup, signal: TransformedSignal, defaultMode: ErrorMode, host: GroupHost): CompiledGroup {
  const { conditions, statements, error_mode: errorMode = defaultMode } = group;
  const rewriter = new MetricRewriter();
  const functions: readonly FunctionDefinition[] = [
    ...standardFunctions,
    setSemconvSpanName,
    parseClf,
    parseLeef,
    mergeHistogramBuckets,
    ...convertFunctions(rewriter),
    ...extractFunctions(rewriter),
    ...aggregateFunctions(rewriter),
  ];
  const contexts = contextsOf[signal];
  const given = contexts.find((name) => name === group.context);
  if (group.context !== undefined && given === undefined) {
    throw new Error(`unknown context "${group.context}" for statements: [${statements.join(' ')}]`);
  }
  const context = given ?? inferContext({ statements, conditions }, contexts, functions);
  const options = { qualified: given === undefined, now: host.now, errorMode, onFailure: host.onFailure(context) };
  let readsAhead = false;
  const asking = conditionFunctions(() => (readsAhead = true));
  const condition = conditions.length === 0 ? undefined : compileConditions(context, conditions, { ...options, functions: asking });
  return {
    context,
    errorMode,
    rewriter,
    condition,
    readsAhead,
    statements: compileStatements(context, statements, { ...options, functions }),
  };
}
