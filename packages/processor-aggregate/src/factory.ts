import type { ConnectorFactory, ProcessorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { AggregateStage } from './aggregate-stage.ts';
import { type AggregateConfig, configSchema, type RuleConfig } from './config.ts';
import { plainAggregations, shareOf } from './rule.ts';
import { windowLengths } from './windows.ts';

/** The most panes that the longest window may have: each is merged into it. */
const maxPanes = 100_000;

function validateConfig(config: AggregateConfig): string[] {
  const problems: string[] = [];
  const { windows } = config;
  if (windows.length === 0) problems.push('windows: must have at least one length');
  windows.forEach((text, i) => {
    const ms = isDuration(text) ? durationMs(text) : 0;
    if (ms < 1000 || !Number.isInteger(ms / 1000)) problems.push(`windows::${i}: must be a whole number of seconds, such as 1m: ${text}`);
  });
  if (new Set(windows).size < windows.length) problems.push('windows: must not repeat a length');
  if (problems.length === 0) {
    const { lengths, paneMs } = windowLengths(windows);
    if (Math.max(...lengths.map(({ ms }) => ms)) / paneMs > maxPanes) problems.push('windows: must have a longer common divisor');
  }
  for (const [path, rules] of Object.entries({ metrics: config.metrics, spans: config.spans, logs: config.logs })) {
    rules.forEach((rule, i) => problems.push(...ruleProblems(`${path}::${i}`, rule)));
  }
  config.logs.forEach(({ value }, i) => {
    if (value === 'duration') problems.push(`logs::${i}::value: a log record has no duration`);
  });
  if (durationMs(config.checkpoint_interval) < 1000) problems.push('checkpoint_interval: must be at least 1s');
  return problems;
}

function ruleProblems(path: string, { aggregations }: RuleConfig): string[] {
  if (aggregations.length === 0) return [`${path}::aggregations: must name at least one`];
  return aggregations
    .filter((name) => !plainAggregations.includes(name) && shareOf(name) === undefined)
    .map((name) => `${path}::aggregations: unknown aggregation: ${name}`);
}

function isDuration(text: string): boolean {
  try {
    return durationMs(text) > 0;
  } catch {
    return false;
  }
}

/** Processor `aggregate`: aggregates metrics over windows of event time. */
export const factory: ProcessorFactory<AggregateConfig> = {
  kind: 'processor',
  type: 'aggregate',
  stability: { metrics: 'beta' },
  configSchema,
  // A window is of all data.
  scope: 'process',
  validateConfig,
  create: (config, next, context) => new AggregateStage(config, next, context, true),
};

/** Connector `aggregate`: makes aggregated metrics of spans, log records or metrics. */
export const connectorFactory: ConnectorFactory<AggregateConfig> = {
  kind: 'connector',
  type: 'aggregate',
  signals: { traces: { metrics: 'beta' }, logs: { metrics: 'beta' }, metrics: { metrics: 'beta' } },
  configSchema,
  scope: 'process',
  validateConfig,
  create: (config, next, context) => new AggregateStage(config, next.all, context, false),
};
