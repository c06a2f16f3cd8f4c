import { configOf, connectorContract, processorContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { connectorFactory, factory } from '../src/index.ts';

const test = { describe, it, expect };

processorContract(test, factory, { config: configOf(factory, {}) });
connectorContract(test, connectorFactory, { config: configOf(connectorFactory, {}) });

describe('The configuration of anomaly', () => {
  const problemsOf = (config: object): readonly string[] => factory.validateConfig!(configOf(factory, config));

  it('is refused where it cannot be', () => {
    expect(problemsOf({})).toEqual([]);
    expect(
      problemsOf({
        group_by: [['team', 'team']],
        interval: '7s',
        rolling_window: '1m',
        time_zone: 'Mars/Olympus',
        metrics_interval: '0s',
        checkpoint_interval: '0s',
        known_events: [
          { from: 'soon', until: '2026-01-01T00:00:00Z' },
          { from: '2026-01-01T00:00:00Z', until: 'later' },
          { from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' },
        ],
        prices: { overrides: [{ provider: 'acme' }] },
      }),
    ).toEqual([
      'group_by::0: must not repeat a name',
      'interval: must be a part of an hour, and at least 1s: 7s',
      'metrics_interval: must be at least 1ms',
      'checkpoint_interval: must be at least 1ms',
      'rolling_window: must be at least 1h',
      'time_zone: is not known: Mars/Olympus',
      'known_events::0::from: is no ISO 8601 time: soon',
      'known_events::1::until: is no ISO 8601 time: later',
      'known_events::2::until: must be after from',
      'prices::overrides::0: has no price',
    ]);
    expect(problemsOf({ group_by: [] })).toEqual(['group_by: must have at least one list']);
  });
});
