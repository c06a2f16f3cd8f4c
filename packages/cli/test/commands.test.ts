import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { run } from '@millrace/cli';
import { parseArguments } from '../src/arguments.ts';
import { firstSteps } from '../src/first-steps.ts';

function terminal(env: Record<string, string> = {}) {
  const written = { stdout: '', stderr: '' };
  const events = new EventEmitter();
  const wrote = new EventEmitter();
  return {
    written,
    events,
    env,
    cwd: mkdtempSync(join(tmpdir(), 'cli-')),
    stdout: (text: string) => void (written.stdout += text),
    stderr: (text: string) => {
      written.stderr += text;
      wrote.emit('wrote');
    },
    async says(text: string) {
      while (!written.stderr.includes(text)) await once(wrote, 'wrote');
    },
  };
}

const nop = {
  receivers: { nop: null },
  exporters: { nop: null },
  service: { pipelines: { traces: { receivers: ['nop'], exporters: ['nop'] } } },
};
const location = (config: unknown): string => `yaml:${JSON.stringify(config)}`;
const quiet = (config: typeof nop, telemetry: unknown): unknown => ({
  ...config,
  service: { ...config.service, telemetry: { logs: { output_paths: [] }, ...(telemetry as object) } },
});

describe('The command line', () => {
  it('takes flags before and after the command', () => {
    expect(
      parseArguments(['--config', 'a', 'print-initial-config', '--config', 'b', '--feature-gates=x', '--feature-gates=-y']),
    ).toMatchObject({
      command: 'print-config',
      config: ['a', 'b'],
      featureGates: 'x,-y',
      mode: 'redacted',
    });
    expect(() => parseArguments(['print-config', '--format=toml'])).toThrow('must be one of yaml, json');
  });

  it('answers --version, --help, components and featuregate', async () => {
    for (const [argv, text] of [
      [['--version'], 'millrace version'],
      [['--help'], 'Usage:'],
      [['components'], 'otlp_grpc'],
      [['featuregate'], 'service.profilesSupport'],
      [['featuregate', 'service.profilesSupport'], 'Stage: alpha'],
    ] as const) {
      const t = terminal();
      expect(await run(argv, t)).toBe(0);
      expect(t.written.stdout).toContain(text);
    }
  });

  it('runs until it is told to stop, and reports warnings first', async () => {
    const t = terminal();
    const ended = run(['--config', location(nop), '--set', 'service.telemetry.logs.level=${LEVEL:-info}'], t);
    await t.says('Everything is ready');
    t.events.emit('unhandledRejection', new Error('lost'));
    t.events.emit('uncaughtException', new Error('thrown'));
    t.events.emit('SIGTERM');
    expect(await ended).toBe(0);
    for (const text of ['Starting millrace...', 'lost', 'thrown', 'Shutdown complete.']) {
      expect(t.written.stderr).toContain(text);
    }
    expect(t.events.eventNames()).toEqual([]);
  });

  it('rewrites old names in the files of a configuration before it validates', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    const file = join(folder, 'old.yaml');
    const old = (exporter: string): string =>
      `receivers: {nop: }\nexporters:\n  ${exporter}: { endpoint: "http://127.0.0.1:1" } # ours\nservice: {pipelines: {traces: {receivers: [nop], exporters: [${exporter}]}}}\n`;
    writeFileSync(file, old('otlphttp'));
    const t = terminal();
    expect(await run(['validate', '--fix', '--config', file, '--config', 'yaml:service::telemetry::logs::level: info'], t)).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(old('otlp_http'));
    expect(t.written.stdout).toBe(
      `${file}: line 3: exporter otlphttp is called otlp_http\n${file}: line 4: otlphttp is called otlp_http\nyaml: locations are not rewritten\n`,
    );
  });

  it('fails with the problem as its last word', async () => {
    const t = terminal();
    const broken = { ...nop, exporters: { nope: null } };
    expect(await run(['--config', location(broken)], t)).toBe(1);
    expect(t.written.stderr).toMatch(/^Error: invalid configuration: [^]*unknown type: "nope"/);
    const validated = terminal();
    expect(await run(['validate', '--config', location(broken)], validated)).toBe(1);
    expect(validated.written.stderr).toMatch(/^Error: (?!invalid configuration)/);
    const missing = terminal();
    expect(await run(['validate', '--config', 'missing.yaml'], missing)).toBe(1);
    expect(missing.written.stderr).toContain('failed to get config');
  });

  it('prints a resolved configuration', async () => {
    const t = terminal({ NAME: 'x' });
    writeFileSync(join(t.cwd, 'a.yaml'), JSON.stringify(quiet(nop, {})));
    expect(await run(['print-config', '--config', 'a.yaml', '--format=json'], t)).toBe(0);
    expect(JSON.parse(t.written.stdout)).toMatchObject({ service: { pipelines: { traces: { receivers: ['nop'] } } } });
  });
});

describe('The first steps', () => {
  const config = (protocols: unknown, exporters: object = {}, extensions: object = {}) =>
    ({
      receivers: new Map([['otlp', { type: 'otlp', config: { protocols } }]]),
      exporters: new Map(Object.entries(exporters)),
      extensions: new Map(Object.entries(extensions)),
    }) as never;

  it('are for the first OTLP/HTTP listener, or nothing', () => {
    expect(firstSteps(config({ http: { endpoint: '0.0.0.0:1' } }), 1)).toContain('http://localhost:1/v1/metrics');
    expect(firstSteps(config({ grpc: { endpoint: 'localhost:1' } }), 1)).toBe('');
    expect(firstSteps({ receivers: new Map([['nop', { type: 'nop', config: {} }]]) } as never, 1)).toBe('');
  });

  it('end with the pages to look at, where there are any', () => {
    const http = { http: { endpoint: 'localhost:1' } };
    const exporters = { prometheus: { type: 'prometheus', config: { endpoint: '0.0.0.0:2' } }, debug: { type: 'debug', config: {} } };
    const extensions = { 'zpages/x': { type: 'zpages', config: { endpoint: 'localhost:3' } } };
    expect(firstSteps(config(http, exporters, extensions), 1)).toMatch(
      /\n\nMetrics for Prometheus: http:\/\/localhost:2\/metrics\nHow the service fares: http:\/\/localhost:3\/debug\/servicez\n\n$/,
    );
    expect(firstSteps(config(http), 1)).toMatch(/}'\n\n$/);
  });
});
