import { afterEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { freePorts, startMillrace, temporaryFolder } from './harness.ts';
import type { Millrace } from './harness.ts';

const root = join(import.meta.dirname, '..');
const started: Millrace[] = [];
const start = (...values: Parameters<typeof startMillrace>): Millrace => {
  const millrace = startMillrace(...values);
  started.push(millrace);
  return millrace;
};

afterEach(async () => {
  for (const millrace of started.splice(0)) await millrace.stop();
});

interface Answer {
  readonly code: number;
  readonly output: string;
}

/** Runs a command line as a shell does, with `millrace` and `tsc` on its path. */
function shell(line: string, cwd: string): Promise<Answer> {
  const path = [join(root, 'packages/cli/bin'), join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], { cwd, env: { ...process.env, PATH: path } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
}

function write(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** A configuration with one processor between receivers and exporters that do nothing. */
const around = (plugin: string, type: string, settings = ''): string => `receivers: {nop: }
processors: {${type}: ${settings}}
exporters: {nop: }
plugins:
  - ${plugin}
service: {pipelines: {traces: {receivers: [nop], processors: [${type}], exporters: [nop]}}}
`;

async function send(port: number, ...names: string[]): Promise<number> {
  const spans = names.map((name) => ({ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name }));
  const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  });
  await answer.text();
  return answer.status;
}

const otlpToFile = (port: number, plugins: string, processors: object): string =>
  JSON.stringify({
    plugins: plugins.split(' '),
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors,
    exporters: { file: { path: 'out.jsonl' } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], processors: Object.keys(processors), exporters: ['file'] } },
    },
  });

const spansIn = (folder: string): { name: string; attributes?: { value: { stringValue: string } }[] }[] =>
  readFileSync(join(folder, 'out.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .flatMap((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans);

const marking = (type: string, mark: string): string => `import { defineProcessor, key } from '@millrace/api';
const name = key('mark.${type}');
export default defineProcessor({ type: '${type}', spans(span) { span.attributes.setString(name, '${mark}'); } });
`;

describe('A plugin', () => {
  it('runs from a file and from a package, in every thread, with the API of the program and nothing installed', async () => {
    const [port] = (await freePorts(1)) as [number];
    const packageFiles = {
      'package.json': '{ "name": "@acme/marks", "type": "module", "exports": "./dist/index.js" }',
      'dist/index.js': marking('packaged', 'b'),
    };
    const folder = write(temporaryFolder(), {
      'conf/marker.ts': marking('filed', 'a').replace("'filed',", "'filed' as const,"),
      ...Object.fromEntries(Object.entries(packageFiles).map(([path, text]) => [`conf/node_modules/@acme/marks/${path}`, text])),
      'conf/config.yaml': otlpToFile(port, './marker.ts @acme/marks', { filed: null, packaged: null }),
    });
    const millrace = start(['--config', 'conf/config.yaml', '--workers', '2'], { cwd: folder });
    await millrace.says('Everything is ready');
    for (let i = 0; i < 6; i++) expect(await send(port, `span ${i}`)).toBe(200);
    expect(await millrace.stop()).toBe(0);
    const spans = spansIn(folder);
    expect(spans.map(({ name }) => name).sort()).toEqual(Array.from({ length: 6 }, (_, i) => `span ${i}`));
    expect(spans.map(({ attributes }) => attributes?.map(({ value }) => value.stringValue))).toEqual(spans.map(() => ['a', 'b']));
    expect(millrace.output()).not.toContain('Warning');
  });

  it('has one instance for all threads with scope: process', async () => {
    const [port] = (await freePorts(1)) as [number];
    const numbering = `import { defineProcessor, key } from '@millrace/api';
const number = key('number');
export default defineProcessor({
  type: 'numbering', scope: 'process', setup: () => ({ last: 0 }),
  spans(span, state) { span.attributes.setString(number, String(++state.last)); },
});`;
    const folder = write(temporaryFolder(), { 'n.ts': numbering, 'c.yaml': otlpToFile(port, './n.ts', { numbering: null }) });
    const millrace = start(['--config', 'c.yaml', '--workers', '2'], { cwd: folder });
    await millrace.says('Everything is ready');
    await Promise.all(Array.from({ length: 8 }, (_, i) => send(port, `span ${i}`)));
    expect(await millrace.stop()).toBe(0);
    const numbers = new Set(spansIn(folder).map(({ attributes }) => attributes?.[0]?.value.stringValue));
    expect(numbers).toEqual(new Set(['1', '2', '3', '4', '5', '6', '7', '8']));
  });

  it('is read again when it changed, on SIGHUP', async () => {
    const [port] = (await freePorts(1)) as [number];
    const folder = write(temporaryFolder(), { 'marker.ts': marking('m', 'old'), 'c.yaml': otlpToFile(port, './marker.ts', { m: null }) });
    const millrace = start(['--config', 'c.yaml', '--workers', '1'], { cwd: folder });
    await millrace.says('Everything is ready');
    await send(port, 'a');
    writeFileSync(join(folder, 'marker.ts'), marking('m', 'new'));
    millrace.child.kill('SIGHUP');
    await millrace.says('Everything is ready', 2);
    await send(port, 'b');
    await millrace.stop();
    const marks = spansIn(folder).map(({ name, attributes }) => [name, attributes?.[0]?.value.stringValue]);
    expect(marks.at(-1)).toEqual(['b', 'new']);
  });

  it.each(['keep', 'drop', 'reject'] as const)(
    'that hangs is stopped with isolate: worker, its batch is treated by on_error: %s, and the next ones are processed',
    async (onError) => {
      const [port] = (await freePorts(1)) as [number];
      const hang = `import { defineProcessor, key } from '@millrace/api';
const seen = key('seen');
export default defineProcessor({ type: 'hang', spans(span) { if (span.name === 'hang') for (;;); span.attributes.setString(seen, 'yes'); } });`;
      const settings = { isolate: 'worker', isolate_timeout: '500ms', on_error: onError };
      const folder = write(temporaryFolder(), { 'hang.ts': hang, 'c.yaml': otlpToFile(port, './hang.ts', { hang: settings }) });
      const millrace = start(['--config', 'c.yaml', '--workers', '1'], { cwd: folder });
      await millrace.says('Everything is ready');
      const hanging = send(port, 'hang');
      const after = send(port, 'after');
      expect([await hanging, await after]).toEqual([onError === 'reject' ? 503 : 200, 200]);
      expect(await millrace.stop()).toBe(0);
      const found = spansIn(folder).map(({ name, attributes = [] }) => `${name}: ${attributes.length}`);
      expect(found.sort()).toEqual(['after: 1', ...(onError === 'keep' ? ['hang: 0'] : [])]);
      if (onError !== 'reject') expect(millrace.output()).toContain('the plugin took longer than 500ms for a batch');
    },
  );

  it('that fails to start stops the program, in a thread of its own too', async () => {
    const folder = write(temporaryFolder(), {
      'p.ts': `import { defineProcessor } from '@millrace/api';
export default defineProcessor({ type: 'p', setup() { throw new Error('no table'); }, spans() {} });`,
      'a.yaml': around('./p.ts', 'p'),
      'b.yaml': around('./p.ts', 'p', '{isolate: worker}'),
    });
    for (const config of ['a.yaml', 'b.yaml']) {
      const { code, output } = await shell(`millrace --config ${config}`, folder);
      expect([code, output]).toEqual([1, expect.stringContaining('no table')]);
    }
  });
});

const define = `import { defineProcessor } from '@millrace/api';\n`;
const plugin = (body: string): string => `${define}export default defineProcessor({\n  type: 'p',\n${body}  spans() {},\n});\n`;
const mistakes: readonly [string, string, string, string, readonly string[]][] = [
  [
    'a misspelt setting',
    './p.ts',
    plugin(`  configSchema: { properties: { url: { type: 'string' } } },\n`),
    '{ulr: x}',
    ['ulr', 'c.yaml:2:18', 'did you mean "url"?'],
  ],
  [
    'a setting of another type',
    './p.ts',
    plugin(`  configSchema: { properties: { n: { type: 'integer' } } },\n`),
    '{n: x}',
    ["'n' expected type 'int'", 'c.yaml:2:18'],
  ],
  [
    'a missing setting',
    './p.ts',
    plugin(`  configSchema: { required: ['url'], properties: { url: { type: 'string' } } },\n`),
    '',
    ['requires a non-empty "url"', 'c.yaml:2:14'],
  ],
  ['a bad on_error', './p.ts', plugin(''), '{on_error: kep}', ['c.yaml:2:18', 'did you mean "keep"?']],
  ['a misspelt file', './q.ts', plugin(''), '', ['there is no file', 'c.yaml:5:5 (plugins::0)', 'did you mean "./p.ts"?']],
  ['a file that looks like a package', 'p.ts', plugin(''), '', ["Cannot find package 'p.ts'", 'c.yaml:5:5', 'did you mean "./p.ts"?']],
  ['a package that is not there', '"@acme/none"', plugin(''), '', ["Cannot find package '@acme/none'", 'c.yaml:5:5']],
  ['an entry that is no text', '{a: b}', plugin(''), '', ["'plugins[0]' is no file or package", 'c.yaml:5:5', 'expected a text']],
  [
    'a misspelt hook',
    './p.ts',
    `${define}export default defineProcessor({ type: 'p',\n  span() {} });`,
    '',
    ['has no "span"', 'p.ts:2:16', 'did you mean "spans"?'],
  ],
  [
    'a misspelt import',
    './p.ts',
    `import { defineProcesor } from '@millrace/api';\nexport default 1;`,
    '',
    ['p.ts:1:10', 'did you mean "defineProcessor"?'],
  ],
  [
    'no default export',
    './p.ts',
    plugin('').replace('export default', 'export const mine ='),
    '',
    ['it exports its component as "mine"', 'p.ts:2:1', 'expected export default'],
  ],
  ['nothing exported', './p.ts', 'const a = 1;\n', '', ['it has no default export', 'p.ts:1:1']],
  ['something else exported', './p.ts', `\nexport default { type: 'p' };`, '', ['its default export is no component', 'p.ts:2:1']],
  ['a syntax error', './p.ts', `${define}export default defineProcessor({ type 'p' });`, '', ['SyntaxError', 'p.ts:2:39']],
  [
    'a syntax error in JavaScript',
    './p.mjs',
    `${define}export default defineProcessor({ type 'p' });`,
    '',
    ['SyntaxError: Unexpected string', 'p.mjs:2:39'],
  ],
  [
    'syntax that cannot be erased',
    './p.ts',
    `${define}enum A { b }\n`,
    '',
    ['TypeScript enum is not supported', 'p.ts:2:1', 'types that can be erased'],
  ],
  ['a throw while it loads', './p.ts', `\n  throw new Error('at load');`, '', ['Error: at load', 'p.ts:2:9']],
  [
    'a misspelt keyword in its schema',
    './p.ts',
    plugin(`  configSchema: { properties: { url: { tpye: 'string' } } },\n`),
    '',
    ['"tpye"', 'p.ts:4:3', 'did you mean "type"?'],
  ],
  [
    'a wrong type in its schema',
    './p.ts',
    plugin(`  configSchema: { properties: { url: { type: 'text' } } },\n`),
    '',
    ['its configSchema cannot be used', 'p.ts:4:3'],
  ],
  [
    'a type that exists',
    './p.ts',
    plugin('').replace("'p'", "'batch'"),
    '',
    ['processor type "batch" is taken by a component of this program', 'c.yaml:5:5'],
  ],
];

describe('A configuration error', () => {
  it.each(mistakes)('names the place and what would be right for %s', async (_, name, text, settings, expected) => {
    const folder = write(temporaryFolder(), { [name.endsWith('.mjs') ? 'p.mjs' : 'p.ts']: text, 'c.yaml': around(name, 'p', settings) });
    const { code, output } = await shell('millrace validate --config c.yaml', folder);
    expect(code).toBe(1);
    for (const part of expected) expect(output).toContain(part);
  });
});

describe('millrace new', () => {
  it('makes plugins of every kind, whose tests pass, whose configurations are right and whose types are clean', async () => {
    const folder = temporaryFolder();
    const kinds = ['processor', 'receiver', 'exporter', 'connector'];
    for (const kind of kinds) expect((await shell(`millrace new ${kind} my_${kind}`, folder)).code).toBe(0);
    const { code, output } = await shell('millrace test', folder);
    expect([code, output]).toEqual([0, expect.stringMatching(/\n5 passed, 0 failed\n$/)]);
    for (const kind of kinds) {
      expect(await shell(`millrace validate --config my-${kind}/config.yaml`, folder)).toEqual({ code: 0, output: '' });
      expect(await shell(`tsc -p my-${kind}`, folder)).toEqual({ code: 0, output: '' });
      expect(globSync(`my-${kind}/**`, { cwd: folder })).not.toContain(`my-${kind}/package.json`);
    }
  });

  it('overwrites nothing, and says what is wrong with a kind or a name', async () => {
    const folder = write(temporaryFolder(), { 'mine/file': 'x' });
    for (const [line, message] of [
      ['new processor mine', 'exists and is not empty'],
      ['new proccesor mine2', 'did you mean "processor"?'],
      ['new', 'new needs a kind: must be one of processor, receiver, exporter, connector'],
      ['new processor', 'needs one name such as tenant_tier'],
      ['new processor Tenant-Tier', 'needs one name such as tenant_tier'],
    ] as const) {
      const { code, output } = await shell(`millrace ${line}`, folder);
      expect([code, output]).toEqual([1, expect.stringContaining(message)]);
    }
  });
});

describe('The types', () => {
  it.each([
    ['a field of a view', 'span.nmae', "Property 'nmae' does not exist on type 'SpanView'"],
    ['a setting', 'config.tiesr', "Property 'tiesr' does not exist on type"],
    ['a hook', 'spnas(', "'spnas' does not exist in type 'ProcessorPlugin"],
    ['a keyword of the schema', "descripton: 'The tier of each customer.'", "is not assignable to type 'never'"],
    ['a verdict', "return 'dorp'", 'is not assignable to type'],
  ])('refuse %s that is misspelt', async (_, misspelt, message) => {
    const folder = temporaryFolder();
    await shell('millrace new processor p', folder);
    const right: Readonly<Record<string, string>> = {
      'span.nmae': 'span.attributes.string(customer)',
      'config.tiesr': 'config.tiers',
      'spnas(': 'spans(',
      "descripton: 'The tier of each customer.'": "description: 'The tier of each customer.'",
      "return 'dorp'": "return 'drop'",
    };
    const file = join(folder, 'p/p.ts');
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(right[misspelt]);
    writeFileSync(file, text.replace(right[misspelt]!, misspelt));
    const { code, output } = await shell('tsc -p p', folder);
    expect(code).not.toBe(0);
    expect(output).toContain(message);
  });
});

describe('millrace test', () => {
  it('fails with the test that fails, and where', async () => {
    const folder = write(temporaryFolder(), {
      'p.test.ts': `import { equal } from 'node:assert/strict';\nimport { test } from 'node:test';\ntest('adds', () => equal(1 + 1, 3));\n`,
      'q.test.ts': `import './nowhere.ts';\n`,
    });
    const { code, output } = await shell('millrace test', folder);
    expect(code).toBe(1);
    for (const text of ['✗ adds', '2 !== 3', 'p.test.ts:3:', '✗ the file', '0 passed, 2 failed']) expect(output).toContain(text);
  });

  it('passes for the example plugins, whose configuration is right', async () => {
    const { code, output } = await shell('millrace test plugins', root);
    expect([code, output]).toEqual([0, expect.stringMatching(/\n9 passed, 0 failed\n$/)]);
    for (const file of globSync('plugins/*.test.ts', { cwd: root })) expect(output).toContain(file);
    expect(await shell('millrace validate --config plugins/pipeline.yaml', root)).toEqual({ code: 0, output: '' });
  });
});

describe('docs/plugins.md', () => {
  const text = readFileSync(join(root, 'docs/plugins.md'), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, body]) => ({ language: language!, body: body! }));

  it('leads from nothing to a running plugin: every command does what the page says', async () => {
    const [port] = (await freePorts(1)) as [number];
    const local = (part: string): string => part.replaceAll('4318', String(port));
    const folder = temporaryFolder();
    let output = '';
    let running: Millrace | undefined;
    let commands = 0;
    for (const { language, body } of blocks) {
      const file = /^(?:\/\/|#) (\S+\.(?:ts|yaml))\n/.exec(body)?.[1];
      if (file !== undefined) {
        await running?.stop();
        running = undefined;
        write(folder, { [file]: local(body) });
      } else if (language === 'text') {
        for (const line of body.trimEnd().split('\n')) {
          await running?.says(line);
          expect(output + (running?.output() ?? '')).toContain(line);
        }
      }
      for (const line of language === 'sh' ? local(body).trim().split('\n') : []) {
        commands++;
        if (line.startsWith('millrace --config')) {
          for (const config of globSync('*/config.yaml', { cwd: folder }))
            write(folder, { [config]: local(readFileSync(join(folder, config), 'utf8')) });
          running = start([...line.split(' ').slice(1), '--set', 'service.telemetry.metrics.level=none'], { cwd: folder });
          await running.says('Everything is ready');
          continue;
        }
        const answer = await shell(line, folder);
        output = answer.output;
        expect([line, answer.code, output]).toEqual([line, line.endsWith('# fails') ? 1 : 0, output]);
      }
    }
    expect(commands).toBeGreaterThan(10);
    // The example that the page does not run.
    write(folder, { 'owner.yaml': around('./tenant-owner/tenant-owner.ts', 'tenant_owner', '{url: "http://127.0.0.1:9"}') });
    cpSync(join(folder, 'tenant-tier/tsconfig.json'), join(folder, 'tenant-owner/tsconfig.json'));
    expect(await shell('tsc -p tenant-owner && millrace validate --config owner.yaml', folder)).toEqual({ code: 0, output: '' });
  });
});
