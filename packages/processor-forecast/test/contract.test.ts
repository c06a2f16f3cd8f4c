import { configOf, connectorContract, processorContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { connectorFactory, factory } from '../src/index.ts';

const test = { describe, it, expect };

describe('watching everything', () => processorContract(test, factory, { config: configOf(factory, { metrics: [{ name: '*' }] }) }));
describe('watching nothing', () => processorContract(test, factory, { config: configOf(factory, { metrics: [{ name: 'none' }] }) }));
connectorContract(test, connectorFactory, { config: configOf(connectorFactory, { metrics: [{ name: '*' }] }) });

describe('The configuration of forecast', () => {
  const problemsOf = (config: object): readonly string[] => factory.validateConfig!(configOf(factory, config));

  it('is refused where it cannot be', () => {
    expect(problemsOf({})).toEqual([]);
    expect(
      problemsOf({
        interval: '1s',
        horizons: ['168h', '90m', '745h'],
        allowed_lateness: '25h',
        series_expiry: '1h',
        checkpoint_interval: '1ms',
        budgets: [
          { metric: 'cost', amount: 1 },
          { metric: 'cost', amount: 2 },
          { metric: 'cost', amount: 3, period: 'week' },
        ],
      }),
    ).toEqual([
      'horizons::1: must be whole hours, 1h to 744h: 90m',
      'horizons::2: must be whole hours, 1h to 744h: 745h',
      'interval: must be at least 1m',
      'allowed_lateness: must be at most 24h',
      'series_expiry: must be at least 24h',
      'checkpoint_interval: must be at least 1s',
      'budgets::1: must have a name of its own: cost month',
    ]);
  });
});
