import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { defineExporter, defineProcessor, defineReceiver, key } from '@millrace/api';
import type { FactoryEntry, PluginSettings, Stage } from '@millrace/api';
import { configOf, exampleBatch, Sink, systemClock, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { checkConfig, PluginLoadError, printConfig, resolveConfig } from '@millrace/config';
import type { CheckedConfig } from '@millrace/config';
import { components } from '@millrace/distribution';
import { catalogOf, Service } from '@millrace/service';
import { IsolatedProcessor } from '../src/plugins/isolated-processor.ts';
import { loadPlugin, pluginComponents } from '../src/plugins/load-plugin.ts';
import type { PluginLoading } from '../src/plugins/load-plugin.ts';

const noDeadline = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'plugins-'));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return `./${name}`;
};

/** Jest's own import: the one that Node's hooks serve is tested with the program (test/plugins.test.ts). */
const loading: PluginLoading = { cwd: folder, import: (url) => import(url) as Promise<Record<string, unknown>> };
const processor = (type: string): string =>
  `import { defineProcessor } from '${join(import.meta.dirname, '../../api/src/index.ts')}';
export default defineProcessor({ type: '${type}', configSchema: { properties: { a: { type: 'string' } } }, spans: () => 'drop' });\n`;

describe('Loading a plugin', () => {
  it('tells its kind, type, schema, where the schema stands, and gives all threads the same code', async () => {
    const name = write('good.ts', processor('good'));
    const plugin = await loadPlugin(name, undefined, loading);
    expect(plugin).toMatchObject({ kind: 'processor', type: 'good', schemaPosition: { file: 'good.ts', line: 2, column: 48 } });
    expect(plugin.schema.configSchema).toMatchObject({ properties: { a: {}, on_error: {}, isolate: {} } });
    const [entry] = await pluginComponents([plugin.url], loading);
    expect(entry).toMatchObject({ kind: 'processor', type: 'good' });
    expect((await entry!.load()).factory).toMatchObject({ type: 'good', needsStage: expect.any(Function) });
  });

  it('finds a changed file under another URL', async () => {
    const name = write('changing.ts', processor('changing'));
    const urls = [(await loadPlugin(name, undefined, loading)).url, (await loadPlugin(name, undefined, loading)).url];
    utimesSync(join(folder, name), 1, 1);
    urls.push((await loadPlugin(`file:${join(folder, name)}`, undefined, { ...loading, import: () => loading.import!(urls[0]!) })).url);
    expect([urls[0] === urls[1], urls[2]]).toEqual([true, `${urls[0]}?version=1000`]);
  });

  it('gives exporters the queue, retry and timeout of the Collector', async () => {
    const name = write(
      'sink.ts',
      `import { defineExporter } from '${join(import.meta.dirname, '../../api/src/index.ts')}';
export default defineExporter({ type: 'sink', signals: ['traces'], push: () => {} });\n`,
    );
    const plugin = await loadPlugin(name, undefined, loading);
    expect(Object.keys((plugin.schema.configSchema as { properties: object }).properties)).toEqual([
      'timeout',
      'retry_on_failure',
      'sending_queue',
    ]);
    const [entry] = await pluginComponents([plugin.url], loading);
    const { factory } = await entry!.load();
    if (factory.kind !== 'exporter') throw new Error('no exporter');
    const context = testContext({ kind: 'exporter', clock: systemClock });
    const exporter = factory.create(configOf(factory) as never, context);
    const host = testHost();
    await exporter.start?.(host);
    using batch = exampleBatch(host.pool, 'traces', 3);
    await exporter.consume(batch);
    await exporter.shutdown?.(noDeadline);
    expect(context.items).toMatchObject({ absorbed: 3, dropped: {} });
  });

  it('says what is wrong, where, and what would be right', async () => {
    const fault = async (name: string, from?: string): Promise<unknown> =>
      loadPlugin(name, from, loading).then(
        () => undefined,
        (error: unknown) => error instanceof PluginLoadError && [error.message, error.advice],
      );
    write('good.ts', processor('good'));
    expect(await fault('./god.ts')).toEqual([`there is no file ${join(folder, 'god.ts')}`, { suggestion: './good.ts' }]);
    expect(await fault('./nothing-like-it.ts')).toEqual([expect.any(String), { expected: 'a TypeScript or JavaScript file' }]);
    expect(await fault('../x.ts', 'inner/c.yaml')).toEqual([`there is no file ${join(folder, 'x.ts')}`, expect.anything()]);
    expect(await fault(write('empty.ts', 'export {};\n'))).toEqual([
      'it has no default export',
      { file: 'empty.ts', line: 1, column: 1, expected: expect.stringContaining('defineProcessor') },
    ]);
    expect(await fault(write('named.ts', processor('named').replace('export default', 'export const x =')))).toEqual([
      'it exports its component as "x"',
      { file: 'named.ts', line: 2, column: 1, expected: expect.any(String) },
    ]);
    expect(await fault(write('other.ts', '\n\nexport default 1;\n'))).toEqual([
      'its default export is no component',
      { file: 'other.ts', line: 3, column: 1, expected: expect.any(String) },
    ]);
    expect(await fault(write('throwing.ts', `\n  throw new RangeError('no');\n`))).toEqual([
      'RangeError: no',
      expect.objectContaining({ file: 'throwing.ts' }),
    ]);
    expect(await fault(write('syntax.ts', `const a = {\n  b 1 };\n`))).toEqual([
      expect.stringContaining('SyntaxError'),
      expect.objectContaining({ file: 'syntax.ts', line: 2, column: 5 }),
    ]);
    expect(await fault(write('hook.ts', processor('hook').replace('spans:', 'spnas:')))).toEqual([
      'defineProcessor has no "spnas"',
      expect.objectContaining({ suggestion: 'spans', expected: expect.stringContaining('one of: configSchema, logs') }),
    ]);
    expect(await fault('@acme/none')).toEqual([
      expect.any(String),
      { expected: expect.stringContaining('a path such as ./tenant-tier.ts') },
    ]);
  });
});

describe('A configuration with plugins', () => {
  const check = async (settings: object): Promise<CheckedConfig> => {
    const yaml = {
      receivers: { nop: null },
      exporters: { nop: null },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: { receivers: ['nop'], processors: ['mine'], exporters: ['nop'] } },
      },
      ...settings,
    };
    const resolved = await resolveConfig({ locations: [`yaml:${JSON.stringify(yaml)}`], env: {}, cwd: folder });
    return checkConfig(
      resolved,
      catalogOf(components, () => undefined, loading),
    );
  };

  it('is checked, printed and run with them', async () => {
    const config = await check({ plugins: [write('mine.ts', processor('mine'))], processors: { mine: { a: 'x' } } });
    expect(config.processors.get('mine')?.config).toEqual({ a: 'x', on_error: 'keep', isolate: 'none', isolate_timeout: '5s' });
    expect(printConfig(config, 'redacted', 'yaml')).toMatch(/^plugins:\n {2}- \.\/mine\.ts\n/);
    const lines: string[] = [];
    const program = { name: 'test', version: '0' };
    const service = await Service.create({ config, components, program, plugins: loading, writeLog: (line) => void lines.push(line) });
    await service.start();
    await service.shutdown();
    expect(service.ledger.entries.map(({ name }) => name)).toContain('processor/mine traces');
  });

  it('lists every mistake in the list of plugins', async () => {
    const good = write('mine.ts', processor('mine'));
    const bad = write('schema.ts', processor('odd').replace("type: 'string'", "tpye: 'string'"));
    const taken = write('batch.ts', processor('batch'));
    const processors = { mine: null };
    await expect(check({ plugins: 'x', processors })).rejects.toThrow("'plugins' source data must be an array or slice, got string");
    await expect(check({ plugins: [good, good, taken, bad, 3, './none.ts'], processors })).rejects.toThrow(
      /"\.\/mine\.ts": processor type "mine" is taken by plugin "\.\/mine\.ts"[^]*type "batch" is taken by a component of this program[^]*unknown keyword: "tpye"[^]*at schema\.ts:2:[^]*did you mean "type"\?/,
    );
    await expect(check({ plugins: [3], processors })).rejects.toThrow("'plugins[0]' is no file or package");
    const { plugin: _, ...without } = catalogOf(components, () => undefined);
    const resolved = await resolveConfig({ locations: ['yaml:{plugins: [./x.ts]}'], env: {}, cwd: folder });
    await expect(checkConfig(resolved, without)).rejects.toThrow('plugins cannot be loaded here');
    const none = await resolveConfig({ locations: ['yaml:plugins:'], env: {}, cwd: folder });
    await expect(checkConfig(none, without)).rejects.toThrow('empty configuration file');
  });
});

describe('Processor plugins in one pipeline', () => {
  it('share walks of at most 31, and what they fail on is booked apart from what they drop', async () => {
    const seen: string[] = [];
    const number = key('number');
    const source = defineReceiver({
      type: 'source',
      emits: ['traces'],
      start: (_, emit) => emit.spans([{ name: 'a' }, { name: 'dropped' }, { name: 'failing' }, { name: 'b' }]),
    });
    const count = defineProcessor({
      type: 'count',
      spans: ({ name, attributes }) => {
        if (name === 'dropped') return 'drop';
        if (name === 'failing') throw new Error('failing');
        attributes.setInt(number, (attributes.bigint(number) ?? 0n) + 1n);
        return undefined;
      },
    });
    const sink = defineExporter({
      type: 'sink',
      signals: ['traces'],
      push: (batch) => batch.each({ spans: ({ name, attributes }) => void seen.push(`${name} ${attributes.bigint(number)}`) }),
    });
    const plugins = [source, count, sink].map((factory): FactoryEntry => ({ ...factory, load: async () => ({ factory }) }));
    const ids = Array.from({ length: 40 }, (_, i) => `count/${i}`);
    const yaml = {
      receivers: { source: null },
      processors: Object.fromEntries(ids.map((id) => [id, { on_error: 'drop' }])),
      exporters: { sink: null },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: { receivers: ['source'], processors: ids, exporters: ['sink'] } },
      },
    };
    const resolved = await resolveConfig({ locations: [`yaml:${JSON.stringify(yaml)}`], env: {}, cwd: folder });
    const config = await checkConfig(
      resolved,
      catalogOf(plugins, () => undefined),
    );
    const service = await Service.create({ config, components: plugins, program: { name: 'test', version: '0' }, writeLog: () => {} });
    await service.start();
    await service.shutdown();
    expect(seen).toEqual(['a 40', 'b 40']);
    const entry = service.ledger.entries.find(({ name }) => name === 'processor/count/0 traces');
    expect(entry).toMatchObject({ in: 4, out: 2, dropped: { filtered: 1, error: 1 } });
    expect(service.ledger.imbalances()).toEqual([]);
  });
});

/** An isolated plugin whose span names tell it what to do. */
const obeying = `import { defineProcessor, key } from '@millrace/api';
const done = key('done');
export default defineProcessor({
  type: 'obeying',
  configSchema: { properties: { drop: { type: 'boolean', default: false }, fail: { type: 'boolean', default: false } } },
  setup(config, { logger }) {
    if (config.fail) throw new Error('no setup');
    logger.info('set up', { big: 1n });
    return config;
  },
  spans(span, { drop }) {
    if (span.name === 'item-00000666') for (;;);
    if (span.name === 'item-00000555') process.exit(3);
    if (span.name === 'item-00000444') throw new Error('four');
    if (drop) return 'drop';
    span.attributes.setString(done, 'yes');
  },
  logs() {},
  shutdown: () => {},
});
`;

describe('A plugin in a thread of its own', () => {
  const running: Stage[] = [];
  afterEach(async () => {
    for (const stage of running.splice(0)) await stage.shutdown?.(noDeadline);
  });
  const url = new URL(`file://${join(folder, 'obeying.ts')}`).href;
  const start = async (
    settings: Partial<PluginSettings> & Record<string, unknown> = {},
    context: TestContext = testContext({ clock: systemClock }),
  ) => {
    write('obeying.ts', obeying);
    const shape = defineProcessor({ type: 'obeying', spans: () => {} });
    const config = {
      drop: false,
      fail: false,
      ...configOf(shape, { isolate: 'worker', isolate_timeout: '3s', ...settings }),
    } as PluginSettings;
    const next = new Sink();
    const host = testHost();
    const stage = new IsolatedProcessor(url, config, next, context, ['--conditions=@millrace/source']);
    running.push(stage);
    await stage.start();
    const send = async (first: number, items = 1, signal: 'traces' | 'logs' = 'traces'): Promise<unknown> => {
      using batch = exampleBatch(host.pool, signal, items, first);
      return stage.consume(batch);
    };
    const done = (): boolean[] => next.requests.map((request) => request.includes('done'));
    return { stage, next, host, context, send, done };
  };

  it('is given batches and gives results, logs and errors', async () => {
    const { send, done, next, context, host, stage } = await start();
    await send(0, 3);
    await send(0, 2, 'logs');
    await send(443, 2);
    expect([done(), next.items]).toEqual([[true, false, true], 7]);
    expect(context.lines.map(({ level, message, attributes }) => [level, message, attributes])).toEqual([
      ['info', 'set up', { big: '1' }],
      ['error', 'Processing an item failed; it is kept as it was.', { error: 'four' }],
    ]);
    await stage.shutdown?.(noDeadline);
    expect(host.memory.accounted).toBe(0);
  });

  it('drops what it drops, in the books of the pipeline', async () => {
    const { send, next, context } = await start({ drop: true, on_error: 'drop' });
    await send(443, 3);
    expect([next.items, context.items.dropped]).toEqual([0, { filtered: 2, error: 1 }]);
  });

  it('refuses what it refuses', async () => {
    const { send, next } = await start({ on_error: 'reject' });
    await expect(send(443, 2)).rejects.toMatchObject({
      name: 'PipelineError',
      kind: 'permanent',
      message: expect.stringContaining('four'),
    });
    expect(next.requests).toEqual([]);
    await send(1);
    expect(next.items).toBe(1);
  });

  it.each([
    ['hangs', 666, 'the plugin took longer than 400ms for a batch'],
    ['dies', 555, 'the thread of the plugin ended'],
  ])('is replaced when it %s; the batch is treated by on_error', async (_, item, message) => {
    const keeping = await start({ isolate_timeout: '400ms' });
    const [, after] = await Promise.all([keeping.send(item), keeping.send(1)]);
    expect([after, keeping.done()]).toEqual([undefined, [false, true]]);
    expect(keeping.context.lines.filter(({ level }) => level === 'error')).toEqual([
      { level: 'error', message: 'Processing a batch failed; it is kept as it was.', attributes: { error: message, items: 1 } },
    ]);
    const dropping = await start({ isolate_timeout: '400ms', on_error: 'drop' });
    await dropping.send(item, 1);
    expect([dropping.next.items, dropping.context.items.dropped]).toEqual([0, { error: 1 }]);
    const refusing = await start({ isolate_timeout: '400ms', on_error: 'reject' });
    await expect(refusing.send(item)).rejects.toMatchObject({ kind: 'retryable', message: `processor "test" failed: ${message}` });
  });

  it('that cannot be set up does not start', async () => {
    await expect(start({ fail: true })).rejects.toThrow('no setup');
  });

  it('passes on refusals of the next component, and asks it', async () => {
    const { stage, send, next } = await start();
    next.before = () => {
      throw new Error('full');
    };
    await expect(send(1)).rejects.toThrow('full');
    next.before = () => Promise.reject(new Error('full later'));
    await expect(send(1)).rejects.toThrow('full later');
    expect(stage.refusing()).toBeUndefined();
  });

  it('is stopped with what it holds when the time is up', async () => {
    const { stage, send, context, host } = await start({ isolate_timeout: '1h' });
    const sent = [send(666), send(1, 2)];
    await stage.shutdown?.(AbortSignal.abort());
    await Promise.all(sent);
    expect([context.items.dropped, host.memory.accounted]).toEqual([{ shutdown: 3 }, 0]);
    await stage.shutdown?.(noDeadline);
  });
});
