import * as jest from '@jest/globals';
import { defineProcessor, key, PipelineError } from '@millrace/api';
import type { Context, PluginSettings, ProcessorFactory } from '@millrace/api';
import { configOf, FakeClock, processorContract, runProcessor, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import { createNoopMeter } from '@opentelemetry/api';
import { exampleBatch } from '../src/testing/example-batch.ts';

const { describe, expect, it } = jest;
const tenant = key('tenant.id');
const tier = key('tenant.tier');
const spans = (...tenants: string[]): { attributes: { 'tenant.id': string } }[] =>
  tenants.map((name) => ({ attributes: { 'tenant.id': name } }));

const fussy = defineProcessor({
  type: 'fussy',
  configSchema: { type: 'object', properties: { hated: { type: 'string', default: 'bad' } } },
  setup: async (config) => config.hated,
  spans(span, hated) {
    span.attributes.setString(tier, 'gold');
    if (span.attributes.string(tenant) === hated) throw new Error('a bad tenant');
  },
});

describe('A processor plugin', () => {
  it('edits and drops items of every signal, with its settings and its state', async () => {
    const stopped: number[] = [];
    const plugin = defineProcessor({
      type: 'counting',
      configSchema: { type: 'object', properties: { limit: { type: 'integer', default: 1 } } },
      setup: (config, { id }) => ({ id, left: config.limit }),
      spans: (_, state) => (state.left-- > 0 ? undefined : 'drop'),
      logs: (log, state) => log.attributes.setString(tier, state.id),
      points: (point) => point.attributes.setString(tier, 'gold'),
      shutdown: (state) => void stopped.push(state.left),
    });
    const output = await runProcessor(plugin, {
      config: { limit: 2 },
      spans: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
      logs: [{ body: 'x' }],
      metrics: [{ name: 'm', type: 'sum', points: [{ asInt: 4n }] }],
    });
    expect(output.spans.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(output.logs).toEqual([
      { body: 'x', severityNumber: 0, severityText: '', attributes: { 'tenant.tier': 'counting' }, resource: {} },
    ]);
    expect(output.points).toEqual([{ metric: 'm', value: 4, attributes: { 'tenant.tier': 'gold' }, resource: {} }]);
    expect(output.dropped).toEqual({ filtered: 1 });
    expect(stopped).toEqual([-1, 2, 2]);
  });

  it('that throws keeps the item without the edits of that call, by default', async () => {
    const output = await runProcessor(fussy, { spans: spans('good', 'bad') });
    expect(output.spans.map(({ attributes }) => attributes)).toEqual([
      { 'tenant.id': 'good', 'tenant.tier': 'gold' },
      { 'tenant.id': 'bad' },
    ]);
    expect(output.errors).toEqual(['a bad tenant']);
  });

  it('that throws drops and counts the item with on_error: drop', async () => {
    const output = await runProcessor(fussy, { config: { on_error: 'drop', hated: 'worse' }, spans: spans('worse', 'bad') });
    expect(output.spans.map(({ attributes }) => attributes['tenant.id'])).toEqual(['bad']);
    expect(output.dropped).toEqual({ error: 1 });
  });

  it('that throws refuses the batch with on_error: reject, and ends its group', async () => {
    await expect(runProcessor(fussy, { config: { on_error: 'reject' }, spans: spans('good', 'bad') })).rejects.toMatchObject({
      name: 'PipelineError',
      kind: 'permanent',
      message: 'processor "fussy" failed: a bad tenant',
    });
    const busy = defineProcessor({
      type: 'busy',
      spans: () => {
        throw new PipelineError('later', { kind: 'retryable' });
      },
    });
    await expect(runProcessor(busy, { config: { on_error: 'reject' }, spans: spans('a') })).rejects.toMatchObject({ kind: 'retryable' });
    expect(visitorOf(busy, { on_error: 'reject' }).traits).toEqual({ refuses: true });
    expect(visitorOf(busy).traits).toBeUndefined();
  });

  it('is a visitor with the hooks that it has, and a stage when one instance serves all threads', () => {
    expect(visitorOf(fussy)).toMatchObject({ onSpan: expect.any(Function), failedItems: 0 });
    expect(visitorOf(fussy).onLog).toBeUndefined();
    expect(fussy.stability).toEqual({ traces: 'stable' });
    expect(fussy.needsStage?.(configOf(fussy))).toBe(false);
    const shared = defineProcessor({ type: 'shared', scope: 'process', spans: () => {} });
    expect([shared.scope, shared.needsStage?.(configOf(shared))]).toEqual(['process', true]);
  });

  it('must not be asynchronous', async () => {
    const hasty = defineProcessor({ type: 'hasty', spans: (async () => Promise.reject(new Error('unseen'))) as unknown as () => void });
    expect((await runProcessor(hasty, { spans: spans('a') })).errors).toEqual([
      'a hook must not be asynchronous: fetch what it needs in lookup',
    ]);
  });

  it('has its errors and its time among the own metrics', async () => {
    const meter = createNoopMeter();
    const counters = new Map<string, () => [number, unknown]>();
    meter.createObservableCounter = ((name: string) => ({
      addCallback: (callback: (result: { observe(value: number, attributes: unknown): void }) => void) => {
        counters.set(name, () => {
          let seen: [number, unknown] = [-1, undefined];
          callback({ observe: (...values) => void (seen = values) });
          return seen;
        });
      },
    })) as unknown as Context['meter']['createObservableCounter'];
    const burn = defineProcessor({
      type: 'burn',
      spans: (span) => {
        const until = performance.now() + 0.02;
        while (performance.now() < until);
        if (span.name.endsWith('7')) throw new Error('seven');
      },
    });
    const stage = burn.create!(configOf(burn), new Sink(), testContext({ id: 'burn/x', meter }));
    const host = testHost();
    await stage.start?.(host);
    expect(counters.get('processor_plugin_duration')!()).toEqual([0, { processor: 'burn/x' }]);
    using batch = exampleBatch(host.pool, 'traces', 1_000);
    await stage.consume(batch);
    expect(counters.get('processor_plugin_errors')!()).toEqual([100, { processor: 'burn/x' }]);
    const [seconds] = counters.get('processor_plugin_duration')!();
    expect(seconds).toBeGreaterThan(0.01);
  });

  it.each<[string, object, string]>([
    ['an unknown name', { type: 'a', span: () => {} }, 'defineProcessor has no "span"'],
    ['no hook', { type: 'a' }, 'defineProcessor needs one of spans, logs, points'],
    ['no type', { spans: () => {} }, '"type" must be a name such as tenant_tier'],
    ['a bad type', { type: 'Tenant-Tier', spans: () => {} }, '"type" must be a name such as tenant_tier'],
    ['a hook that is no function', { type: 'a', spans: 'x' }, '"spans" must be a function'],
    ['wants without lookup', { type: 'a', spans: () => {}, wants: () => 'x' }, 'needs one of lookup'],
    ['lookup without wants', { type: 'a', spans: () => {}, lookup: () => new Map() }, 'needs one of wants'],
    ['a schema of no map', { type: 'a', spans: () => {}, configSchema: { type: 'string' } }, 'the type must be object'],
    [
      'a common setting',
      { type: 'a', spans: () => {}, configSchema: { properties: { isolate: {} } } },
      '"isolate" is a setting that every',
    ],
  ])('is refused with %s', (_, definition, message) => {
    expect(() => defineProcessor(definition as never)).toThrow(message);
  });

  it('takes no unknown keys, at any depth, unless its schema says so', () => {
    const plugin = defineProcessor({
      type: 'a',
      configSchema: {
        properties: {
          inner: { type: 'object', properties: { x: { type: 'string' } } },
          list: { type: 'array', items: { type: 'object', properties: {}, additionalProperties: true } },
        },
      },
      spans: () => {},
    });
    expect(plugin.configSchema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: { inner: { additionalProperties: false }, list: { items: { additionalProperties: true } }, on_error: {} },
    });
  });
});

/** A lookup that is answered by hand. */
function remote(): {
  readonly plugin: ReturnType<typeof lookingUp>;
  readonly asked: { keys: readonly string[]; signal: AbortSignal; answer(map: object): void; fail(error: Error): void }[];
} {
  const asked: ReturnType<typeof remote>['asked'] = [];
  const plugin = lookingUp(
    (keys, signal) =>
      new Promise((resolve, reject) => {
        asked.push({ keys, signal, answer: (map) => resolve(new Map(Object.entries(map))), fail: reject });
      }),
  );
  return { plugin, asked };
}

function lookingUp(
  lookup: (keys: readonly string[], signal: AbortSignal) => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>,
) {
  return defineProcessor({
    type: 'tier',
    wants: (item) => item.attributes.string(tenant),
    lookup: (keys, _state, signal) => lookup(keys, signal),
    spans(span, _state, found) {
      const value = found.get(span.attributes.string(tenant) ?? '');
      if (value !== undefined) span.attributes.setString(tier, value);
    },
  });
}

/** A started stage of the plugin, and what it passes on. */
async function staged<C>(plugin: ProcessorFactory<C>, config: Partial<C & Record<string, unknown>> = {}) {
  const clock = new FakeClock();
  const context = testContext({ id: plugin.type, clock });
  const host = testHost();
  const next = new Sink();
  const stage = plugin.create!(configOf(plugin, config), next, context);
  await stage.start?.(host);
  const send = async (...tenants: string[]): Promise<void> => {
    let sent: Promise<unknown> | undefined;
    // As a pipeline sends it: the batch is the sender's until it settles.
    const { emitTo } = await import('../src/plugin/emit.ts');
    await emitTo(host.pool, 'test', async (made) => {
      using batch = made;
      sent = Promise.resolve(stage.consume(batch));
      await sent;
    }).spans(spans(...tenants));
  };
  const tiers = (): (string | undefined)[] =>
    next.requests.flatMap((request) => request.toString('latin1').match(/gold|silver/g) ?? ['none']);
  return { clock, context, host, next, stage, send, tiers };
}

describe('A lookup', () => {
  it('is asked once per batch for the keys that are not known, and the answers are remembered', async () => {
    const { plugin, asked } = remote();
    const { send, tiers, stage, host } = await staged(plugin);
    const first = send('acme', 'beta', 'acme');
    await settle();
    expect(asked.map(({ keys }) => keys)).toEqual([['acme', 'beta']]);
    asked[0]!.answer({ acme: 'gold' });
    await first;
    await send('acme', 'beta');
    expect(asked).toHaveLength(1);
    expect(tiers()).toEqual(['gold', 'gold', 'gold']);
    await stage.shutdown?.(new AbortController().signal);
    expect(host.memory.accounted).toBe(0);
  });

  it('holds up only the batch that waits for it, and two batches share one question', async () => {
    const { plugin, asked } = remote();
    const { send, next } = await staged(plugin);
    const waiting = [send('acme'), send('acme', 'beta')];
    await settle();
    expect(asked.map(({ keys }) => keys)).toEqual([['acme'], ['beta']]);
    asked[1]!.answer({ beta: 'silver' });
    await settle();
    await send('beta');
    expect(next.items).toBe(1);
    asked[0]!.answer({ acme: 'gold' });
    await Promise.all(waiting);
    expect(next.items).toBe(4);
  });

  it('may answer at once: then nothing waits', async () => {
    const { stage, host, next } = await staged(lookingUp((keys) => new Map(keys.map((name) => [name, 'gold']))));
    using batch = exampleBatch(host.pool, 'traces', 3);
    expect(stage.consume(batch)).toBeUndefined();
    expect(next.items).toBe(3);
  });

  it('is asked again when a result is too old, or had to make room', async () => {
    let calls = 0;
    const plugin = lookingUp((keys) => {
      calls++;
      return new Map(keys.map((name) => [name, 'gold']));
    });
    const old = await staged(plugin, { lookup_cache_ttl: '1m' });
    await old.send('acme');
    await old.clock.advance(59_000);
    await old.send('acme');
    expect(calls).toBe(1);
    await old.clock.advance(2_000);
    await old.send('acme');
    expect(calls).toBe(2);
    const small = await staged(plugin, { lookup_cache_size: 1 });
    for (const name of ['a', 'a', 'b', 'a']) await small.send(name);
    expect(calls).toBe(5);
    const none = await staged(plugin, { lookup_cache_size: 0 });
    for (const name of ['a', 'a']) await none.send(name);
    expect(calls).toBe(7);
  });

  it('that takes too long is told so, and its items go on without it', async () => {
    const { plugin, asked } = remote();
    const { send, tiers, clock, context } = await staged(plugin, { lookup_timeout: '300ms' });
    const sent = send('acme');
    await settle();
    await clock.advance(300);
    await sent;
    expect(tiers()).toEqual(['none']);
    expect(asked[0]!.signal.aborted).toBe(true);
    expect(context.lines.at(-1)).toMatchObject({
      message: 'A lookup failed.',
      attributes: { error: 'the lookup took longer than 300 ms' },
    });
  });

  it('that fails is not asked again for a while, longer each time', async () => {
    let calls = 0;
    const plugin = lookingUp(() => {
      calls++;
      throw new Error('down');
    });
    const { send, clock } = await staged(plugin);
    const callsAfter = async (ms: number): Promise<number> => {
      await clock.advance(ms);
      await send('acme');
      return calls;
    };
    expect([await callsAfter(0), await callsAfter(499), await callsAfter(1), await callsAfter(999), await callsAfter(1)]).toEqual([
      1, 1, 2, 2, 3,
    ]);
  });

  it('that fails drops the items that want it, or refuses the batch, as on_error says', async () => {
    const plugin = lookingUp((keys) => (keys.includes('bad') ? Promise.reject(new Error('down')) : new Map([['good', 'gold']])));
    const dropping = await staged(plugin, { on_error: 'drop' });
    await dropping.send('good');
    await dropping.send('good', 'bad');
    expect(dropping.tiers()).toEqual(['gold', 'gold']);
    expect(dropping.context.items.dropped).toEqual({ error: 1 });
    const refusing = await staged(plugin, { on_error: 'reject' });
    await expect(refusing.send('good', 'bad')).rejects.toMatchObject({ name: 'PipelineError', kind: 'retryable' });
    expect(refusing.next.requests).toEqual([]);
  });

  it('goes on without the items whose wants fails', async () => {
    const plugin = defineProcessor({
      type: 'unsure',
      wants: (item) => {
        if (!item.attributes.has(tenant)) throw new Error('no tenant');
        return item.attributes.string(tenant);
      },
      lookup: (keys) => new Map(keys.map((name) => [name, 'gold'])),
      spans: (span, _state, found) => span.attributes.setString(tier, found.get(span.attributes.string(tenant) ?? '') ?? 'unknown'),
    });
    const output = await runProcessor(plugin, { spans: [...spans('acme'), { name: 'a' }] });
    expect(output.spans.map(({ attributes }) => attributes['tenant.tier'])).toEqual(['gold', 'unknown']);
    expect(output.errors).toEqual(['no tenant']);
  });

  it('must return a map', async () => {
    const { send, context } = await staged(lookingUp((() => ({ acme: 'gold' })) as never));
    await send('acme');
    expect(context.lines.at(-1)?.attributes).toEqual({ error: 'lookup must return a Map' });
  });

  it('ends when the pipeline stops', async () => {
    const { plugin, asked } = remote();
    const { send, stage, next } = await staged(plugin);
    const sent = send('acme');
    await settle();
    await stage.shutdown?.(new AbortController().signal);
    await sent;
    expect([asked[0]!.signal.aborted, next.items]).toEqual([true, 1]);
  });
});

processorContract(jest, lookingUp(() => new Map()) as ProcessorFactory<PluginSettings>, { config: configOf(lookingUp(() => new Map())) });

function visitorOf<C>(factory: ProcessorFactory<C>, config: object = {}): ReturnType<NonNullable<ProcessorFactory<C>['visit']>> {
  return factory.visit!(configOf(factory, config), testContext());
}
