import type { ConnectorFactory, ProcessorFactory, Signal } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { overrideProblems } from '@millrace/genai';
import { isCalendarUnit } from './budget.ts';
import { BudgetStage } from './budget-stage.ts';
import type { BudgetConfig, BudgetSettings } from './config.ts';
import { configSchema } from './config.ts';

function validateConfig({ budgets, metrics_interval, checkpoint_interval, prices }: BudgetConfig): string[] {
  const problems: string[] = [];
  if (budgets.length === 0) problems.push('budgets: must have at least one');
  budgets.forEach((budget, i) => {
    if (budgets.findIndex(({ name }) => name === budget.name) < i)
      problems.push(`budgets::${i}::name: is that of another budget: ${budget.name}`);
    problems.push(...budgetProblems(budget).map((problem) => `budgets::${i}::${problem}`));
  });
  if (durationMs(metrics_interval) < 1) problems.push('metrics_interval: must be at least 1ms');
  if (durationMs(checkpoint_interval) < 1) problems.push('checkpoint_interval: must be at least 1ms');
  return [...problems, ...overrideProblems(prices.overrides, 'prices::overrides')];
}

function budgetProblems({ by, overrides, window, time_zone: timeZone, thresholds }: BudgetSettings): string[] {
  const problems: string[] = [];
  if (new Set(by).size < by.length) problems.push('by: must not repeat a name');
  if (!isCalendarUnit(window) && !isWindow(window)) {
    problems.push(`window: must be hour, day, week, month, or a duration of at least 1m: ${window}`);
  }
  try {
    Intl.DateTimeFormat('en', { timeZone }).resolvedOptions();
  } catch {
    problems.push(`time_zone: is not known: ${timeZone}`);
  }
  if (new Set(thresholds).size < thresholds.length) problems.push('thresholds: must not repeat a percentage');
  overrides.forEach(({ values }, i) => {
    for (const name of Object.keys(values)) {
      if (!by.includes(name)) problems.push(`overrides::${i}::values: is not in by: ${name}`);
    }
  });
  return problems;
}

function isWindow(text: string): boolean {
  try {
    return durationMs(text) >= 60_000;
  } catch {
    return false;
  }
}

/** Processor `budget`: tags spans and log records with the state of the budgets that they are in. */
export const factory: ProcessorFactory<BudgetConfig> = {
  kind: 'processor',
  type: 'budget',
  stability: { traces: 'beta', logs: 'beta' },
  configSchema,
  // A budget is of all data.
  scope: 'process',
  validateConfig,
  create: (config, next, context) => new BudgetStage(config, next, context, { items: true, events: false, metrics: false }),
};

/** Connector `budget`: passes on what comes in, tagged, and makes log records of thresholds and metrics of what is spent. */
export const connectorFactory: ConnectorFactory<BudgetConfig> = {
  kind: 'connector',
  type: 'budget',
  signals: { traces: { traces: 'beta', logs: 'beta', metrics: 'beta' }, logs: { logs: 'beta', metrics: 'beta' } },
  configSchema,
  scope: 'process',
  validateConfig,
  create: (config, next, context) => {
    const [pipeline] = next.byPipeline.keys();
    const out = pipeline?.split('/')[0] as Signal | undefined;
    const outputs = { items: out === context.signal, events: out === 'logs', metrics: out === 'metrics' };
    return new BudgetStage(config, next.all, context, outputs, out);
  },
};
