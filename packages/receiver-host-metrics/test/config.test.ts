import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import type { HostMetricsConfig } from '../src/config.ts';

const config = (settings: object): HostMetricsConfig => configOf(factory, settings);
const problemsOf = (settings: object): readonly string[] => factory.validateConfig?.(config({ scrapers: { load: {} }, ...settings })) ?? [];

describe('the configuration of host_metrics', () => {
  it("has the Collector's defaults", () => {
    const { scrapers, ...rest } = config({ scrapers: { cpu: {} } });
    expect(rest).toEqual({
      collection_interval: '1m',
      initial_delay: '1s',
      timeout: '0s',
      root_path: '',
      metadata_collection_interval: '5m',
    });
    expect(scrapers).toEqual({
      cpu: {
        metrics: {
          'system.cpu.frequency': { enabled: false, attributes: ['cpu'], aggregation_strategy: 'avg' },
          'system.cpu.logical.count': { enabled: false },
          'system.cpu.physical.count': { enabled: false },
          'system.cpu.time': { enabled: true, attributes: ['cpu', 'state'], aggregation_strategy: 'sum' },
          'system.cpu.utilization': { enabled: false, attributes: ['cpu', 'state'], aggregation_strategy: 'avg' },
        },
      },
    });
    expect(problemsOf({})).toEqual([]);
  });

  it.each([
    [{ collection_interval: '0s' }, '"collection_interval": requires positive value'],
    [{ timeout: '-1s' }, '"timeout": requires positive value'],
    [{ scrapers: {} }, 'must specify at least one scraper when using host_metrics receiver'],
    [{ root_path: '/not/there' }, 'invalid root_path: stat /not/there: no such file or directory'],
    [
      { scrapers: { disk: { include: { devices: ['a'] } } } },
      "scrapers::disk: error creating device include filters: unrecognized match_type: '', valid types are: [regexp strict]",
    ],
    [
      { scrapers: { network: { exclude: { interfaces: ['a'], match_type: 'glob' } } } },
      "scrapers::network: error creating network interface exclude filters: unrecognized match_type: 'glob', valid types are: [regexp strict]",
    ],
    [
      { scrapers: { process: { exclude: { names: ['('], match_type: 'regexp' } } } },
      expect.stringMatching(/^scrapers::process: error creating process exclude filters: /),
    ],
    [
      { scrapers: { filesystem: { exclude_mount_points: { mount_points: ['a'] } } } },
      "scrapers::filesystem: error creating exclude_mount_points filter: unrecognized match_type: '', valid types are: [regexp strict]",
    ],
  ])('refuses %j', (settings, problem) => {
    expect(problemsOf(settings)).toEqual([problem]);
  });
});
