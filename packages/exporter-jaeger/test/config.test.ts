import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const problemsOf = (settings: object): readonly string[] => factory.validateConfig!(configOf(factory, settings));

describe('the configuration of exporter jaeger', () => {
  it("has the Collector's defaults", () => {
    expect(configOf(factory, { endpoint: 'jaeger:14250' })).toMatchObject({
      compression: '',
      timeout: '5s',
      tls: { insecure: false },
      retry_on_failure: { enabled: true, initial_interval: '5s' },
      sending_queue: { enabled: true, queue_size: 1000 },
    });
  });

  it.each(['jaeger:14250', 'http://jaeger:14250', 'https://jaeger:443', 'dns:///jaeger:14250', 'jaeger:9000'])('takes %s', (endpoint) => {
    expect(problemsOf({ endpoint })).toEqual([]);
  });

  it.each([
    [undefined, /^requires a non-empty "endpoint"$/],
    ['jaeger', /^endpoint: address jaeger: missing port in address; Jaeger listens for gRPC on port 14250$/],
    ['http://jaeger:14268/api/traces', /^endpoint: http:.* is a URL for Thrift over HTTP, which is not sent: .*host:14250.*otlp_grpc/],
    ['https://jaeger/api/traces?format=jaeger.thrift', /is a URL for Thrift over HTTP/],
    ['http://jaeger:14268', /^endpoint: port 14268 takes Thrift over HTTP, which is not sent: .*14250/],
    ['jaeger:14267', /^endpoint: port 14267 is the collector’s TChannel port/],
    ['localhost:6831', /^endpoint: port 6831 is the agent’s UDP port/],
    ['localhost:6832', /^endpoint: port 6832 is the agent’s UDP port/],
    ['jaeger:4317', /^endpoint: port 4317 is Jaeger’s port for OTLP: use exporter otlp_grpc for it$/],
    ['http://jaeger:4318', /^endpoint: port 4318 is Jaeger’s port for OTLP: use exporter otlp_http for it$/],
    ['jaeger:x', /^invalid port "x"$/],
  ])('refuses %s with the alternative', (endpoint, problem) => {
    expect(problemsOf({ endpoint })).toEqual([expect.stringMatching(problem)]);
  });

  it('checks queue, retry and timeout', () => {
    expect(problemsOf({ endpoint: 'jaeger:14250', timeout: '-1s' })).toEqual([`'timeout' must be non-negative`]);
  });
});
