import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { settle } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { queue, rig } from './rig.ts';

/** What an SDK exports of a meter: values by name and attributes. */
function collector() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    meter: provider.getMeter('test'),
    async collect(): Promise<Record<string, unknown>> {
      exporter.reset();
      await reader.forceFlush();
      const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
      return Object.fromEntries(
        metrics.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => [
            `${descriptor.name} ${descriptor.unit} ${JSON.stringify(attributes)}`,
            typeof value === 'number' ? value : { count: value.count, sum: (value as { sum?: number }).sum },
          ]),
        ),
      );
    },
    close: () => provider.shutdown(),
  };
}

describe('the instruments of an exporter', () => {
  it('are the Collector’s', async () => {
    const { meter, collect, close } = collector();
    const r = await rig({ sending_queue: { ...queue, queue_size: 2 } }, { context: { id: 'otlp_http/x', meter } });
    await r.offer(0, 10);
    await r.offer(10, 5);
    expect(await r.offer(15, 3)).toBe('sending queue is full');
    await settle();
    const exporter = '{"exporter":"otlp_http/x"}';
    const perSignal = '{"exporter":"otlp_http/x","data_type":"traces"}';
    expect(await collect()).toEqual({
      [`exporter_in_flight_requests {request} ${perSignal}`]: 1,
      [`exporter_queue_size {batch} ${perSignal}`]: 2,
      [`exporter_queue_size_bytes By ${perSignal}`]: expect.any(Number),
      [`exporter_queue_capacity {batch} ${perSignal}`]: 2,
      [`exporter_enqueue_failed_spans {span} ${exporter}`]: 3,
      [`exporter_enqueue_size {unit} ${exporter}`]: { count: 3, sum: 18 },
      [`exporter_enqueue_size_bytes By ${exporter}`]: { count: 3, sum: expect.any(Number) },
      [`exporter_queue_batch_send_size {unit} ${exporter}`]: { count: 1, sum: 10 },
      [`exporter_queue_batch_send_size_bytes By ${exporter}`]: { count: 1, sum: expect.any(Number) },
    });
    r.attempts[0]!.answer();
    await settle();
    r.attempts[1]!.answer();
    await settle();
    expect(await collect()).toMatchObject({
      [`exporter_in_flight_requests {request} ${perSignal}`]: 0,
      [`exporter_queue_size {batch} ${perSignal}`]: 0,
      [`exporter_queue_size_bytes By ${perSignal}`]: 0,
    });
    await r.stage.shutdown!(new AbortController().signal);
    await close();
  });

  it.each([
    ['metrics', 'exporter_enqueue_failed_metric_points {datapoint}'],
    ['logs', 'exporter_enqueue_failed_log_records {record}'],
    ['profiles', 'exporter_enqueue_failed_profile_samples {sample}'],
  ] as const)('name the items of %s', async (signal, name) => {
    const { meter, collect, close } = collector();
    const r = await rig({ sending_queue: queue }, { signal, context: { meter } });
    expect(await collect()).toHaveProperty([`${name} {"exporter":"test"}`], 0);
    await r.stage.shutdown!(new AbortController().signal);
    await close();
  });

  it('show what is being sent when there is no queue', async () => {
    const { meter, collect, close } = collector();
    const r = await rig({}, { context: { meter } });
    const offered = r.offer(0);
    await settle();
    expect(await collect()).toEqual({ 'exporter_in_flight_requests {request} {"exporter":"test","data_type":"traces"}': 1 });
    r.attempts[0]!.answer();
    await offered;
    await r.stage.shutdown!(new AbortController().signal);
    await close();
  });
});
