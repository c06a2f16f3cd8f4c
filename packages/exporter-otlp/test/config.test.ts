import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const problemsOf = (settings: object): readonly string[] => factory.validateConfig!(configOf(factory, settings));

describe('the configuration of otlp_grpc', () => {
  it("has the Collector's defaults", () => {
    const config = configOf(factory, { endpoint: 'localhost:4317' });
    expect(config).toMatchObject({
      compression: 'gzip',
      timeout: '5s',
      tls: { insecure: false, insecure_skip_verify: false },
      retry_on_failure: {
        enabled: true,
        initial_interval: '5s',
        randomization_factor: 0.5,
        multiplier: 1.5,
        max_interval: '30s',
        max_elapsed_time: '5m',
      },
      sending_queue: { enabled: true, num_consumers: 10, queue_size: 1000, block_on_overflow: false },
    });
    expect(config.keepalive).toBeUndefined();
    expect(configOf(factory, { keepalive: {} }).keepalive).toEqual({ time: '10s', timeout: '10s', permit_without_stream: false });
  });

  it.each([
    ['', ['requires a non-empty "endpoint"']],
    [undefined, ['requires a non-empty "endpoint"']],
    ['http://', ['requires a non-empty "endpoint"']],
    ['dns:///', ['requires a non-empty "endpoint"']],
    ['localhost', ['address localhost: missing port in address']],
    ['::1:4317', ['address ::1:4317: too many colons in address']],
    ['localhost:otlp', ['invalid port "otlp"']],
    ['localhost:65536', ['invalid port "65536"']],
    ['unix://', ['unix socket path cannot be empty']],
    ['xds:///shop', ['unsupported endpoint scheme "xds" (supported: dns, http, https, passthrough, unix)']],
    ['localhost:4317', []],
    ['[::1]:4317', []],
    [':4317', []],
    ['https://collector.example:443', []],
    ['dns:///collector.example:4317', []],
    ['dns://8.8.8.8/collector.example:4317', []],
    ['unix:///run/otel.sock', []],
  ])('with endpoint %s has the problems %j', (endpoint, problems) => {
    expect(problemsOf({ endpoint })).toEqual(problems);
  });

  it('checks queue, retry and timeout', () => {
    expect(problemsOf({ endpoint: 'localhost:4317', timeout: '-1s', sending_queue: { num_consumers: 0 } })).toEqual([
      `'timeout' must be non-negative`,
      'sending_queue: `num_consumers` must be positive',
    ]);
  });
});
