import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { key } from '@millrace/api';
import type { Component, ConnectorOutputs, Consumer, Context, FactoryEntry, Factory, Host, Signal, Visitor } from '@millrace/api';
import { FakeClock, Sink, testHost } from '@millrace/api/testing';
import { checkConfig, resolveConfig } from '@millrace/config';
import { catalogOf, Service } from '@millrace/service';
import { admitBytes, noClient } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { logs, traces } from '../../../test/payloads.ts';

type NextBySignal = ReadonlyMap<Signal, Consumer>;

/** Components whose insides a test can reach, and a record of what they were told. */
function laboratory() {
  const events: string[] = [];
  const receivers = new Map<string, NextBySignal>();
  const sinks = new Map<string, Sink>();
  const contexts = new Map<string, Context>();
  const failing = new Set<string>();
  let host: Host | undefined;
  const lifecycle = (name: string): Required<Component> => ({
    start(given) {
      host = given;
      if (failing.has(`start ${name}`)) throw new Error('no luck');
      events.push(`start ${name}`);
    },
    shutdown(signal) {
      events.push(`stop ${name}`);
      lab.onStop(name, signal);
      if (failing.has(`stop ${name}`)) throw new Error(`stuck ${name}`);
      if (failing.has(`hang ${name}`)) return new Promise(() => {});
      return undefined;
    },
  });
  const every = { traces: 'beta', metrics: 'beta', logs: 'beta' } as const;
  const factories: Factory[] = [
    {
      kind: 'receiver',
      type: 'in',
      stability: every,
      create(_config: never, next: NextBySignal, { id }: Context) {
        receivers.set(id, next);
        return lifecycle(id);
      },
    },
    {
      kind: 'exporter',
      type: 'out',
      stability: every,
      create(_config: never, context: Context) {
        const { id, signal, items } = context;
        contexts.set(id, context);
        const sink = new Sink();
        sinks.set(`${id} ${signal}`, sink);
        const consume = (batch: Parameters<Sink['consume']>[0]) => {
          const taken = sink.consume(batch);
          items.absorb(batch.items);
          return taken;
        };
        return { ...lifecycle(`${id} ${signal}`), consume };
      },
    },
    {
      kind: 'exporter',
      type: 'traces_only',
      stability: { traces: 'beta' },
      create: () => new Sink(),
    },
    {
      kind: 'processor',
      type: 'pass',
      stability: every,
      create: (_config: never, next: Consumer, { id, pipeline }: Context) => ({
        ...lifecycle(`${id} in ${pipeline}`),
        consume: (batch: Parameters<Consumer['consume']>[0]) => next.consume(batch),
      }),
    },
    {
      kind: 'processor',
      type: 'mark',
      stability: every,
      visit: (_config: never, { id }: Context): Visitor & Component => ({
        ...lifecycle(id),
        onSpan: (span) => span.attributes.setString(key('mark'), `${span.attributes.string(key('mark')) ?? ''}${id}`),
      }),
    },
    {
      kind: 'processor',
      type: 'ahead',
      stability: every,
      visit: () => ({ traits: { readsAhead: true }, onSpan: (span) => span.attributes.setString(key('ahead'), 'yes') }),
    },
    {
      kind: 'processor',
      type: 'halve',
      stability: every,
      visit: () => {
        let n = 0;
        return { onSpan: () => (n++ % 2 === 0 ? 'drop' : undefined) };
      },
    },
    {
      kind: 'processor',
      type: 'sample',
      stability: every,
      visit: () => {
        let n = 0;
        return { dropReason: 'not_sampled', onSpan: () => (n++ === 0 ? 'drop' : undefined) };
      },
    },
    {
      kind: 'connector',
      type: 'pass_on',
      signals: { traces: { traces: 'beta', logs: 'beta' }, logs: { logs: 'beta' } },
      create: (_config: never, next: ConnectorOutputs, { id }: Context) => ({
        ...lifecycle(id),
        consume: (batch: Parameters<Consumer['consume']>[0]) =>
          (id === 'pass_on' ? next.all : next.byPipeline.get('traces/3')!).consume(batch),
      }),
    },
    {
      kind: 'extension',
      type: 'watch',
      stability: 'beta',
      create: (_config: never, { id }: Context) => ({
        ...lifecycle(id),
        ready: () => {
          if (failing.has(`ready ${id}`)) throw new Error('not now');
          events.push('ready');
        },
        notReady: () => void events.push('not ready'),
      }),
    },
  ];
  const components: FactoryEntry[] = factories.map((factory) => ({
    kind: factory.kind,
    type: factory.type,
    load: async () => ({ factory }),
  }));
  const create = async (config: object): Promise<Service> => {
    const resolved = await resolveConfig({ locations: [`yaml:${JSON.stringify(config)}`], env: {}, cwd: '.' });
    const checked = await checkConfig(
      resolved,
      catalogOf(components, () => undefined),
    );
    return Service.create({
      config: checked,
      components,
      program: { name: 'test', version: '0' },
      clock: new FakeClock(),
      writeLog: () => {},
      memoryBudgetBytes: 1 << 26,
    });
  };
  const { pool } = testHost();
  const send = async (receiver: string, signal: 'traces' | 'logs', n: number): Promise<void> => {
    using batch = admitBytes(signal, (signal === 'traces' ? traces : logs)(n, { seed: 1 }), noClient, pool);
    await receivers.get(receiver)!.get(signal)!.consume(batch);
  };
  const lab = {
    events,
    receivers,
    sinks,
    contexts,
    failing,
    create,
    send,
    host: () => host!,
    pool,
    onStop: (_name: string, _signal: AbortSignal): void => {},
  };
  return lab;
}

const pipelines = (value: Record<string, unknown>): { service: { pipelines: Record<string, unknown> } } => ({
  service: { pipelines: value },
});

describe('Service', () => {
  it('starts from the exporters to the receivers and stops in the opposite sense, extensions outside', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null },
      processors: { pass: null, 'pass/2': null },
      exporters: { out: null },
      extensions: { watch: null },
      service: { extensions: ['watch'], pipelines: { traces: { receivers: ['in'], processors: ['pass', 'pass/2'], exporters: ['out'] } } },
    });
    await service.start();
    await service.shutdown();
    await service.shutdown();
    const inner = ['out traces', 'pass/2 in traces', 'pass in traces', 'in'];
    expect(lab.events).toEqual([
      'start watch',
      ...inner.map((name) => `start ${name}`),
      'ready',
      'not ready',
      ...inner.toReversed().map((name) => `stop ${name}`),
      'stop watch',
    ]);
  });

  it('undoes a start that fails and says which component it was', async () => {
    const lab = laboratory();
    lab.failing.add('start in');
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null },
      ...pipelines({ traces: { receivers: ['in'], exporters: ['out'] } }),
    });
    await expect(service.start()).rejects.toThrow('cannot start pipelines: failed to start "in" receiver: no luck');
    expect(lab.events).toEqual(['start out traces', 'stop in', 'stop out traces']);
  });

  it('stops everything even when something fails to stop, and reports every failure', async () => {
    const lab = laboratory();
    lab.failing.add('stop in');
    lab.failing.add('stop out traces');
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null },
      ...pipelines({ traces: { receivers: ['in'], exporters: ['out'] } }),
    });
    await service.start();
    await expect(service.shutdown()).rejects.toThrow('stuck in; stuck out traces');
  });

  it('undoes a start after which an extension is not ready', async () => {
    const lab = laboratory();
    lab.failing.add('ready watch');
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null },
      extensions: { watch: null },
      service: { extensions: ['watch'], pipelines: { traces: { receivers: ['in'], exporters: ['out'] } } },
    });
    await expect(service.start()).rejects.toThrow('failed to start extensions: "watch" extension is not ready: not now');
    expect(lab.events.slice(3)).toEqual(['not ready', 'stop in', 'stop out traces', 'stop watch']);
  });

  it('goes on without a component that does not stop in time, and says which', async () => {
    const lab = laboratory();
    lab.failing.add('hang in');
    lab.failing.add('hang out traces');
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null },
      extensions: { watch: null },
      service: { extensions: ['watch'], pipelines: { traces: { receivers: ['in'], exporters: ['out'] } } },
    });
    await service.start();
    await expect(service.shutdown(20)).rejects.toThrow('"in" receiver did not stop in time; "out" exporter did not stop in time');
    expect(lab.events.slice(-4)).toEqual(['not ready', 'stop in', 'stop out traces', 'stop watch']);
  });

  it('keeps saying Stopping of a component that fares well while it stops', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null },
      ...pipelines({ traces: { receivers: ['in'], exporters: ['out'] } }),
    });
    await service.start();
    const statusOf = (id: string): string | undefined =>
      lab
        .host()
        .service.components()
        .find((one) => one.id === id)?.report.status;
    let seen: string | undefined;
    lab.onStop = (name) => {
      if (name !== 'in') return;
      lab.contexts.get('out')!.report('OK');
      seen = statusOf('out');
    };
    await service.shutdown();
    expect(seen).toBe('Stopping');
    expect(statusOf('out')).toBe('Stopped');
  });

  it('tells those who watch of each report of a component until they watch no more', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null },
      ...pipelines({ traces: { receivers: ['in'], exporters: ['out'] } }),
    });
    await service.start();
    const info = lab.host().service;
    const seen: (string | undefined)[] = [];
    const unwatch = info.watchStatus(() => seen.push(info.components().find((one) => one.id === 'out')?.report.status));
    lab.contexts.get('out')!.report('RecoverableError', new Error('no'));
    lab.contexts.get('out')!.report('OK');
    unwatch();
    lab.contexts.get('out')!.report('PermanentError', new Error('no'));
    expect(seen).toEqual(['RecoverableError', 'OK']);
    await service.shutdown();
  });

  it('is forgotten once it is stopped, even by what still listens to the signal that its time is up', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null },
      ...pipelines({ traces: { receivers: ['in'], exporters: ['out'] } }),
    });
    await service.start();
    let kept: WeakRef<object> | undefined;
    lab.onStop = (_name, signal) => {
      const held = { some: 'memory' };
      kept = new WeakRef(held);
      signal.addEventListener('abort', () => void held.some);
    };
    await service.shutdown();
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(kept?.deref()).toBeUndefined();
  });

  it('shares receivers and exporters between pipelines and fans out and in', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null, 'in/2': null },
      exporters: { out: null, 'out/2': null },
      ...pipelines({
        'traces/a': { receivers: ['in'], exporters: ['out', 'out/2'] },
        'traces/b': { receivers: ['in', 'in/2'], exporters: ['out'] },
        logs: { receivers: ['in'], exporters: ['out'] },
      }),
    });
    await service.start();
    await lab.send('in', 'traces', 3);
    await lab.send('in/2', 'traces', 5);
    await lab.send('in', 'logs', 7);
    await service.shutdown();
    expect([...lab.sinks].map(([name, sink]) => [name, sink.items])).toEqual([
      ['out traces', 11],
      ['out/2 traces', 3],
      ['out logs', 7],
    ]);
    expect([...lab.receivers.get('in/2')!.keys()]).toEqual(['traces']);
    expect(service.ledger.imbalances()).toEqual([]);
    expect(lab.pool.ledger.accounted).toBe(0);
  });

  it('joins pipelines of one and of different signals through connectors', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null },
      connectors: { pass_on: null },
      ...pipelines({
        traces: { receivers: ['in'], exporters: ['pass_on'] },
        'traces/2': { receivers: ['pass_on'], exporters: ['out'] },
        'traces/3': { receivers: ['pass_on'], exporters: ['out'] },
      }),
    });
    await service.start();
    await lab.send('in', 'traces', 4);
    await service.shutdown();
    expect(lab.sinks.get('out traces')!.items).toBe(8);
    expect(service.ledger.imbalances()).toEqual([]);
  });

  it('lets a connector choose a pipeline', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null, 'out/2': null },
      connectors: { 'pass_on/chosen': null },
      ...pipelines({
        traces: { receivers: ['in'], exporters: ['pass_on/chosen'] },
        'traces/2': { receivers: ['pass_on/chosen'], exporters: ['out'] },
        'traces/3': { receivers: ['pass_on/chosen'], exporters: ['out/2'] },
      }),
    });
    await service.start();
    await lab.send('in', 'traces', 4);
    await service.shutdown();
    expect([lab.sinks.get('out traces')!.items, lab.sinks.get('out/2 traces')!.items]).toEqual([0, 4]);
    expect(service.ledger.imbalances()).toEqual([]);
  });

  it('refuses a connector with one end, a cycle and an unsupported signal', async () => {
    const lab = laboratory();
    const base = {
      receivers: { in: null },
      exporters: { out: null, traces_only: null },
      connectors: { pass_on: null },
      processors: { pass: null },
    };
    const attempt = (value: Record<string, unknown>) => lab.create({ ...base, ...pipelines(value) });
    await expect(attempt({ 'traces/in': { receivers: ['in'], exporters: ['pass_on'] } })).rejects.toThrow(
      'failed to build pipelines: connector "pass_on" used as exporter in [traces/in] pipeline but not used in any supported receiver pipeline',
    );
    await expect(attempt({ metrics: { receivers: ['pass_on'], exporters: ['out'] } })).rejects.toThrow(
      'connector "pass_on" used as receiver in [metrics] pipeline but not used in any supported exporter pipeline',
    );
    await expect(
      attempt({
        'traces/in': { receivers: ['in'], exporters: ['pass_on'] },
        'traces/round': { receivers: ['pass_on'], processors: ['pass'], exporters: ['pass_on', 'out'] },
      }),
    ).rejects.toThrow(
      'cycle detected: connector "pass_on" (traces to traces) -> processor "pass" in pipeline "traces/round" -> connector "pass_on" (traces to traces)',
    );
    await expect(attempt({ logs: { receivers: ['in'], exporters: ['traces_only'] } })).rejects.toThrow(
      'failed to create "traces_only" exporter for data type "logs": telemetry type is not supported',
    );
  });

  it('runs neighbouring visitors in their order and books what they drop', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null },
      processors: { 'mark/a': null, halve: null, 'mark/b': null, sample: null, pass: null, 'mark/c': null },
      exporters: { out: null },
      ...pipelines({
        traces: { receivers: ['in'], processors: ['mark/a', 'halve', 'mark/b', 'sample', 'pass', 'mark/c'], exporters: ['out'] },
      }),
    });
    await service.start();
    await lab.send('in', 'traces', 10);
    await service.shutdown();
    const sink = lab.sinks.get('out traces')!;
    expect(sink.items).toBe(4);
    expect(sink.requests[0].toString('latin1').match(/mark\/amark\/bmark\/c/g)).toHaveLength(4);
    const books = Object.fromEntries(service.ledger.entries.map((entry) => [entry.name, entry]));
    expect(books['processor/halve traces']).toMatchObject({ in: 10, out: 5, dropped: { filtered: 5 } });
    expect(books['processor/mark/b traces']).toMatchObject({ in: 5, out: 5 });
    expect(books['processor/sample traces']).toMatchObject({ in: 5, out: 4, dropped: { not_sampled: 1 } });
    expect(service.ledger.imbalances()).toEqual([]);
    expect(lab.pool.ledger.accounted).toBe(0);
  });

  it('starts a walk with a visitor that reads ahead', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null },
      processors: { 'mark/a': null, ahead: null, 'mark/b': null },
      exporters: { out: null },
      ...pipelines({ traces: { receivers: ['in'], processors: ['mark/a', 'ahead', 'mark/b'], exporters: ['out'] } }),
    });
    await service.start();
    await lab.send('in', 'traces', 3);
    await service.shutdown();
    const text = lab.sinks.get('out traces')!.requests[0].toString('latin1');
    expect(text.match(/mark\/amark\/b/g)).toHaveLength(3);
    expect(text.match(/ahead/g)).toHaveLength(3);
    expect(service.ledger.imbalances()).toEqual([]);
  });

  it('hands extensions and fatal errors to components', async () => {
    const lab = laboratory();
    const service = await lab.create({
      receivers: { in: null },
      exporters: { out: null },
      extensions: { watch: null },
      service: { extensions: ['watch'], pipelines: { traces: { receivers: ['in'], exporters: ['out'] } } },
    });
    await service.start();
    const { extension, fatal } = lab.host();
    const any = (_found: unknown): _found is object => true;
    const none = (_found: unknown): _found is never => false;
    expect(extension('watch', any)).toBeDefined();
    expect(() => extension('watch', none)).toThrow('not of the kind');
    expect(() => extension('nobody', any)).toThrow('extension "nobody" not found');
    fatal(new Error('gone'));
    expect((await service.failure).message).toBe('gone');
    await service.shutdown();
  });
});
