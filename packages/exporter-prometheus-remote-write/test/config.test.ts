import { configOf, testContext } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const endpoint = 'http://127.0.0.1:9/api/v1/write';
const problems = (settings: object): readonly string[] => factory.validateConfig!(configOf(factory, settings));

describe('prometheus_remote_write, its configuration', () => {
  it('has the defaults of the Collector', () => {
    expect(configOf(factory, { endpoint })).toMatchObject({
      compression: 'snappy',
      timeout: '5s',
      max_batch_size_bytes: 3_000_000,
      protobuf_message: 'prometheus.WriteRequest',
      remote_write_queue: { enabled: true, queue_size: 10_000, num_consumers: 5 },
      retry_on_failure: { enabled: true, initial_interval: '50ms', max_interval: '30s', max_elapsed_time: '5m' },
      target_info: { enabled: true },
    });
    expect(problems({ endpoint })).toEqual([]);
  });

  it.each<[object, readonly string[]]>([
    [{}, ['endpoint: must be specified']],
    [{ endpoint: 'prometheus:9090' }, ['endpoint: invalid endpoint']],
    [{ http: { endpoint } }, []],
    [{ http: {} }, ['http::endpoint: must be specified']],
    [{ endpoint, http: { endpoint } }, ['http: endpoint cannot be set both here and at the top']],
    [{ endpoint, compression: '' }, []],
    [{ endpoint, compression: 'gzip' }, ['compression type must be snappy']],
    [{ http: { endpoint, compression: 'zstd' } }, ['compression type must be snappy']],
    [{ endpoint, timeout: '-1s' }, ["'timeout' must be non-negative"]],
    [{ endpoint, max_batch_request_parallelism: 0 }, ["max_batch_request_parallelism can't be set to below 1"]],
    [{ endpoint, remote_write_queue: { queue_size: -1 } }, ["remote write queue size can't be negative"]],
    [{ endpoint, remote_write_queue: { queue_size: 0 } }, ['a 0 size queue will drop all the data']],
    [{ endpoint, remote_write_queue: { enabled: false, queue_size: 0 } }, []],
    [{ endpoint, remote_write_queue: { num_consumers: -1 } }, ["remote write consumer number can't be negative"]],
    [{ endpoint, max_batch_size_bytes: -1 }, ['max_batch_byte_size must be greater than 0']],
    [{ endpoint, translation_strategy: 'None' }, ['invalid translation_strategy: None']],
    [
      { endpoint, translation_strategy: 'NoTranslation' },
      ['translation strategy NoTranslation requires Prometheus Remote Write 2.0 (UTF-8 support)'],
    ],
    [
      { endpoint, protobuf_message: 'v3' },
      ['unknown type for remote write protobuf message v3, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request'],
    ],
    [{ endpoint, convert_explicit_histograms_to_nhcb: true }, ['convert_explicit_histograms_to_nhcb requires Prometheus Remote Write 2.0']],
    [{ endpoint, external_labels: { a: '' } }, ['prometheus remote write: external labels configuration contains an empty key or value']],
    [
      { endpoint, resource_to_telemetry_conversion: { enabled: true }, resource_constant_labels: { included: ['*'] } },
      [
        'cannot configure both resource_to_telemetry_conversion and resource_constant_labels; resource_to_telemetry_conversion is deprecated',
      ],
    ],
  ])('%j has the problems %j', (settings, expected) => {
    expect(problems(settings)).toEqual(expected);
  });

  it('lives once in the process, because what threads send would overtake each other', () => {
    expect(factory.scope).toBe('process');
  });

  it('is created without anything being sent', () => {
    const context = testContext({ id: 'prometheus_remote_write', kind: 'exporter', signal: 'metrics' });
    factory.create(configOf(factory, { endpoint: 'https://user:secret@127.0.0.1/w' }), context);
    expect(context.items.attributes).toEqual({ 'server.address': '127.0.0.1', 'server.port': '443', 'url.path': '/w' });
  });
});
