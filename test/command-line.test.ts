import { afterEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { components } from '@millrace/distribution';
import { freePorts, runConfig, startMillrace, temporaryFolder } from './harness.ts';
import type { Millrace } from './harness.ts';

const started: Millrace[] = [];
const start = (...values: Parameters<typeof startMillrace>): Millrace => {
  const millrace = startMillrace(...values);
  started.push(millrace);
  return millrace;
};

afterEach(async () => {
  for (const millrace of started.splice(0)) await millrace.stop();
});

async function answer(args: readonly string[], config?: string): Promise<{ code: number; output: string }> {
  const cwd = temporaryFolder();
  if (config !== undefined) writeFileSync(join(cwd, 'config.yaml'), config);
  const millrace = start(config === undefined ? args : [...args, '--config', 'config.yaml'], { cwd });
  const code = await millrace.exited;
  return { code, output: millrace.output() };
}

const minimal = (port: number): string => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {nop: }
service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}
`;

describe('millrace', () => {
  it('prints its version and its usage', async () => {
    expect(await answer(['--version'])).toEqual({ code: 0, output: expect.stringMatching(/^millrace version \d+\.\d+\.\d+\n$/) });
    expect((await answer(['--help'])).output).toContain('millrace --config <location>');
  });

  it('asks for a configuration', async () => {
    const { code, output } = await answer([]);
    expect(code).toBe(1);
    expect(output).toContain('at least one config flag must be provided');
  });

  it('refuses a command and a flag that it does not know', async () => {
    expect(await answer(['brew'])).toEqual({ code: 1, output: expect.stringContaining('unknown command "brew"') });
    expect(await answer(['--nope'])).toEqual({ code: 1, output: expect.stringContaining('--nope') });
  });

  it('is one process that ends with code 0 on SIGTERM and on SIGINT, and reads its configuration again on SIGHUP', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const [port] = await freePorts(1);
      const millrace = await runConfig(minimal(port));
      started.push(millrace);
      expect(readFileSync(`/proc/${millrace.pid}/cmdline`, 'latin1')).toContain('node');
      millrace.child.kill('SIGHUP');
      await millrace.says('Config updated, restart service');
      await millrace.says('Everything is ready', 2);
      millrace.child.kill(signal);
      expect(await millrace.exited).toBe(0);
      expect(millrace.output()).toMatch(/Starting shutdown[^]*Shutdown complete/);
    }
  });

  it('says which address is in use and ends with code 1', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as AddressInfo;
    const { code, output } = await answer([], minimal(port));
    blocker.close();
    expect(code).toBe(1);
    expect(output).toMatch(
      new RegExp(`Error: cannot start pipelines: failed to start "otlp" receiver: .*127\\.0\\.0\\.1:${port}.*address already in use`),
    );
  });

  it('names a file that it cannot read', async () => {
    const { code, output } = await answer(['--config', 'missing.yaml']);
    expect(code).toBe(1);
    expect(output).toMatch(/^Error: failed to get config: .*missing\.yaml/);
  });

  it('runs on a configuration given by flags alone', async () => {
    const [port] = await freePorts(1);
    const millrace = start(['--config', `yaml:${JSON.stringify(parse(minimal(port)))}`, '--set', 'service.telemetry.logs.encoding=json']);
    await millrace.says('"msg":"Everything is ready. Begin running and processing data."');
    expect(await millrace.stop()).toBe(0);
  });
});

describe('millrace validate', () => {
  it('is silent when all is well', async () => {
    expect(await answer(['validate'], minimal(4318))).toEqual({ code: 0, output: '' });
  });

  it('reports every problem with file, line and column, and the nearest right name', async () => {
    const { code, output } = await answer(
      ['validate'],
      `receivers:
  otlp:
    protocols:
      htttp:
processors:
  batch:
    send_batch_size: many
exporters:
  otlp:
    sending_queue: {queue_size: -1}
  debugg:
service:
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [otlp, debug]}
`,
    );
    expect(code).toBe(1);
    for (const text of [
      'htttp',
      'config.yaml:4:7',
      'did you mean "http"',
      'send_batch_size',
      'config.yaml:7:',
      'debugg',
      'did you mean "debug"',
    ]) {
      expect(output).toContain(text);
    }
  });

  it('builds the graph, so it finds a cycle', async () => {
    const { code, output } = await answer(
      ['validate'],
      `receivers: {nop: }
exporters: {nop: }
connectors: {forward: , forward/2: }
service:
  pipelines:
    traces/in: {receivers: [nop, forward/2], exporters: [forward]}
    traces/out: {receivers: [forward], exporters: [nop/x, forward/2]}
`.replace('exporters: {nop: }', 'exporters: {nop/x: }'),
    );
    expect(code).toBe(1);
    expect(output).toContain(
      'failed to build pipelines: cycle detected: connector "forward" (traces to traces) -> connector "forward/2" (traces to traces) -> connector "forward" (traces to traces)',
    );
  });
});

describe('millrace components, print-config and featuregate', () => {
  it('lists every component with its stability in YAML', async () => {
    const { code, output } = await answer(['components']);
    expect(code).toBe(0);
    const listed = parse(output) as Record<string, { name: string; stability: unknown }[]>;
    for (const kind of ['receiver', 'processor', 'exporter', 'connector', 'extension'] as const) {
      const types = components.filter((component) => component.kind === kind).map(({ type }) => type);
      expect(listed[`${kind}s`].map(({ name }) => name)).toEqual(types);
    }
    expect(listed['connectors'].find(({ name }) => name === 'forward')!.stability).toMatchObject({
      'traces-to-traces': expect.any(String),
    });
    expect(listed['extensions'][0].stability).toEqual({ extension: expect.any(String) });
  });

  it('prints the resolved configuration without secrets', async () => {
    const config = `
receivers: {nop: }
exporters: {otlp_http: {endpoint: "http://127.0.0.1:1", headers: {authorization: "Bearer hunter2"}}}
service: {pipelines: {traces: {receivers: [nop], exporters: [otlp_http]}}}
`;
    const redacted = await answer(['print-config'], config);
    expect(redacted.output).toContain('[REDACTED]');
    expect(redacted.output).not.toContain('hunter2');
    expect(parse(redacted.output)).toMatchObject({ exporters: { otlp_http: { timeout: '30s' } } });
    const plain = await answer(['print-config', '--mode=unredacted', '--format=json'], config);
    expect(JSON.parse(plain.output)).toMatchObject({ exporters: { otlp_http: { headers: { authorization: 'Bearer hunter2' } } } });
  });

  it('shows feature gates', async () => {
    expect((await answer(['featuregate'])).output).toMatch(/ID +Enabled +Stage +Description\n[^]*service\.profilesSupport +false +alpha/);
    expect((await answer(['featuregate', 'service.profilesSupport', '--feature-gates', '+service.profilesSupport'])).output).toContain(
      'Enabled: true',
    );
    expect(await answer(['featuregate', 'nope'])).toEqual({ code: 1, output: 'Error: feature "nope" not found\n' });
  });
});

describe('The first five minutes', () => {
  it('are what the printed lines say: a span, a metric and a log reach the console and ./data', async () => {
    const [grpc, http, health, prometheus, zpages, summary, query, analytics] = await freePorts(8);
    const cwd = temporaryFolder();
    const shipped = readFileSync(join(import.meta.dirname, '..', 'pipeline.yaml'), 'utf8');
    writeFileSync(join(cwd, 'pipeline.yaml'), shipped);
    const millrace = start(
      [
        '--config',
        'pipeline.yaml',
        '--first-steps',
        '--set',
        `receivers.otlp.protocols.grpc.endpoint=127.0.0.1:${grpc}`,
        '--set',
        `receivers.otlp.protocols.http.endpoint=127.0.0.1:${http}`,
        '--set',
        `extensions.health_check.endpoint=127.0.0.1:${health}`,
        '--set',
        `exporters.prometheus.endpoint=127.0.0.1:${prometheus}`,
        '--set',
        `extensions.zpages.endpoint=127.0.0.1:${zpages}`,
        '--set',
        `exporters.summary.endpoint=127.0.0.1:${summary}`,
        '--set',
        `extensions.query.endpoint=127.0.0.1:${query}`,
        '--set',
        `extensions.analytics.endpoint=127.0.0.1:${analytics}`,
        '--set',
        'receivers.host_metrics.initial_delay=1ms',
      ],
      { cwd },
    );
    await millrace.says('/v1/logs');
    await millrace.says('"hello"}}]}]}]}');
    expect(millrace.output()).toContain(`127.0.0.1:${grpc} (gRPC) and 127.0.0.1:${http} (HTTP)`);
    const lines = millrace
      .output()
      .split('\n')
      .filter((line) => line.startsWith('curl'));
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      const [, url = '', body = ''] = /(http\S+) -d '(.*)'$/.exec(line) ?? [];
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      expect([response.status, await response.text()]).toEqual([200, '{"partialSuccess":{}}']);
    }
    expect((await fetch(`http://127.0.0.1:${health}/`)).status).toBe(200);
    // Once in the line to paste, once on the console.
    await millrace.says('greetings', 2);
    const pages = [...millrace.output().matchAll(/^(?:Metrics for Prometheus|How the service fares): (\S+)$/gm)].map(([, url]) => url!);
    expect(pages).toEqual([`http://127.0.0.1:${prometheus}/metrics`, `http://127.0.0.1:${zpages}/debug/servicez`]);
    let metrics = '';
    while (!/^system_memory_usage_bytes\{/m.test(metrics) || !/^greetings_total\{.*job="first-steps".*\} 1$/m.test(metrics)) {
      metrics = await (await fetch(pages[0]!)).text();
    }
    expect(await (await fetch(pages[1]!)).text()).toContain('metrics/host');
    let remembered = '';
    while (!remembered.includes('"job":"first-steps"')) {
      remembered = await (await fetch(`http://127.0.0.1:${query}/api/v1/query?query=greetings_total`)).text();
    }
    expect(remembered).toMatch(/"value":\[[\d.]+,"1"\]/);
    expect((await fetch(`http://127.0.0.1:${analytics}/analytics/cost-breakdown`)).status).toBe(200);
    expect(await millrace.stop()).toBe(0);
    for (const signal of ['traces', 'metrics', 'logs']) {
      expect(existsSync(join(cwd, 'data', `${signal}.jsonl`))).toBe(true);
      const written = readFileSync(join(cwd, 'data', `${signal}.jsonl`), 'utf8');
      expect(written).toContain('first-steps');
      expect(written).toContain(`{"key":"host.name","value":{"stringValue":"${hostname()}"}}`);
    }
  });
});
