import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const problemsOf = (settings: object): readonly string[] => factory.validateConfig!(configOf(factory, settings));

describe('the configuration of receiver jaeger', () => {
  it("has the Collector's defaults", () => {
    const udp = { queue_size: 1000, max_packet_size: 65_000, workers: 10, socket_buffer_size: 0 };
    expect(configOf(factory, { protocols: { grpc: {}, thrift_http: {}, thrift_compact: {}, thrift_binary: {} } })).toMatchObject({
      protocols: {
        grpc: { endpoint: 'localhost:14250', transport: 'tcp' },
        thrift_http: { endpoint: 'localhost:14268', transport: 'tcp', max_request_body_size: 20_971_520 },
        thrift_compact: { endpoint: 'localhost:6831', ...udp },
        thrift_binary: { endpoint: 'localhost:6832', ...udp },
      },
    });
    expect(configOf(factory, {}).protocols).toEqual({});
  });

  it.each([
    [{}, ['must specify at least one protocol when using the Jaeger receiver']],
    [{ protocols: { grpc: {} } }, []],
    [{ protocols: { thrift_binary: {} } }, []],
    [{ protocols: { grpc: { endpoint: 'localhost' } } }, ['protocols::grpc::endpoint: address localhost: missing port in address']],
    [
      { protocols: { thrift_http: { endpoint: 'a:b:c' } } },
      ['protocols::thrift_http::endpoint: address a:b:c: too many colons in address'],
    ],
    [
      { protocols: { thrift_compact: { endpoint: 'localhost' }, thrift_binary: { endpoint: ':x' } } },
      [
        'protocols::thrift_binary::endpoint: address x: invalid port',
        'protocols::thrift_compact::endpoint: address localhost: missing port in address',
      ],
    ],
  ])('%j has the problems %j', (settings, problems) => {
    expect(problemsOf(settings)).toEqual(problems);
  });
});
