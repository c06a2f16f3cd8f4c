import { MessageChannel } from 'node:worker_threads';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { receive, Registry, Relay } from '@millrace/instruments';
import type { TraceContext } from '@millrace/instruments';
import { expositionFormat } from '@millrace/prometheus-format';
import { Clock, metric, pool } from './read.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('A histogram of an application with spans', () => {
  it('keeps the latest value of each bucket that was measured in one', () => {
    const clock = new Clock();
    let active: TraceContext | undefined = { traceId, spanId };
    const registry = new Registry({ now: clock.now, traceContext: () => active });
    const latency = registry.histogram('latency', { boundaries: [1, 2] });
    const reader = registry.reader({ temporality: 'delta' });
    latency.record(5);
    latency.record(0.5);
    latency.record(0.75);
    active = undefined;
    latency.record(1.5);
    const openMetrics = registry.reader().text(expositionFormat('openmetrics'));
    expect(openMetrics).toContain(`latency_bucket{le="1.0"} 2 # {span_id="${spanId}",trace_id="${traceId}"} 0.75 1.7e+09\n`);
    expect(openMetrics).toContain('latency_bucket{le="2.0"} 3\n');
    expect(registry.text()).not.toContain(traceId);
    const exemplar = { timeUnixNano: '1700000000000000000', spanId, traceId };
    expect(metric(registry.batch(pool), 'latency')!.dataPoints[0]).toMatchObject({
      exemplars: [
        { ...exemplar, asDouble: 0.75 },
        { ...exemplar, asDouble: 5 },
      ],
    });
    reader.batch(pool)!.release();
    clock.ms += 1000;
    reader.batch(pool)?.release();
    latency.record(1.5);
    expect(metric(reader.batch(pool), 'latency')!.dataPoints[0]).not.toHaveProperty('exemplars');
  });

  it('sends them to the registry of another thread', async () => {
    const remote = new Registry({ traceContext: () => ({ traceId, spanId }) });
    const local = new Registry();
    const { port1, port2 } = new MessageChannel();
    const stop = receive(local, port2);
    remote.histogram('latency', { boundaries: [1] }).record(3);
    new Relay(remote, port1).close();
    await once(port2, 'message');
    stop();
    port1.close();
    expect(metric(local.batch(pool), 'latency')!.dataPoints[0]).toMatchObject({ exemplars: [{ asDouble: 3, spanId, traceId }] });
  });
});
