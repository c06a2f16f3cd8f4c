import { conditionGroups, contextsOf, problemsOfStyle } from './condition-groups.ts';
import type { FilteredSignal } from './condition-groups.ts';
import { Conditions } from './conditions.ts';
import type { FilterConfig } from './config.ts';
import { severityOf } from './severity.ts';

const noHost = { now: (): bigint => 0n, reportFor: () => () => {} };

/** What is wrong with a configuration, in the Collector's words. */
export function validateConfig(config: FilterConfig): string[] {
  const problems = [...problemsOfMixing(config), ...problemsOfStyle(config)];
  if (problems.length > 0) return problems;
  for (const signal of Object.keys(contextsOf) as FilteredSignal[]) {
    for (const group of conditionGroups(config, signal) ?? []) {
      try {
        void new Conditions(signal, [group], noHost);
      } catch (error) {
        problems.push((error as Error).message);
      }
    }
  }
  for (const side of ['include', 'exclude'] as const) {
    const min = config.logs[side]?.severity_number?.min;
    if (min !== undefined && severityOf(min) === undefined)
      problems.push(`logs::${side}::severity_number: '${min}' is not a valid severity: not a valid severity`);
  }
  return problems;
}

function problemsOfMixing({ trace_conditions, metric_conditions, log_conditions, traces, metrics, logs, spans }: FilterConfig): string[] {
  const tracesByContext = traces.resource ?? traces.span ?? traces.spanevent;
  const metricsByContext = metrics.resource ?? metrics.metric ?? metrics.datapoint;
  const logsByContext = logs.resource ?? logs.log_record;
  const problems: string[] = [];
  const notBoth = (one: unknown, other: unknown, message: string): void => {
    if (one !== undefined && other !== undefined) problems.push(message);
  };
  notBoth(
    trace_conditions,
    tracesByContext,
    'cannot use context inferred trace conditions "trace_conditions" and the settings "traces.resource", "traces.span", "traces.spanevent" at the same time',
  );
  notBoth(
    metric_conditions,
    metricsByContext ?? metrics.include ?? metrics.exclude,
    'cannot use context inferred metric conditions "metric_conditions" and the settings "metrics.resource", "metrics.metric", "metrics.datapoint", "metrics.include", "metrics.exclude" at the same time',
  );
  notBoth(
    log_conditions,
    logsByContext ?? logs.include ?? logs.exclude,
    'cannot use context inferred log conditions "log_conditions" and the settings "logs.resource", "logs.log", "logs.include", "logs.exclude" at the same time',
  );
  notBoth(
    tracesByContext,
    spans.include ?? spans.exclude,
    'cannot use "traces.resource", "traces.span", "traces.spanevent" and the span settings "spans.include", "spans.exclude" at the same time',
  );
  notBoth(
    metricsByContext,
    metrics.include ?? metrics.exclude,
    'cannot use "metrics.resource", "metrics.metric", "metrics.datapoint" and the settings "metrics.include", "metrics.exclude" at the same time',
  );
  notBoth(
    logsByContext,
    logs.include ?? logs.exclude,
    'cannot use "logs.resource", "logs.log" and the settings "logs.include", "logs.exclude" at the same time',
  );
  return problems;
}
