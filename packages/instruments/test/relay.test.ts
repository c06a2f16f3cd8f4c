import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { receive, Registry, Relay } from '@millrace/instruments';
import { samples } from './read.ts';

/** Two registries, the first of which sends what it records to the second; `settle` waits until that has arrived. */
function pair(remote = new Registry(), local = new Registry()) {
  const { port1, port2 } = new MessageChannel();
  const errors: unknown[] = [];
  const stop = receive(local, port2, (error) => errors.push(error));
  const relay = new Relay(remote, port1, { intervalMs: 3_600_000 });
  const settle = async (): Promise<void> => {
    relay.flush();
    const arrived = once(port2, 'message');
    port1.postMessage('anything else');
    let [message] = (await arrived) as unknown[];
    while (message !== 'anything else') [message] = (await once(port2, 'message')) as unknown[];
  };
  const close = (): void => {
    relay.close();
    stop();
    port1.close();
  };
  return { remote, local, settle, close, errors };
}

describe('A relay', () => {
  it('brings every kind of instrument to another registry, and every number once', async () => {
    const { remote, local, settle, close } = pair();
    const counter = remote.counter('c', { labels: ['a'], unit: 'By', description: 'd' });
    local.counter('c', { labels: ['a'], unit: 'By', description: 'd' }).add(100, { a: 'x' });
    const gauge = remote.gauge('g');
    local.gauge('g').set(10);
    const histogram = remote.histogram('h', { boundaries: [1] });
    const exponential = remote.histogram('e', { exponential: true });
    const summary = remote.summary('s', { quantiles: [1] });
    for (let round = 0; round < 3; round++) {
      counter.add(0.1, { a: 'x' });
      gauge.add(1);
      histogram.record(2);
      exponential.record(2);
      summary.record(2);
      await settle();
    }
    expect(samples(local.text())).toEqual({
      'c_bytes_total{a="x"}': 100.3,
      g: 13,
      'h_bucket{le="1"}': 0,
      'h_bucket{le="+Inf"}': 3,
      h_sum: 6,
      h_count: 3,
      'e_bucket{le="+Inf"}': 3,
      e_sum: 6,
      e_count: 3,
      's{quantile="1"}': expect.closeTo(2, 1),
      s_sum: 6,
      s_count: 3,
    });
    gauge.set(1);
    await settle();
    expect(samples(local.text())).toMatchObject({ g: 1 });
    close();
  });

  it('brings the overflow, and applies the views of the receiving registry', async () => {
    const { remote, settle, close, local } = pair(new Registry({ limit: 2 }), new Registry({ views: [{ instrument: 'd', labels: [] }] }));
    for (const a of ['x', 'y', 'z']) {
      remote.counter('c', { labels: ['a'] }).add(1, { a });
      remote.counter('d', { labels: ['a'] }).add(1, { a });
    }
    await settle();
    expect(samples(local.text())).toEqual({
      'c_total{a="x"}': 1,
      'c_total{otel_metric_overflow="true"}': 2,
      d_total: 1,
      'd_total{otel_metric_overflow="true"}': 2,
    });
    close();
  });

  it('tells of an instrument that the receiving registry knows otherwise', async () => {
    const { remote, settle, close, local, errors } = pair();
    local.gauge('c');
    remote.counter('c').add(1);
    remote.counter('d').add(1);
    await settle();
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('with another definition') })]);
    expect(samples(local.text())).toEqual({ d_total: 1, 'millrace_instruments_refused_total{instrument="c",reason="not_finite"}': 1 });
    close();
  });

  it('is refused for a registry with views', () => {
    const registry = new Registry({ views: [{ drop: true }] });
    expect(() => new Relay(registry, { postMessage: () => {} })).toThrow('a registry with views cannot be relayed');
  });
});

describe('Eight threads', () => {
  it('record into one registry, whose text has the exact sums', async () => {
    const registry = new Registry();
    const each = 20_000;
    const source = `
      import { parentPort, workerData } from 'node:worker_threads';
      import { Registry, Relay } from ${JSON.stringify(import.meta.resolve('@millrace/instruments'))};
      const registry = new Registry();
      const relay = new Relay(registry, parentPort, { intervalMs: 1 });
      const counter = registry.counter('calls', { labels: ['model', 'thread'] });
      const cost = registry.counter('cost', { unit: 'USD' });
      const latency = registry.histogram('latency', { boundaries: [10, 100], labels: ['model'] });
      for (let i = 0; i < ${each}; i++) {
        counter.add(1, { model: 'm' + (i % 4), thread: workerData });
        cost.add(0.1);
        latency.record(i % 200, { model: 'm' + (i % 4) });
        if (i % 5000 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      relay.close();
    `;
    const workers = Array.from({ length: 8 }, (_, thread) => {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
        workerData: thread,
        execArgv: ['--conditions=@millrace/source', '--disable-warning=ExperimentalWarning'],
      });
      receive(registry, worker);
      return worker;
    });
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    const found = samples(registry.text());
    expect(found['cost_USD_total']).toBe(8 * each * 0.1);
    for (let thread = 0; thread < 8; thread++) {
      for (let model = 0; model < 4; model++) expect(found[`calls_total{model="m${model}",thread="${thread}"}`]).toBe(each / 4);
    }
    expect(found['latency_count{model="m1"}']).toBe(2 * each);
    expect(found['latency_bucket{model="m1",le="10"}']).toBe((8 * each * 3) / 200);
  });
});
