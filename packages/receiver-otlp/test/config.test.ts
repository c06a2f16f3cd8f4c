import { createServer } from 'node:net';
import { configOf, testContext, testHost } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { check, problemsOf, start, stopAll } from './harness.ts';

describe('The configuration of otlp', () => {
  it('wants at least one protocol', async () => {
    for (const yaml of ['', '\nprotocols:', '\nprotocols: {}']) {
      expect((await problemsOf(yaml)).map((problem) => problem.message)).toEqual([
        'receivers::otlp: must specify at least one protocol when using the OTLP receiver',
      ]);
    }
  });

  it("has the Collector's defaults for a protocol that is only mentioned", async () => {
    const checked = await check('\nprotocols: {grpc: , http: }');
    const { grpc, http } = (checked.receivers.get('otlp')!.config as never)['protocols'] as Record<string, Record<string, unknown>>;
    expect(grpc).toEqual({
      endpoint: 'localhost:4317',
      transport: 'tcp',
      max_recv_msg_size_mib: 4,
      max_concurrent_streams: 1000,
      include_metadata: false,
      keepalive: {
        server_parameters: {
          max_connection_idle: '0s',
          max_connection_age: '0s',
          max_connection_age_grace: '0s',
          time: '2h',
          timeout: '20s',
        },
      },
    });
    expect(http).toEqual({
      endpoint: 'localhost:4318',
      transport: 'tcp',
      traces_url_path: '/v1/traces',
      metrics_url_path: '/v1/metrics',
      logs_url_path: '/v1/logs',
      max_request_body_size: 20_971_520,
      include_metadata: false,
      response_headers: {},
      compression_algorithms: ['', 'gzip', 'zstd', 'zlib', 'snappy', 'deflate', 'lz4', 'x-snappy-framed'],
      read_timeout: '0s',
      read_header_timeout: '0s',
      write_timeout: '0s',
      idle_timeout: '0s',
      keep_alives_enabled: true,
    });
  });

  it('leaves a protocol off that is not mentioned', async () => {
    const checked = await check('\nprotocols: {http: }');
    expect(Object.keys((checked.receivers.get('otlp')!.config as never)['protocols'])).toEqual(['http']);
  });

  it.each(['middlewares', 'read_buffer_size', 'write_buffer_size'])('names grpc.%s as unsupported', async (name) => {
    expect(await problemsOf(`\nprotocols: {grpc: {${name}: {a: 1}}}`)).toMatchObject([
      { verdict: 'unsupported', path: `receivers::otlp::protocols::grpc::${name}` },
    ]);
  });

  it('names http.middlewares as unsupported', async () => {
    expect(await problemsOf('\nprotocols: {http: {middlewares: [{id: a}]}}')).toMatchObject([
      { verdict: 'unsupported', path: 'receivers::otlp::protocols::http::middlewares' },
    ]);
  });

  it('wants a certificate for tls and an authenticator for auth', async () => {
    expect((await problemsOf('\nprotocols: {grpc: {tls: {}}}')).map((problem) => problem.message)).toEqual([
      'receivers::otlp::protocols::grpc::tls: TLS configuration must include both certificate and key for server connections',
    ]);
    expect(await problemsOf('\nprotocols: {http: {tls: {cert_file: a, key_file: b}, auth: {authenticator: basicauth/x}}}')).toEqual([]);
    expect((await problemsOf('\nprotocols: {http: {auth: {}}}')).map((problem) => problem.message)).toEqual([
      expect.stringContaining('requires a non-empty "authenticator"'),
    ]);
    expect(await problemsOf('\nprotocols: {grpc: {tls: , auth: }}')).toEqual([]);
  });

  it('reports every endpoint that cannot be one, and paths that collide', async () => {
    const messages = (
      await problemsOf('\nprotocols: {grpc: {endpoint: localhost}, http: {endpoint: "x:y", traces_url_path: v1/logs}}')
    ).map((problem) => problem.message);
    expect(messages.sort()).toEqual([
      'receivers::otlp::protocols::grpc::endpoint: address localhost: missing port in address',
      'receivers::otlp::protocols::http: every signal must have a path of its own',
      'receivers::otlp::protocols::http::endpoint: address y: invalid port',
    ]);
  });

  it('refuses response headers that cannot be sent, before a client asks for them', async () => {
    const headers = (text: string) => problemsOf(`\nprotocols: {http: {response_headers: {${text}}}}`);
    const problem = { message: expect.stringContaining('receivers::otlp::protocols::http::response_headers: ') };
    expect(await headers('x-a: b')).toEqual([]);
    expect(await headers('x-a: "b\\nc: d"')).toMatchObject([problem]);
    expect(await headers('"x a": b')).toMatchObject([problem]);
  });

  it('refuses unknown protocols and codings', async () => {
    expect(await problemsOf('\nprotocols: {thrift: }')).toMatchObject([{ verdict: 'invalid' }]);
    expect(await problemsOf('\nprotocols: {http: {compression_algorithms: [br]}}')).toMatchObject([{ verdict: 'invalid' }]);
  });
});

describe('Starting otlp', () => {
  it('logs where it listens', async () => {
    const { context, grpc, http } = await start();
    expect(context.lines).toEqual([
      { level: 'info', message: 'Starting GRPC server', attributes: { endpoint: grpc } },
      { level: 'info', message: 'Starting HTTP server', attributes: { endpoint: http.slice('http://'.length) } },
    ]);
    await stopAll();
  });

  it('fails with the address when a port is in use, and leaves no server behind', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const context = testContext();
    const config = configOf(factory, { protocols: { grpc: { endpoint: '127.0.0.1:0' }, http: { endpoint: `localhost:${port}` } } });
    const receiver = factory.create(config, new Map(), context);
    await expect(receiver.start!(testHost())).rejects.toThrow(`listen tcp 127.0.0.1:${port}: bind: address already in use`);
    const grpcPort = Number((context.lines[0]!.attributes!['endpoint'] as string).split(':')[1]);
    const again = factory.create(
      configOf(factory, { protocols: { grpc: { endpoint: `127.0.0.1:${grpcPort}` } } }),
      new Map(),
      testContext(),
    );
    await again.start!(testHost());
    await again.shutdown!(AbortSignal.abort());
    taken.close();
  });
});
