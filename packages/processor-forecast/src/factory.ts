import type { ConnectorFactory, ProcessorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { configSchema } from './config.ts';
import type { ForecastConfig } from './config.ts';
import { ForecastStage } from './forecast-stage.ts';
import { budgetName } from './statements.ts';

const hourMs = 3_600_000;
const mostHours = 744;

function validateConfig(config: ForecastConfig): string[] {
  const { horizons, interval, allowed_lateness, series_expiry, checkpoint_interval, budgets } = config;
  const problems: string[] = [];
  horizons.forEach((text, i) => {
    const hours = durationMs(text) / hourMs;
    if (!Number.isInteger(hours) || hours < 1 || hours > mostHours)
      problems.push(`horizons::${i}: must be whole hours, 1h to 744h: ${text}`);
  });
  if (durationMs(interval) < 60_000) problems.push('interval: must be at least 1m');
  const lateness = durationMs(allowed_lateness);
  if (lateness < 0 || lateness > 24 * hourMs) problems.push('allowed_lateness: must be at most 24h');
  if (durationMs(series_expiry) < 24 * hourMs) problems.push('series_expiry: must be at least 24h');
  if (durationMs(checkpoint_interval) < 1000) problems.push('checkpoint_interval: must be at least 1s');
  const names = budgets.map(budgetName);
  names.forEach((name, i) => {
    if (names.indexOf(name) < i) problems.push(`budgets::${i}: must have a name of its own: ${name}`);
  });
  return problems;
}

/** Processor `forecast`: passes metrics on and adds forecasts of them. */
export const factory: ProcessorFactory<ForecastConfig> = {
  kind: 'processor',
  type: 'forecast',
  stability: { metrics: 'beta' },
  configSchema,
  // An hour is of all data.
  scope: 'process',
  validateConfig,
  create: (config, next, context) => new ForecastStage(config, next, context, true),
};

/** Connector `forecast`: makes forecasts of metrics, and nothing else. */
export const connectorFactory: ConnectorFactory<ForecastConfig> = {
  kind: 'connector',
  type: 'forecast',
  signals: { metrics: { metrics: 'beta' } },
  configSchema,
  scope: 'process',
  validateConfig,
  create: (config, next, context) => new ForecastStage(config, next.all, context, false),
};
