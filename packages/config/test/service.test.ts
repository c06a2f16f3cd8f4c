import { describe, expect, it } from '@jest/globals';
import { checkConfig, resolveConfig } from '@millrace/config';
import type { Catalog, ConfigError } from '@millrace/config';
import { checkText, filesOf, problemsOf, smallest } from './check-text.ts';
import { testCatalog } from './test-catalog.ts';

const service = (yaml: string): string => `receivers: {nop: }\nexporters: {nop: }\nservice:\n  ${yaml.replaceAll('\n', '\n  ')}`;
const pipelines = 'pipelines: {traces: {receivers: [nop], exporters: [nop]}}';

describe('components', () => {
  it('are known by the id that the user wrote, and by their canonical type', async () => {
    const config = await checkText(
      `${smallest}processors: {" batch / big one": }`
        .replace('big one', 'big/one')
        .replace('exporters: {nop: }', 'exporters: {nop: , otlphttp/x: {endpoint: y}}'),
    );
    expect(config.exporters.get('otlphttp/x')).toMatchObject({
      kind: 'exporter',
      id: 'otlphttp/x',
      type: 'otlp_http',
      typed: 'otlphttp',
      name: 'x',
      position: { file: 'config.yaml', line: 2, column: 20 },
    });
    expect(config.processors.get('batch/big/one')).toMatchObject({ type: 'batch', name: 'big/one' });
    expect(config.warnings.map((warning) => warning.message)).toEqual(['"otlphttp" alias is deprecated; use "otlp_http" instead']);
  });

  it('are loaded once they are named, and no others', async () => {
    const loaded: string[] = [];
    const catalog: Catalog = {
      types: testCatalog.types,
      component: (kind, type) => {
        loaded.push(`${kind} ${type}`);
        return testCatalog.component(kind, type);
      },
    };
    const readFile = filesOf({ 'config.yaml': `${smallest}extensions: {health_check: }` });
    await checkConfig(await resolveConfig({ locations: ['config.yaml'], env: {}, cwd: '/etc', readFile }), catalog);
    expect(loaded.sort()).toEqual(['exporter nop', 'extension health_check', 'receiver nop']);
  });

  it('that cannot be loaded are a problem', async () => {
    const catalog: Catalog = { types: testCatalog.types, component: () => Promise.reject(new Error('broken plugin')) };
    const readFile = filesOf({ 'config.yaml': smallest });
    const checking = checkConfig(await resolveConfig({ locations: ['config.yaml'], env: {}, cwd: '/etc', readFile }), catalog);
    expect(await problemsOf(checking)).toEqual([
      `'receivers' cannot load receiver "nop": broken plugin`,
      `'exporters' cannot load exporter "nop": broken plugin`,
    ]);
  });

  it.each([
    ['a'.repeat(64), `in "${'a'.repeat(64)}" id: invalid character(s) in type "${'a'.repeat(64)}"`],
    [`nop/${'b'.repeat(1025)}`, `in "${'b'.repeat(1025)}" id: name "${'b'.repeat(1025)}" is longer than 1024 characters (1025 characters)`],
    ['nop/a$b', 'in "a$b" id: invalid character(s) in name "a$b"'],
  ])('refuse the id %.20s', async (id, message) => {
    expect(await problemsOf(checkText(`${smallest}processors: {"${id}": }`))).toEqual([`'processors' ${message}`]);
  });

  it.each(['nop/a.b-c_d', 'nop/a/b', 'nop/größe', 'nop/1'])('accept the id %s', async (id) => {
    const config = await checkText(smallest.replaceAll('nop', id));
    expect([...config.receivers.keys()]).toEqual([id]);
  });
});

describe('gates', () => {
  it('allow a configuration without pipelines', async () => {
    const featureGates = new Set(['service.AllowNoPipelines']);
    expect((await checkText('extensions: {health_check: }', { featureGates })).service.pipelines.size).toBe(0);
  });

  it('allow profiles', async () => {
    const featureGates = new Set(['service.profilesSupport']);
    const config = await checkText(service('pipelines: {profiles/x: {receivers: [nop], exporters: [nop]}}'), { featureGates });
    expect(config.service.pipelines.get('profiles/x')).toMatchObject({ signal: 'profiles', name: 'x' });
  });
});

describe('validate: false', () => {
  it('leaves out the rules across settings, not the types of settings', async () => {
    const config = await checkText('exporters: {otlp_grpc: }\nservice: {telemetry: {metrics: {readers: []}}, pipelines: {traces: }}', {
      validate: false,
    });
    expect([...config.exporters.keys()]).toEqual(['otlp_grpc']);
    expect(await problemsOf(checkText('exporters: {otlp_grpc: {timeout: soon}}', { validate: false }))).toHaveLength(1);
  });
});

describe('service::telemetry', () => {
  it("has the Collector's defaults", async () => {
    const { telemetry } = (await checkText(smallest)).service;
    expect(telemetry).toEqual({
      logs: {
        level: 'info',
        encoding: 'console',
        development: false,
        disable_caller: false,
        disable_stacktrace: false,
        disable_zap_resource: false,
        sampling: { enabled: true, tick: '10s', initial: 10, thereafter: 100 },
        output_paths: ['stderr'],
        error_output_paths: ['stderr'],
        initial_fields: {},
        processors: [],
      },
      metrics: {
        level: 'normal',
        readers: [
          {
            pull: {
              exporter: {
                prometheus: { host: 'localhost', port: 8888, without_scope_info: true, without_units: true, without_type_suffix: true },
              },
            },
          },
        ],
      },
      traces: { level: 'none', propagators: [], processors: [] },
      resource: new Map(),
      defaultReader: true,
    });
  });

  it.each([
    ['DEBUG', 'debug'],
    ['Warn', 'warn'],
    ['warning', 'warn'],
    ['""', 'info'],
    ['', 'info'],
    ['ERROR', 'error'],
    ['DPanic', 'dpanic'],
  ])('reads the log level %s', async (yaml, level) => {
    expect(
      (await checkText(service(`telemetry: {logs: {level: ${yaml}}, metrics: {level: Detailed}}\n${pipelines}`))).service.telemetry,
    ).toMatchObject({ logs: { level }, metrics: { level: 'detailed' } });
  });

  it('takes the resource as a map or as a list', async () => {
    const inline = await checkText(service(`telemetry: {resource: {service.name: a, service.version: }}\n${pipelines}`));
    expect([...inline.service.telemetry.resource]).toEqual([
      ['service.name', 'a'],
      ['service.version', null],
    ]);
    const list = await checkText(
      service(
        `telemetry: {resource: {schema_url: x, attributes: [{name: service.name, value: a}, {name: n, value: 5}, {name: gone, value: }]}}\n${pipelines}`,
      ),
    );
    expect([...list.service.telemetry.resource]).toEqual([
      ['service.name', 'a'],
      ['n', 5],
      ['gone', null],
    ]);
  });

  it('reads the older address of the pull reader, with a warning', async () => {
    const { service: checked, warnings } = await checkText(service(`telemetry: {metrics: {address: ":9999"}}\n${pipelines}`));
    expect(checked.telemetry.metrics.readers).toMatchObject([{ pull: { exporter: { prometheus: { host: '', port: 9999 } } } }]);
    expect(checked.telemetry.defaultReader).toBe(false);
    expect(warnings.map(({ message }) => message)).toContain("'service.telemetry.metrics.address' is deprecated: use readers");
    expect(await problemsOf(checkText(service(`telemetry: {metrics: {address: here}}\n${pipelines}`)))).toEqual([
      'service::telemetry::metrics::address: "here" is not host:port',
    ]);
  });

  it('fills in readers, views, processors, samplers and limits', async () => {
    const text = service(`telemetry:
  logs: {processors: [{batch: {exporter: {otlp: {endpoint: x, headers: {a: b}}}}}]}
  metrics:
    level: detailed
    views: [{selector: {instrument_name: "otelcol_*"}, stream: {aggregation: {drop: }}}]
    readers: [{periodic: {exporter: {console: }}}, {pull: {exporter: {prometheus: {port: 1}}}}]
  traces: {level: basic, propagators: [b3], processors: [{simple: {exporter: {otlp: {protocol: grpc}}}}], sampler: {trace_id_ratio_based: {ratio: 0.5}}, limits: {link_count_limit: 3}}
${pipelines}`);
    const { telemetry } = (await checkText(text)).service;
    const fixed = { temporality_preference: 'cumulative', default_histogram_aggregation: 'explicit_bucket_histogram' };
    const otlp = {
      protocol: 'http/protobuf',
      headers: {},
      headers_list: '',
      compression: 'none',
      timeout: 10_000,
      insecure: false,
      ...fixed,
    };
    expect(telemetry.logs.processors).toEqual([
      {
        batch: {
          export_timeout: 30_000,
          max_queue_size: 2048,
          max_export_batch_size: 512,
          exporter: { otlp: { ...otlp, endpoint: 'x', headers: { a: 'b' } } },
        },
      },
    ]);
    expect(telemetry.metrics.views).toEqual([{ selector: { instrument_name: 'otelcol_*' }, stream: { aggregation: { drop: {} } } }]);
    expect(telemetry.metrics.readers).toEqual([
      { periodic: { interval: 60_000, timeout: 30_000, exporter: { console: {} } } },
      {
        pull: {
          exporter: {
            prometheus: { host: 'localhost', port: 1, without_scope_info: true, without_units: true, without_type_suffix: true },
          },
        },
      },
    ]);
    expect(telemetry.traces).toEqual({
      level: 'basic',
      propagators: ['b3'],
      processors: [{ simple: { exporter: { otlp: { ...otlp, protocol: 'grpc' } } } }],
      sampler: { trace_id_ratio_based: { ratio: 0.5 } },
      limits: { link_count_limit: 3 },
    });
  });

  it.each([
    ['metrics: {readers: [{}]}', 'metrics::readers::0: must have exactly one of pull, periodic'],
    ['metrics: {readers: [{pull: }]}', 'metrics::readers::0: must have exactly one of pull, periodic'],
    ['metrics: {readers: [{pull: {exporter: {}}}]}', 'metrics::readers::0: no valid metric exporter'],
    ['metrics: {readers: [{periodic: {exporter: {}}}]}', 'metrics::readers::0: no valid metric exporter'],
    ['metrics: {readers: [{periodic: {exporter: {otlp: , console: }}}]}', 'metrics::readers::0: must have exactly one of otlp, console'],
    ['logs: {processors: [{}]}', 'logs::processors::0: must have exactly one of batch, simple'],
    ['traces: {processors: [{batch: {}}]}', 'traces::processors::0: no valid processor exporter'],
    ['metrics: {level: detailed, views: [{stream: {}}]}', 'metrics::views::0: must have at least one selector'],
    [
      'metrics: {level: detailed, views: [{selector: {unit: s}, stream: {aggregation: {sum: , drop: }}}]}',
      'metrics::views::0: must have one aggregation, not sum, drop',
    ],
  ])('refuses %s', async (yaml, problem) => {
    expect(await problemsOf(checkText(service(`telemetry: {${yaml}}\n${pipelines}`)))).toEqual([`service::telemetry::${problem}`]);
  });

  it.each([
    'metrics: {readers: [{periodic: {exporter: {otlp: {temporality_preference: delta}}}}]}',
    'metrics: {readers: [{periodic: {exporter: {otlp: {default_histogram_aggregation: base2_exponential_bucket_histogram}}}}]}',
    'metrics: {readers: [{periodic: {exporter: {console: }, producers: [x]}}]}',
    'metrics: {level: detailed, views: [{selector: {unit: s}, stream: {aggregation: {base2_exponential_bucket_histogram: {max_scale: 3}}}}]}',
    'traces: {sampler: {jaeger_remote: {}}}',
    'resource: {detectors: {}}',
  ])('has no support for %s', async (yaml) => {
    const error = (await checkText(service(`telemetry: {${yaml}}\n${pipelines}`)).catch((reason: unknown) => reason)) as ConfigError;
    expect(error.problems.map(({ verdict }) => verdict)).toEqual(['unsupported']);
  });

  it('reads a list of resource attributes and a schema URL', async () => {
    const { telemetry } = (
      await checkText(service(`telemetry: {resource: {attributes_list: "a=b%20c,d=e", schema_url: "https://x"}}\n${pipelines}`))
    ).service;
    expect([...telemetry.resource]).toEqual([
      ['a', 'b c'],
      ['d', 'e'],
    ]);
    expect(telemetry.resourceSchemaUrl).toBe('https://x');
  });
});

describe('problems in several sections', () => {
  it('do not hide each other', async () => {
    const text = service(
      'extensions: [9]\ntelemetry: {logs: {level: loud}}\npipelines:\n  traces: {receivers: [nop], exporters: [none]}\n  logs: {receivers: nop, exporters: [nop]}\n  spans: {}',
    );
    expect(await problemsOf(checkText(text))).toEqual([
      "'service.extensions[0]' expected type 'string', got unconvertible type 'int'",
      `'service.telemetry.logs.level' unrecognized level: "loud"`,
      'service::pipelines::traces: references exporter "none" which is not configured',
      "'service.pipelines[logs].receivers' source data must be an array or slice, got string",
      `'service.pipelines' in "spans" id: unknown pipeline signal: "spans"`,
    ]);
  });

  it.each([
    ['service: []', `'service' expected a map or struct, got "slice"`],
    [service('pipelines: []'), `'service.pipelines' expected a map or struct, got "slice"`],
    [service('pipelines: {traces: []}'), `'service.pipelines[traces]' expected a map or struct, got "slice"`],
    [service(`telemetry: []\n${pipelines}`), `'service.telemetry' expected a map or struct, got "slice"`],
    [service(`extensions: [~]\n${pipelines}`), `'service.extensions[0]' id must not be empty`],
  ])('a section of the wrong type: %j', async (text, message) => {
    expect(await problemsOf(checkText(text))).toContain(message);
  });
});
