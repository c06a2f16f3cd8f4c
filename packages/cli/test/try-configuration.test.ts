import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { run } from '@millrace/cli';

const pipeline = `
receivers: { otlp: { protocols: { http: } }, otlp/other: { protocols: { http: { endpoint: localhost:1 } } } }
processors:
  batch: { timeout: 5s }
  attributes: { actions: [{ key: env, value: "\${env:ENV:-prod}", action: insert }] }
  filter: { spans: { exclude: { match_type: strict, span_names: [GET /health] } } }
connectors: { forward: , count: { spans: { span.count: } } }
exporters: { debug: , otlp_http: { endpoint: "http://127.0.0.1:1" } }
extensions: { health_check: }
service:
  extensions: [health_check]
  pipelines:
    traces: { receivers: [otlp], processors: [filter, attributes, batch], exporters: [debug, otlp_http, count] }
    logs: { receivers: [otlp], processors: [attributes], exporters: [forward] }
    logs/second: { receivers: [forward, otlp/other], processors: [attributes], exporters: [debug] }
    metrics: { receivers: [otlp, count], exporters: [debug] }
`;

/** Runs a command in a folder that holds the files, and gives what it wrote. */
async function runIn(files: Readonly<Record<string, string>>, argv: readonly string[]) {
  const cwd = mkdtempSync(join(tmpdir(), 'try-'));
  for (const [name, text] of Object.entries({ 'pipeline.yaml': pipeline, ...files })) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  const written = { stdout: '', stderr: '' };
  const code = await run(argv, {
    cwd,
    env: {},
    events: new EventEmitter(),
    stdout: (text) => void (written.stdout += text),
    stderr: (text) => void (written.stderr += text),
  });
  return { code, ...written, read: (name: string) => readFileSync(join(cwd, name), 'utf8') };
}

const tests = (...steps: string[]): string =>
  `config: [pipeline.yaml]\ntests:\n  - name: shows it\n    steps:\n${steps.map((step) => `      - ${step}\n`).join('')}`;
const health = '{ name: GET /health }';
const shop = '{ name: GET /shop, attributes: { n: 1 }, resource: { service.name: shop } }';

describe('millrace test', () => {
  it('sends items into any node and compares what comes out of any, on its own clock', async () => {
    const { code, stdout } = await runIn(
      {
        'a.test.yaml': tests(
          `send: { node: receivers/otlp, spans: [${health}, ${shop}] }`,
          `expect: { node: processors/filter, items: 1, dropped: { filtered: 1 } }`,
          `expect: { node: processors/attributes, spans: [{ name: GET /shop, attributes: { n: 1, env: prod, other: null }, resource: { service.name: shop } }] }`,
          `expect: { node: exporters/debug, items: 0 }`,
          `advance: 5s`,
          `expect: { node: exporters/debug, spans: [{ name: { matches: ^GET } }] , others: true }`,
          `send: { node: processors/batch, spans: [${health}] }`,
          `stop`,
          `expect: { node: exporters/otlp_http, items: 2 }`,
          `expect: { node: exporters/debug, items: 1, spans: [{ name: GET /health, attributes: { env: null } }], others: true }`,
        ).replace('items: 1, spans: [{ name: GET /health', 'spans: [{ name: GET /health'),
      },
      ['test'],
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'a.test.yaml\n  ✓ shows it\n1 passed, 0 failed\n' });
  });

  it('tells what differs, with the place of the step, and fails', async () => {
    const { code, stdout, stderr } = await runIn(
      {
        'a.test.yaml': tests(
          'send: { node: receivers/otlp/other, logs: [{ body: hello, severity_text: INFO }] }',
          'expect: { node: exporters/debug, logs: [{ body: hallo, severity_number: 9, attributes: { env: dev, x: 1 } }] }',
        ),
      },
      ['test', 'a.test.yaml'],
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'Error: 1 of 1 tests failed\n' });
    expect(stdout).toBe(`a.test.yaml
  ✗ shows it
    step 2, a.test.yaml:6
      logs[0]
        body
          expected "hallo"
          received "hello"
        attributes.env
          expected "dev"
          received "prod"
        attributes.x
          expected 1
          received nothing
0 passed, 1 failed
`);
  });

  it.each([
    ['send: { node: receivers/otpl, logs: [{ body: x }] }', 'no pipeline has a node "receivers/otpl", did you mean "receivers/otlp"?'],
    ['expect: { node: exporters/debag, items: 0 }', 'no pipeline has a node "exporters/debag", did you mean "exporters/debug"?'],
    ['send: { node: processors/attributes, logs: [{ body: x }] }', 'is in several pipelines: add "pipeline", one of: logs, logs/second'],
    ['send: { node: processors/attributes, pipeline: logs/third, logs: [{ body: x }] }', 'is not in pipeline logs/third (it is in: '],
    ['send: { node: receivers/otlp/other, spans: [{ name: x }] }', 'is not in a pipeline of traces'],
    ['send: { node: receivers/otlp }', 'nothing to send'],
    ['send: { node: receivers/otlp, file: none.json }', 'cannot read none.json: ENOENT'],
    ['expect: { node: exporters/debug, items: 2 }', 'expected 2'],
    ['expect: { node: exporters/debug, golden: none.json }', 'none.json does not exist: --update writes it'],
    ['send: { node: receivers/otlp, spans: [{ name: x }], refused: no }', 'takes what is sent, which should be refused'],
  ])('fails a test that says %s', async (step, message) => {
    const { code, stdout } = await runIn({ 'a.test.yaml': tests(step) }, ['test']);
    expect(code).toBe(1);
    expect(stdout).toContain(message);
  });

  it('names every problem of a file with its place, and runs the others', async () => {
    const { code, stdout } = await runIn(
      {
        'a.test.yaml': tests('send: { node: a, spams: [] }', 'expect: { node: a, itms: 3 }'),
        'deep/b.test.yml': tests('advance: 1s').replace('pipeline.yaml', '../pipeline.yaml'),
        'c.test.yaml': tests('advance: 1s').replace('pipeline.yaml', 'none.yaml'),
        'd.test.yaml': 'tests: [{ name: x, steps: [stop] }]',
      },
      ['test'],
    );
    expect(code).toBe(1);
    expect(stdout).toContain('has invalid keys: spams\n      at a.test.yaml:5:26 (tests::0::steps::0::send::spams)\n');
    expect(stdout).toContain('did you mean "items"?');
    expect(stdout).toContain('deep/b.test.yml\n  ✓ shows it\n');
    expect(stdout).toContain('none.yaml');
    expect(stdout).toContain('which configuration? say "config" in the file, or --config');
    expect(stdout).toContain('1 passed, 3 failed');
  });

  it('takes the configuration of the command line, and variables of the file', async () => {
    const file = tests(
      'send: { node: receivers/otlp/other, logs: [{ body: x }] }',
      'expect: { node: exporters/debug, logs: [{ attributes: { env: test } }] }',
    );
    const { code, stdout } = await runIn({ 'a.test.yaml': file.replace('config: [pipeline.yaml]', 'env: { ENV: test }') }, [
      'test',
      '--config',
      'pipeline.yaml',
    ]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('✓ shows it') });
  });

  it('writes golden files when told to, and compares with them', async () => {
    const send = `send: { node: receivers/otlp, spans: [${shop}] }`;
    const file = tests(send, 'expect: { node: processors/attributes, golden: out.json }');
    const written = await runIn({ 'a.test.yaml': file }, ['test', '--update']);
    expect(written.code).toBe(0);
    const golden = written.read('out.json');
    expect(JSON.parse(golden)).toMatchObject([{ name: 'GET /shop', attributes: { env: 'prod' } }]);
    expect(golden).not.toContain('2026');
    expect((await runIn({ 'a.test.yaml': file, 'out.json': golden }, ['test'])).code).toBe(0);
    const less = await runIn({ 'a.test.yaml': file, 'out.json': golden.replace('"env": "prod"', '"n2": 1') }, ['test']);
    expect(less.stdout).toContain('attributes.n2');
    const more = await runIn({ 'a.test.yaml': file, 'out.json': golden.replace(/"env": "prod",?/, '').replace(/,(\s*})/g, '$1') }, [
      'test',
    ]);
    expect(more.stdout).toContain('what it does not have');
  });

  it('sends the requests of a file', async () => {
    const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'from a file' } }] }] }] };
    const { code } = await runIn(
      {
        'in.jsonl': `${JSON.stringify(request)}\n${JSON.stringify(request)}\n`,
        'a.test.yaml': tests('send: { node: receivers/otlp/other, file: in.jsonl }', 'expect: { node: exporters/debug, items: 2 }'),
      },
      ['test'],
    );
    expect(code).toBe(0);
  });

  it('needs tests', async () => {
    expect((await runIn({}, ['test'])).stderr).toContain('no tests');
    expect((await runIn({}, ['test', 'none.test.yaml'])).stdout).toContain('cannot read none.test.yaml: ENOENT');
  });
});

const span = (id: string, name: string, trace = '01'.repeat(16)): object => ({
  traceId: trace,
  spanId: id.repeat(8),
  name,
  startTimeUnixNano: '1',
  endTimeUnixNano: '2',
});
const spansOf = (...spans: object[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

describe('millrace explain', () => {
  const file = `${spansOf(span('0a', 'GET /health'), span('0b', 'GET /shop'))}\n${spansOf(span('0c', 'other', '02'.repeat(16)))}\n`;

  it('tells what every node does to the spans of a trace', async () => {
    const { code, stdout } = await runIn({ 'in.json': file }, [
      'explain',
      'in.json',
      '--config',
      'pipeline.yaml',
      '--trace',
      '01'.repeat(16),
    ]);
    expect(code).toBe(0);
    expect(stdout).toBe(`span 0a0a0a0a0a0a0a0a "GET /health" of trace ${'01'.repeat(16)}
  receivers/otlp: received
  processors/filter (traces): dropped (filtered: 1)

span 0b0b0b0b0b0b0b0b "GET /shop" of trace ${'01'.repeat(16)}
  receivers/otlp: received
  processors/filter (traces): passed on
  processors/attributes (traces): changed
    attributes.env: nothing -> "prod"
  processors/batch (traces): passed on
  exporters/debug: exported
  exporters/otlp_http: exported
  connectors/count: made 1 item of metrics: span.count
`);
  });

  it('tells it of one item, entering where it is told', async () => {
    const item = ['explain', 'in.json', '--config', 'pipeline.yaml', '--item', '3', '--at', 'processors/batch'];
    const { code, stdout } = await runIn({ 'in.json': file }, item);
    expect(code).toBe(0);
    expect(stdout).toContain('span 0c0c0c0c0c0c0c0c "other"');
    expect(stdout).not.toContain('processors/filter');
    expect(stdout).toContain('exporters/debug: exported');
  });

  it('tells it of log records and data points one by one', async () => {
    const point = { name: 'm', gauge: { dataPoints: [{ asInt: '1' }, { asInt: '2' }] } };
    const lines = [
      JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hi' } }] }] }] }),
      JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [point] }] }] }),
    ];
    const { stdout } = await runIn({ 'in.json': lines.join('\n') }, ['explain', 'in.json', '--config', 'pipeline.yaml', '--item', '2']);
    expect(stdout).toContain('data point of "m"\n  receivers/otlp: received\n');
    const logs = await runIn({ 'in.json': lines[0]! }, ['explain', 'in.json', '--config', 'pipeline.yaml']);
    expect(logs.stderr).toBe('Error: several receivers take logs: add --at, one of: receivers/otlp, receivers/otlp/other\n');
  });

  it.each([
    [['explain'], 'explain needs one file'],
    [['explain', 'in.json'], 'explain needs --config'],
    [['explain', 'none.json', '--config', 'pipeline.yaml'], 'cannot read none.json: ENOENT'],
    [['explain', 'in.json', '--config', 'pipeline.yaml', '--trace', 'ff'], 'in.json has nothing of trace ff'],
    [['explain', 'in.json', '--config', 'pipeline.yaml', '--item', '4'], 'in.json has 3 items'],
    [['explain', 'in.json', '--config', 'pipeline.yaml', '--item', '0'], 'invalid argument "0" for "--item"'],
    [['explain', 'pipeline.yaml', '--config', 'pipeline.yaml'], 'pipeline.yaml:2: expected an OTLP/JSON request'],
  ])('refuses %j', async (argv, message) => {
    const { code, stderr } = await runIn({ 'in.json': file }, argv);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});
