import type { ConnectorFactory, ProcessorFactory, Signal } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { overrideProblems } from '@millrace/genai';
import { AnomalyStage } from './anomaly-stage.ts';
import type { AnomalyConfig } from './config.ts';
import { configSchema } from './config.ts';
import { Hours } from './hours.ts';

function validateConfig(config: AnomalyConfig): string[] {
  const problems: string[] = [];
  const { group_by, interval, metrics_interval, checkpoint_interval, rolling_window, time_zone, known_events, prices } = config;
  if (group_by.length === 0) problems.push('group_by: must have at least one list');
  group_by.forEach((names, i) => {
    if (new Set(names).size < names.length) problems.push(`group_by::${i}: must not repeat a name`);
  });
  const intervalMs = durationMs(interval);
  if (intervalMs < 1000 || intervalMs > 3_600_000 || !Number.isInteger(3_600_000 / intervalMs))
    problems.push(`interval: must be a part of an hour, and at least 1s: ${interval}`);
  if (durationMs(metrics_interval) < 1) problems.push('metrics_interval: must be at least 1ms');
  if (durationMs(checkpoint_interval) < 1) problems.push('checkpoint_interval: must be at least 1ms');
  if (durationMs(rolling_window) < 3_600_000) problems.push('rolling_window: must be at least 1h');
  try {
    new Hours(time_zone).set(0);
  } catch {
    problems.push(`time_zone: is not known: ${time_zone}`);
  }
  known_events.forEach(({ from, until }, i) => {
    if (Number.isNaN(Date.parse(from))) problems.push(`known_events::${i}::from: is no ISO 8601 time: ${from}`);
    else if (Number.isNaN(Date.parse(until))) problems.push(`known_events::${i}::until: is no ISO 8601 time: ${until}`);
    else if (Date.parse(until) <= Date.parse(from)) problems.push(`known_events::${i}::until: must be after from`);
  });
  return [...problems, ...overrideProblems(prices.overrides, 'prices::overrides')];
}

/** Processor `anomaly`: tags spans of calls while one of their groups is not as usual. */
export const factory: ProcessorFactory<AnomalyConfig> = {
  kind: 'processor',
  type: 'anomaly',
  stability: { traces: 'beta' },
  configSchema,
  // What is usual is so of all data.
  scope: 'process',
  validateConfig,
  create: (config, next, context) => new AnomalyStage(config, next, context, { items: true, events: false, metrics: false }),
};

/** Connector `anomaly`: passes on what comes in, tagged, and makes log records of onsets and ends and metrics of what is expected. */
export const connectorFactory: ConnectorFactory<AnomalyConfig> = {
  kind: 'connector',
  type: 'anomaly',
  signals: { traces: { traces: 'beta', logs: 'beta', metrics: 'beta' } },
  configSchema,
  scope: 'process',
  validateConfig,
  create: (config, next, context) => {
    const [pipeline] = next.byPipeline.keys();
    const out = pipeline?.split('/')[0] as Signal | undefined;
    const outputs = { items: out === context.signal, events: out === 'logs', metrics: out === 'metrics' };
    return new AnomalyStage(config, next.all, context, outputs, out);
  },
};
