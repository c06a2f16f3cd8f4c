import { configOf, connectorContract, processorContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { connectorFactory, factory } from '../src/index.ts';

const test = { describe, it, expect };
const budgets = [{ name: 'all', limit: 1, measure: 'requests' }];

processorContract(test, factory, { config: configOf(factory, { budgets, tag: 'all' }) });
connectorContract(test, connectorFactory, { config: configOf(connectorFactory, { budgets }) });

describe('The configuration of budget', () => {
  const problemsOf = (config: object): readonly string[] => factory.validateConfig!(configOf(factory, config));

  it('is refused where it cannot be', () => {
    expect(problemsOf({ budgets: [] })).toEqual(['budgets: must have at least one']);
    expect(
      problemsOf({
        budgets: [
          { name: 'a', limit: 1, window: '1s', time_zone: 'Mars/Olympus', thresholds: [50, 50], by: ['team', 'team'] },
          { name: 'a', limit: 1, window: 'fortnight', overrides: [{ values: { team: 'x' }, limit: 2 }] },
        ],
        metrics_interval: '0s',
        checkpoint_interval: '0s',
        prices: { overrides: [{ provider: 'acme' }, { input: -1, hours: 'night' }] },
      }),
    ).toEqual([
      'budgets::0::by: must not repeat a name',
      'budgets::0::window: must be hour, day, week, month, or a duration of at least 1m: 1s',
      'budgets::0::time_zone: is not known: Mars/Olympus',
      'budgets::0::thresholds: must not repeat a percentage',
      'budgets::1::name: is that of another budget: a',
      'budgets::1::window: must be hour, day, week, month, or a duration of at least 1m: fortnight',
      'budgets::1::overrides::0::values: is not in by: team',
      'metrics_interval: must be at least 1ms',
      'checkpoint_interval: must be at least 1ms',
      'prices::overrides::0: has no price',
      'prices::overrides::1::input: -1 is negative',
      'prices::overrides::1::hours: "night" is no time of the day in UTC such as 16:30-00:30',
    ]);
    expect(problemsOf({ budgets: [{ name: 'a', limit: 1, window: '24h', time_zone: 'Europe/Berlin', week_start: 'SUNDAY' }] })).toEqual([]);
  });
});
