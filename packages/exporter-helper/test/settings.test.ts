import { type ExporterSettings, validateSettings } from '@millrace/exporter-helper';
import { describe, expect, it } from '@jest/globals';

const retry = {
  enabled: true,
  initial_interval: '5s',
  randomization_factor: 0.5,
  multiplier: 1.5,
  max_interval: '30s',
  max_elapsed_time: '5m',
};
const queue = { enabled: true, num_consumers: 10, queue_size: 1000, sizer: 'requests', block_on_overflow: false } as const;

const batch = { enabled: true, flush_timeout: '200ms', min_size: 8192, max_size: 0, partition: { metadata_keys: [] } };

describe('the settings of an exporter', () => {
  it('are fine with the defaults', () => {
    expect(validateSettings({ timeout: '5s', retry_on_failure: retry, sending_queue: queue })).toEqual([]);
    expect(validateSettings({})).toEqual([]);
  });

  it.each([
    [{ timeout: '-1s' }, [`'timeout' must be non-negative`]],
    [
      { sending_queue: { ...queue, num_consumers: 0, queue_size: -1 } },
      ['sending_queue: `num_consumers` must be positive', 'sending_queue: `queue_size` must be positive'],
    ],
    [
      { sending_queue: { ...queue, storage: 'file_storage', wait_for_result: true } },
      ['sending_queue: `wait_for_result` is not supported with a persistent queue configured with `storage`'],
    ],
    [{ sending_queue: { ...queue, sizer: undefined, batch } }, []],
    [
      { sending_queue: { ...queue, sizer: 'items', queue_size: 100, batch } },
      ['sending_queue: `min_size` must be less than or equal to `queue_size`'],
    ],
    [{ sending_queue: { ...queue, sizer: 'items', queue_size: 100, batch: { ...batch, sizer: 'bytes' } } }, []],
    [
      { sending_queue: { ...queue, queue_size: 9000, batch } },
      ['sending_queue::batch: `batch` supports only `items` or `bytes` sizer, found "requests"'],
    ],
    [
      {
        sending_queue: { ...queue, sizer: 'bytes', queue_size: 9000, batch: { ...batch, flush_timeout: '0s', min_size: -1, max_size: -2 } },
      },
      [
        'sending_queue::batch: `flush_timeout` must be positive, found 0',
        'sending_queue::batch: `min_size` must be non-negative, found -1',
        'sending_queue::batch: `max_size` must be non-negative, found -2',
      ],
    ],
    [
      { sending_queue: { ...queue, batch: { ...batch, sizer: 'items', max_size: 100, partition: { metadata_keys: ['A', 'a'] } } } },
      [
        'sending_queue::batch: `max_size` (100) must be greater or equal to `min_size` (8192)',
        'sending_queue::batch::partition: duplicate entry in metadata_keys: "a" (case-insensitive)',
      ],
    ],
    [{ sending_queue: { ...queue, batch: { ...batch, enabled: false, min_size: -1 } } }, []],
    [{ retry_on_failure: { ...retry, initial_interval: '-1s' } }, [`retry_on_failure: 'initial_interval' must be non-negative`]],
    [{ retry_on_failure: { ...retry, randomization_factor: 1.1 } }, [`retry_on_failure: 'randomization_factor' must be within [0, 1]`]],
    [{ retry_on_failure: { ...retry, multiplier: -1 } }, [`retry_on_failure: 'multiplier' must be non-negative`]],
    [{ retry_on_failure: { ...retry, max_interval: '-1s' } }, [`retry_on_failure: 'max_interval' must be non-negative`]],
    [{ retry_on_failure: { ...retry, max_elapsed_time: '-1s' } }, [`retry_on_failure: 'max_elapsed_time' must be non-negative`]],
    [
      { retry_on_failure: { ...retry, max_elapsed_time: '4s' } },
      [
        `retry_on_failure: 'max_elapsed_time' must not be less than 'initial_interval'`,
        `retry_on_failure: 'max_elapsed_time' must not be less than 'max_interval'`,
      ],
    ],
    [{ retry_on_failure: { ...retry, max_elapsed_time: '0s' } }, []],
    [{ retry_on_failure: { ...retry, enabled: false, multiplier: -1 }, sending_queue: { ...queue, enabled: false, queue_size: 0 } }, []],
  ] as [ExporterSettings, string[]][])('%j have the problems %j', (settings, problems) => {
    expect(validateSettings(settings)).toEqual(problems);
  });
});
