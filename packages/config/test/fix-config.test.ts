import { fixConfig } from '@millrace/config';
import type { Catalog } from '@millrace/config';
import { describe, expect, it } from '@jest/globals';

const catalog: Catalog = {
  types: (kind) =>
    ({
      receiver: [{ type: 'otlp' }, { type: 'host_metrics', aliases: ['hostmetrics'] }],
      processor: [{ type: 'resource_detection', aliases: ['resourcedetection'] }],
      exporter: [{ type: 'otlp_grpc', aliases: ['otlp'] }, { type: 'debug' }],
      connector: [{ type: 'span_metrics', aliases: ['spanmetrics'] }],
      extension: [{ type: 'health_check' }],
    })[kind],
  component: async () => ({
    configSchema: {
      properties: {
        check_collector_pipeline: { 'x-deprecated': 'remove it: it has no effect' },
        tls: { properties: { old: { 'x-deprecated': 'remove it' } } },
      },
    },
  }),
};

const fix = async (text: string) => (await fixConfig([text], catalog))[0]!;

describe('validate --fix', () => {
  it('gives a component the same name in all files of a configuration', async () => {
    const fixed = await fixConfig(
      [
        'service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp, debug]}}}\n',
        'a: [',
        'exporters: {otlp: {endpoint: x}, debug: }\n',
        'exporters: {otlp: {timeout: 1s}}\n',
      ],
      catalog,
    );
    expect(fixed.map(({ text }) => text)).toEqual([
      'service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp_grpc, debug]}}}\n',
      'a: [',
      'exporters: {otlp_grpc: {endpoint: x}, debug: }\n',
      'exporters: {otlp_grpc: {timeout: 1s}}\n',
    ]);
  });

  it('gives components their present names, wherever they are named, and keeps comments and layout', async () => {
    const { text, changes } = await fix(`# ours
receivers:
  hostmetrics:   # the machine
    scrapers: {cpu: }
exporters:
  "otlp/a":  { endpoint: x:1 }   # first
  otlp: {endpoint: "y:1"}
connectors: {spanmetrics: {}}
service:
  pipelines:
    metrics: {receivers: [ hostmetrics , spanmetrics], exporters: [otlp/a,otlp]}
    traces:
      receivers:
        - otlp   # a receiver of this name has no other
      exporters:
        - 'otlp/a'
        - spanmetrics
`);
    expect(text).toBe(`# ours
receivers:
  host_metrics:   # the machine
    scrapers: {cpu: }
exporters:
  "otlp_grpc/a":  { endpoint: x:1 }   # first
  otlp_grpc: {endpoint: "y:1"}
connectors: {span_metrics: {}}
service:
  pipelines:
    metrics: {receivers: [ host_metrics , span_metrics], exporters: [otlp_grpc/a,otlp_grpc]}
    traces:
      receivers:
        - otlp   # a receiver of this name has no other
      exporters:
        - 'otlp_grpc/a'
        - span_metrics
`);
    expect(changes).toContain('line 3: receiver hostmetrics is called host_metrics');
    expect(changes).toHaveLength(10);
  });

  it('does not make one component of two', async () => {
    const { text } = await fix('exporters:\n  otlp: {}\n  otlp_grpc: {}\nservice: {pipelines: {traces: {exporters: [otlp, otlp_grpc]}}}\n');
    expect(text).toBe(
      'exporters:\n  otlp_grpc/otlp: {}\n  otlp_grpc: {}\nservice: {pipelines: {traces: {exporters: [otlp_grpc/otlp, otlp_grpc]}}}\n',
    );
  });

  it('turns the logging exporter into debug, with its level', async () => {
    const { text } = await fix('exporters:\n  logging:\n    logLevel: debug # all\nservice: {pipelines: {logs: {exporters: [logging]}}}\n');
    expect(text).toBe('exporters:\n  debug:\n    verbosity: detailed # all\nservice: {pipelines: {logs: {exporters: [debug]}}}\n');
  });

  it('moves insecure below tls and an address into readers', async () => {
    const { text } = await fix(
      'exporters:\n  otlp:\n    insecure: true\nservice:\n  telemetry:\n    metrics:\n      address: ":8888" # scraped\n',
    );
    expect(text).toBe(
      'exporters:\n  otlp_grpc:\n    tls: { insecure: true }\nservice:\n  telemetry:\n    metrics:\n      readers: [{ pull: { exporter: { prometheus: { host: "0.0.0.0", port: 8888 } } } }] # scraped\n',
    );
  });

  it('gives references with a default their scheme', async () => {
    const { text } = await fix('exporters:\n  debug:\n    verbosity: ${LEVEL:-basic}\n    x: "$${NOT:-me} ${A:-1}${env:B:-2}"\n');
    expect(text).toBe('exporters:\n  debug:\n    verbosity: ${env:LEVEL:-basic}\n    x: "$${NOT:-me} ${env:A:-1}${env:B:-2}"\n');
  });

  it('takes out settings without effect, in block and in flow', async () => {
    const { text } = await fix(`extensions:
  health_check:
    check_collector_pipeline:
      enabled: true
    # where to listen
    endpoint: x
  health_check/2: {check_collector_pipeline: {enabled: true}, tls: {old: 1}, endpoint: y}
`);
    expect(text).toBe(`extensions:
  health_check:
    # where to listen
    endpoint: x
  health_check/2: {tls: {}, endpoint: y}
`);
  });

  it('leaves alone what is right, and what is not YAML', async () => {
    const right = 'receivers: {otlp: }\nexporters: {debug: }\n';
    expect(await fix(right)).toEqual({ text: right, changes: [] });
    expect(await fix('a: [')).toEqual({ text: 'a: [', changes: [] });
    expect(await fix('- a\n')).toEqual({ text: '- a\n', changes: [] });
  });

  it('changes nothing the second time', async () => {
    const { text } = await fix('exporters:\n  otlp:\n    insecure: true\n  logging:\n    loglevel: info\n');
    expect((await fix(text)).changes).toEqual([]);
  });
});
