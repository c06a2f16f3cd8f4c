import { configOf, testContext } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const problemsOf = (settings: object): readonly string[] => factory.validateConfig!(configOf(factory, settings));
const endpoint = 'https://collector.example';

describe('the configuration of otlp_http', () => {
  it("has the Collector's defaults", () => {
    expect(configOf(factory, { endpoint })).toMatchObject({
      encoding: 'proto',
      compression: 'gzip',
      compression_params: { level: 0 },
      timeout: '30s',
      max_conns_per_host: 0,
      max_idle_conns: 100,
      max_idle_conns_per_host: 0,
      idle_conn_timeout: '90s',
      disable_keep_alives: false,
      tls: { insecure: false, insecure_skip_verify: false },
      retry_on_failure: { enabled: true, initial_interval: '5s', max_interval: '30s', max_elapsed_time: '5m' },
      sending_queue: { enabled: true, num_consumers: 10, queue_size: 1000, block_on_overflow: false },
    });
    expect(problemsOf({ endpoint })).toEqual([]);
  });

  it.each([
    [{}, ['at least one endpoint must be specified']],
    [{ endpoint: '' }, ['at least one endpoint must be specified']],
    [{ endpoint: 'localhost:4318' }, ['endpoint must be a valid URL']],
    [{ endpoint: 'http://' }, ['endpoint must be a valid URL']],
    [{ logs_endpoint: 'nowhere' }, ['logs_endpoint must be a valid URL']],
    [{ logs_endpoint: 'http://127.0.0.1:4318/logs' }, []],
    [{ endpoint, compression_params: { level: 10 } }, ['unsupported parameters {Level:10} for compression type "gzip"']],
    [
      { endpoint, compression: 'snappy', compression_params: { level: 1 } },
      ['unsupported parameters {Level:1} for compression type "snappy"'],
    ],
    [{ endpoint, compression_params: { level: -2 } }, []],
    [{ endpoint, compression: 'zstd', compression_params: { level: 19 } }, []],
    [{ endpoint, compression: 'none', compression_params: { level: 19 } }, []],
    [{ endpoint, timeout: '-1s' }, [`'timeout' must be non-negative`]],
    [{ endpoint, sending_queue: { queue_size: 0 } }, ['sending_queue: `queue_size` must be positive']],
  ])('%j has the problems %j', (settings, problems) => {
    expect(problemsOf(settings)).toEqual(problems);
  });

  it('names the missing endpoint of a signal that a pipeline needs', () => {
    const config = configOf(factory, { logs_endpoint: 'http://127.0.0.1:4318/logs' });
    expect(() => factory.create(config, testContext({ signal: 'traces' }))).toThrow('either endpoint or traces_endpoint must be specified');
  });
});
