import * as jest from '@jest/globals';
import { defineConnector, defineExporter, defineReceiver, PipelineError } from '@millrace/api';
import type { ConnectorFactory, ExporterFactory } from '@millrace/api';
import {
  configOf,
  connectorContract,
  exampleBatch,
  FakeClock,
  itemNames,
  runConnector,
  runExporter,
  runReceiver,
  Sink,
  testContext,
  testHost,
} from '@millrace/api/testing';

const { describe, expect, it } = jest;
const noDeadline = new AbortController().signal;

const ticker = defineReceiver({
  type: 'ticker',
  configSchema: { type: 'object', properties: { name: { type: 'string', default: 'tick' } } },
  emits: ['traces', 'logs', 'metrics'],
  async start({ name }, emit) {
    await emit.spans([{ name }], { resource: { 'service.name': 'ticker' } });
    await emit.logs([{ body: name }]);
    await emit.metrics([{ name, type: 'histogram', points: [{ count: 2n, sum: 3 }] }]);
    return { emit, name };
  },
  stop: ({ emit, name }) => emit.spans([{ name: `${name}, stopped` }]),
});

describe('A receiver plugin', () => {
  it('emits items of every signal, with its settings, until it is stopped', async () => {
    const output = await runReceiver(ticker, { name: 'tock' }, () => {});
    expect(output.spans.map(({ name, resource }) => [name, resource])).toEqual([
      ['tock', { 'service.name': 'ticker' }],
      ['tock, stopped', {}],
    ]);
    expect(output.logs.map(({ body }) => body)).toEqual(['tock']);
    expect(output.points).toEqual([{ metric: 'tock', count: 2, sum: 3, attributes: {}, resource: {} }]);
    expect(ticker).toMatchObject({
      kind: 'receiver',
      scope: 'process',
      stability: { traces: 'stable', logs: 'stable', metrics: 'stable' },
    });
  });

  it('hears of a refusal, and of nothing where no pipeline takes the signal', async () => {
    const refusing = new Sink();
    refusing.before = () => {
      throw new PipelineError('full', { kind: 'retryable' });
    };
    const start = (next: Sink | undefined): Promise<void> =>
      Promise.resolve(ticker.create(configOf(ticker), new Map(next && [['traces' as const, next]]), testContext()).start?.(testHost()));
    await expect(start(refusing)).rejects.toThrow('full');
    await expect(start(undefined)).resolves.toBeUndefined();
  });

  it('is refused without emits or start', () => {
    expect(() => defineReceiver({ type: 'a', start: () => {} } as never)).toThrow('needs one of emits');
    expect(() => defineReceiver({ type: 'a', emits: ['traces'] } as never)).toThrow('needs one of start');
    expect(() => defineReceiver({ type: 'a', emits: 'traces', start: () => {} } as never)).toThrow('"emits" must be a list of texts');
  });
});

describe('An exporter plugin', () => {
  const seen: unknown[] = [];
  const plugin = defineExporter({
    type: 'seeing',
    configSchema: { type: 'object', properties: { fail: { type: 'string' } } },
    signals: ['traces', 'logs', 'metrics'],
    setup: (config) => config.fail,
    push(batch, fail) {
      if (fail === 'permanent') throw new PipelineError('never', { kind: 'permanent' });
      if (fail !== undefined) throw new Error(fail);
      const names: string[] = [];
      batch.each({
        spans: (span) => void names.push(span.name),
        logs: (log) => void names.push(log.body.string()),
        points: (point) => void names.push(point.metric.name),
      });
      seen.push([batch.signal, batch.items, names, Object.keys(JSON.parse(batch.json()) as object), batch.bytes.length > 0]);
    },
    shutdown: () => void seen.push('shutdown'),
  });

  it('is given batches as items, as JSON and as bytes', async () => {
    await runExporter(plugin, {
      spans: [{ name: 'a' }, { name: 'b' }],
      logs: [{ body: 'c' }],
      metrics: [{ name: 'd', type: 'gauge', points: [{ asDouble: 1 }] }],
    });
    expect(seen).toEqual([
      ['traces', 2, ['a', 'b'], ['resourceSpans'], true],
      ['logs', 1, ['c'], ['resourceLogs'], true],
      ['metrics', 1, ['d'], ['resourceMetrics'], true],
      'shutdown',
      'shutdown',
      'shutdown',
    ]);
  });

  it('refuses with what it throws: for now, unless it says for good', async () => {
    await expect(runExporter(plugin, { config: { fail: 'down' }, spans: [{}] })).rejects.toMatchObject({
      kind: 'retryable',
      message: 'down',
    });
    await expect(runExporter(plugin, { config: { fail: 'permanent' }, spans: [{}] })).rejects.toMatchObject({ kind: 'permanent' });
  });

  it('learns of a mistake while it reads items', async () => {
    const clumsy = defineExporter({
      type: 'clumsy',
      signals: ['traces'],
      push: (batch) =>
        batch.each({
          spans: () => {
            throw new Error('clumsy');
          },
        }),
    });
    await expect(runExporter(clumsy, { spans: [{}] })).rejects.toThrow('clumsy');
  });

  it('books what it delivered, and stops once', async () => {
    seen.length = 0;
    const context = testContext({ kind: 'exporter' });
    const stage = (plugin as ExporterFactory<object>).create({}, context);
    const host = testHost();
    await stage.start?.(host);
    using batch = exampleBatch(host.pool, 'traces', 5);
    await stage.consume(batch);
    await stage.shutdown?.(noDeadline);
    await stage.shutdown?.(noDeadline);
    expect([context.items.absorbed, seen.at(-1), seen.length]).toEqual([5, 'shutdown', 2]);
  });
});

const tally = defineConnector({
  type: 'tally',
  configSchema: { type: 'object', properties: { metric: { type: 'string', default: 'items' } } },
  emits: ['metrics'],
  setup: (config) => ({ metric: config.metric, count: 0n }),
  spans: (span, state) => {
    if (span.name === 'bad') throw new Error('a bad span');
    state.count++;
  },
  logs: (_, state) => void state.count++,
  points: (_, state) => void state.count++,
  async flush(state, emit) {
    await emit.metrics([{ name: state.metric, type: 'sum', temporality: 1, isMonotonic: true, points: [{ asInt: state.count }] }]);
    state.count = 0n;
  },
  shutdown: () => {},
});

describe('A connector plugin', () => {
  it('looks at items and emits what it gathered at the end', async () => {
    const output = await runConnector(tally, { config: { metric: 'seen' }, spans: [{ name: 'a' }, { name: 'bad' }], logs: [{}, {}] });
    expect(output.points.map(({ metric, value }) => [metric, value])).toEqual([
      ['seen', 1],
      ['seen', 2],
    ]);
    expect(output.errors).toEqual(['a bad span']);
    expect(tally).toMatchObject({ scope: 'process', signals: { traces: { metrics: 'stable' }, logs: { metrics: 'stable' } } });
  });

  it('emits every flush_interval when something came, and again what was not taken', async () => {
    const clock = new FakeClock();
    const context = testContext({ kind: 'connector', clock });
    const next = new Sink();
    const stage = tally.create(configOf(tally, { flush_interval: '2s' }), { all: next, byPipeline: new Map() }, context);
    const host = testHost();
    await stage.start?.(host);
    await clock.advance(2_000);
    expect(next.items).toBe(0);
    using batch = exampleBatch(host.pool, 'logs', 7);
    await stage.consume(batch);
    next.before = () => {
      throw new PipelineError('full', { kind: 'retryable' });
    };
    await clock.advance(2_000);
    expect(context.lines.at(-1)).toMatchObject({ message: 'Emitting what was gathered failed.', attributes: { error: 'full' } });
    next.before = undefined;
    await clock.advance(2_000);
    expect([next.items, context.items.created, context.items.absorbed]).toEqual([1, 1, 7]);
    await stage.shutdown?.(noDeadline);
    expect([next.items, clock.pending, itemNames(next.requests)]).toEqual([1, 0, []]);
  });

  it('takes only a positive flush_interval', () => {
    expect(tally.validateConfig?.(configOf(tally, { flush_interval: '0s' }))).toEqual(['flush_interval: must be greater than zero']);
    expect(tally.validateConfig?.(configOf(tally))).toEqual([]);
  });
});

const absorbed = { type: 'absorbed', emits: ['logs'], spans: () => {}, flush: () => {} } as const;
connectorContract(jest, defineConnector(absorbed) as ConnectorFactory<object>, { config: { flush_interval: '10s' } } as never);
