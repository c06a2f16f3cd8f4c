import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Exposition } from '../src/telemetry/exposition.ts';
import { PullReader } from '../src/telemetry/pull-reader.ts';
import { pull, pullUrl, refused, startLab } from './telemetry-lab.ts';

const read = async (url: string, headers: Record<string, string> = {}): Promise<string> => (await fetch(url, { headers })).text();

/** The value of a series, by its text before the value. */
function value(page: string, series: string): number | undefined {
  const line = page.split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const names = (page: string): string[] => [...page.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);

describe('Own metrics (PXY-11)', () => {
  it('count what came in, was refused, was sent and failed, by component and protocol', async () => {
    const lab = await startLab(pull());
    await lab.service.start();
    try {
      await lab.send(7, 'grpc');
      await lab.send(5, 'http');
      lab.push = () => Promise.reject(refused('permanent'));
      await expect(lab.send(3, 'http')).rejects.toThrow('no');
      const page = await read(pullUrl(lab.lines));
      expect({
        grpc: value(page, 'otelcol_receiver_accepted_spans{receiver="in",transport="grpc"}'),
        http: value(page, 'otelcol_receiver_accepted_spans{receiver="in",transport="http"}'),
        refused: value(page, 'otelcol_receiver_refused_spans{receiver="in",transport="http"}'),
        failed: value(page, 'otelcol_receiver_failed_spans{receiver="in",transport="http"}'),
        incoming: value(page, 'otelcol_processor_incoming_items{otel_signal="traces",processor="pass"}'),
        outgoing: value(page, 'otelcol_processor_outgoing_items{otel_signal="traces",processor="pass"}'),
        sent: value(page, 'otelcol_exporter_sent_spans{exporter="out"}'),
        sendFailed: value(page, 'otelcol_exporter_send_failed_spans{exporter="out"}'),
        absorbed: value(page, 'otelcol_absorbed_items{component="exporter/out",otel_signal="traces"}'),
      }).toEqual({ grpc: 7, http: 5, refused: 3, failed: 0, incoming: 12, outgoing: 12, sent: 12, sendFailed: 3, absorbed: 12 });
    } finally {
      await lab.service.shutdown();
    }
  });

  it('count what is dropped with its reason, and at level detailed the kind of failure', async () => {
    const lab = await startLab(pull({}, { level: 'detailed' }), { queue: true });
    await lab.service.start();
    try {
      lab.push = () => Promise.reject(refused('permanent'));
      await lab.send(4);
      await new Promise((resolve) => setImmediate(resolve));
      const page = await read(pullUrl(lab.lines));
      expect(value(page, 'otelcol_dropped_items{component="exporter/out",otel_signal="traces",reason="permanent"}')).toBe(4);
      expect(value(page, 'otelcol_exporter_send_failed_spans{error_permanent="true",error_type="_OTHER",exporter="out"}')).toBe(4);
      expect(value(page, 'otelcol_held_items{component="exporter/out",otel_signal="traces"}')).toBe(0);
    } finally {
      await lab.service.shutdown();
    }
  });

  it('tell about the process, and all have a description, a unit and the prefix (PXY-20)', async () => {
    const lab = await startLab(pull({}, { level: 'detailed' }));
    await lab.service.start();
    try {
      await lab.send(1);
      const { metrics } = await lab.service.ownMetrics();
      expect(metrics.filter(({ description, unit }) => description === '' || unit === '').map(({ name }) => name)).toEqual([]);
      expect(metrics.filter(({ name }) => !name.startsWith('otelcol_')).map(({ name }) => name)).toEqual([]);
      const all = metrics.map(({ name }) => name.slice('otelcol_'.length));
      for (const name of [
        'process_uptime process_cpu_seconds process_memory_rss process_runtime_heap_alloc_bytes process_runtime_total_sys_memory_bytes',
        'memory_budget memory_accounted memory_pool_free workers eventloop_delay_p99 eventloop_delay_max eventloop_active_time gc_time',
        'process_cpu_utilization process_disk_io process_runtime_total_alloc_bytes eventloop_utilization gc_collections',
      ].flatMap((line) => line.split(' '))) {
        expect(all).toContain(name);
      }
      const page = await read(pullUrl(lab.lines));
      expect(value(page, 'otelcol_workers')).toBe(1);
      expect(value(page, 'otelcol_memory_budget')).toBe(1 << 26);
      expect(value(page, 'otelcol_process_uptime')).toBeGreaterThan(0);
    } finally {
      await lab.service.shutdown();
    }
  });

  it('count garbage collections, and tell how busy the process is', async () => {
    const lab = await startLab(pull());
    await lab.service.start();
    try {
      const url = pullUrl(lab.lines);
      const before = await read(url);
      const first = value(before, 'otelcol_gc_collections{kind="minor"}')!;
      let page = '';
      while (!(value(page, 'otelcol_gc_collections{kind="minor"}')! > first)) {
        for (let i = 0; i < 1e5; i++) lab.lines.push(`${i}`);
        lab.lines.splice(-1e5);
        page = await read(url);
      }
      expect(value(page, 'otelcol_gc_time{kind="minor"}')).toBeGreaterThan(0);
      const allocated = 'otelcol_process_runtime_total_alloc_bytes';
      expect(value(page, allocated)! - value(before, allocated)!).toBeGreaterThan(1e5);
      expect(value(page, 'otelcol_process_cpu_utilization')).toBeGreaterThanOrEqual(0);
      const busy = value(page, 'otelcol_eventloop_utilization{thread="main"}');
      expect(busy).toBeGreaterThanOrEqual(0);
      expect(busy).toBeLessThanOrEqual(1.001);
      expect(value(page, 'otelcol_process_disk_io{direction="read"}')).toBeGreaterThanOrEqual(0);
      expect(value(page, 'otelcol_process_disk_io{direction="write"}')).toBeGreaterThanOrEqual(0);
    } finally {
      await lab.service.shutdown();
    }
  });

  it('are not made at level none, and nothing listens', async () => {
    const lab = await startLab({ metrics: { level: 'none' } });
    await lab.service.start();
    expect(lab.lines.join('')).not.toContain('Serving own metrics');
    expect(await lab.service.ownMetrics()).toEqual({ metrics: [] });
    await lab.service.shutdown();
  });

  it.each([
    ['basic', false, false],
    ['normal', true, false],
    ['detailed', true, true],
  ])('at level %s leave out what is too detailed', async (level, batch, bytes) => {
    const lab = await startLab(pull({}, { level }));
    lab.contexts[0].meter.createCounter('processor_batch_timeout_trigger_send', { unit: '1', description: 'x' }).add(1);
    lab.contexts[0].meter.createHistogram('exporter_queue_batch_send_size_bytes', { unit: 'By', description: 'x' }).record(3);
    await lab.service.start();
    try {
      const found = names(await read(pullUrl(lab.lines)));
      expect(found.includes('otelcol_processor_batch_timeout_trigger_send')).toBe(batch);
      expect(found.includes('otelcol_exporter_queue_batch_send_size_bytes')).toBe(bytes);
    } finally {
      await lab.service.shutdown();
    }
  });

  it('of one name are one metric, whatever words the components describe it in', async () => {
    const lab = await startLab(pull());
    for (const description of ['One.', 'Two.']) lab.contexts[0].meter.createCounter('same', { unit: '1', description }).add(2);
    await lab.service.start();
    try {
      const page = await read(pullUrl(lab.lines));
      expect(page.match(/^otelcol_same .*$/gm)).toEqual(['otelcol_same 4']);
    } finally {
      await lab.service.shutdown();
    }
  });

  it('of components that are not observed any more are gone, when they are gauges', async () => {
    const lab = await startLab(pull());
    const gauge = lab.contexts[0].meter.createObservableGauge('expiry', { unit: 's', description: 'x' });
    let subject = 'old';
    gauge.addCallback((result) => result.observe(1, { subject }));
    gauge.addCallback(() => {
      throw new Error('one that fails does not disturb the others');
    });
    await lab.service.start();
    try {
      const url = pullUrl(lab.lines);
      expect(await read(url)).toContain('otelcol_expiry{subject="old"} 1');
      subject = 'new';
      const page = await read(url);
      expect(page).toContain('otelcol_expiry{subject="new"} 1');
      expect(page).not.toContain('otelcol_expiry{subject="old"}');
    } finally {
      await lab.service.shutdown();
    }
  });

  it('of components add up by attributes, whichever instance observes them; of gauges the last value counts', async () => {
    const lab = await startLab(pull());
    const { meter } = lab.contexts[0];
    for (const amount of [2, 3]) {
      meter.createObservableCounter('many', { unit: '1', description: 'x' }).addCallback((result) => result.observe(amount, { a: 'b' }));
      meter.createObservableGauge('level', { unit: '1', description: 'x' }).addCallback((result) => result.observe(amount));
    }
    const batched = [meter.createObservableUpDownCounter('one'), meter.createObservableUpDownCounter('two')];
    let calls = 0;
    const observe = (result: { observe(of: (typeof batched)[number], value: number): void }): void => {
      calls++;
      result.observe(batched[0], 1);
      result.observe(batched[1], 2);
    };
    meter.addBatchObservableCallback(observe, batched);
    meter.createGauge('now').record(8);
    meter.createUpDownCounter('open').add(-1);
    await lab.service.start();
    try {
      const page = await read(pullUrl(lab.lines));
      const shown = ['many{a="b"}', 'level', 'one', 'two', 'now', 'open'].map((series) => value(page, `otelcol_${series}`));
      expect(shown).toEqual([5, 3, 1, 2, 8, -1]);
      meter.removeBatchObservableCallback(observe, batched);
      const before = calls;
      await read(pullUrl(lab.lines));
      expect(calls).toBe(before);
    } finally {
      await lab.service.shutdown();
    }
  });
});

describe('The pull reader', () => {
  it('answers in the format that is asked for, JSON among them, and compresses', async () => {
    const lab = await startLab(pull());
    await lab.service.start();
    try {
      await lab.send(2, 'http');
      const url = pullUrl(lab.lines);
      const type = async (accept: string): Promise<string | null> =>
        (await fetch(url, { headers: { accept } })).headers.get('content-type');
      expect(await type('*/*')).toMatch(/^text\/plain; version=0.0.4/);
      expect(await type('application/openmetrics-text;version=1.0.0')).toMatch(/^application\/openmetrics-text; version=1.0.0/);
      expect(await type('application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited')).toMatch(
        /^application\/vnd.google/,
      );
      const json = await read(url, { accept: 'application/json' });
      const text = await read(url);
      for (const name of names(text)) expect(json).toContain(`"${name}"`);
      expect(JSON.parse(json)).toBeDefined();
      const zipped = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
      expect(zipped.headers.get('content-encoding')).toBe('gzip');
      expect(await zipped.text()).toContain('otelcol_receiver_accepted_spans');
      const head = await fetch(url, { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
      expect((await fetch(`${url}/other`)).status).toBe(404);
      expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    } finally {
      await lab.service.shutdown();
    }
  });

  it('has suffixes and scope labels when the flags are off, and resource attributes as labels when they are chosen', async () => {
    const flags = {
      without_type_suffix: false,
      without_units: false,
      without_scope_info: false,
      with_resource_constant_labels: { included: ['service.*'], excluded: ['service.instance.id'] },
    };
    const lab = await startLab({ ...pull(flags), resource: { 'deployment.environment': 'x', 'service.version': null } });
    await lab.service.start();
    try {
      await lab.send(2, 'http');
      const page = await read(pullUrl(lab.lines));
      const scope = 'otel_scope_name="millrace",otel_scope_schema_url="",otel_scope_version="1.2.3"';
      expect(value(page, `otelcol_receiver_accepted_spans_total{${scope},receiver="in",service_name="test",transport="http"}`)).toBe(2);
      expect(names(page)).toContain('otelcol_process_uptime_seconds_total');
      expect(page).toMatch(/^target_info\{deployment_environment="x",service_instance_id="[-0-9a-f]{36}",service_name="test"\} 1$/m);
    } finally {
      await lab.service.shutdown();
    }
  });

  it.each([
    [{ without_type_suffix: false }, 'otelcol_process_uptime_total'],
    [{ without_units: false }, 'otelcol_process_uptime_seconds'],
    [{ without_type_suffix: false, without_units: false }, 'otelcol_process_runtime_total_alloc_bytes_total'],
  ])('with %j has %s', async (flags, name) => {
    const lab = await startLab(pull(flags));
    await lab.service.start();
    expect(names(await read(pullUrl(lab.lines)))).toContain(name);
    await lab.service.shutdown();
  });

  it('says that it cannot answer when the metrics cannot be had', async () => {
    const config = { host: '127.0.0.1', port: 0, without_scope_info: true, without_units: true, without_type_suffix: true };
    const exposition = new Exposition(config, { attributes: {}, schemaUrl: '', version: '' });
    const reader = new PullReader(config, exposition, () => Promise.reject(new Error('a worker does not answer')));
    await reader.stop();
    const response = await fetch(`http://${await reader.start()}/metrics`);
    expect([response.status, await response.text()]).toEqual([500, 'an error occurred while serving metrics: a worker does not answer\n']);
    await reader.stop();
  });

  it('stops the start when its port is taken, and says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const lab = await startLab(pull({ port }));
    await expect(lab.service.start()).rejects.toThrow(
      `failed to create meter provider: binding address 127.0.0.1:${port} for Prometheus exporter: listen tcp 127.0.0.1:${port}: bind: address already in use; ` +
        'set another port under service::telemetry::metrics::readers, or service::telemetry::metrics::level to none',
    );
    other.close();
  });

  it('is done without, with a warning, when nobody configured one and the port of the default one is taken', async () => {
    const other = createServer();
    // Whoever has the port already does as well.
    await new Promise<void>((resolve) => other.once('error', () => resolve()).listen(8888, '127.0.0.1', resolve));
    const lab = await startLab({});
    await lab.service.start();
    const warnings = lab.lines.filter((line) => line.includes('\twarn\t'));
    expect(warnings.join('')).toContain('Own metrics are not served.');
    expect(warnings.join('')).toContain('127.0.0.1:8888: bind: address already in use');
    await lab.service.shutdown();
    other.close();
  });
});

describe('Views', () => {
  it('rename, describe, drop, choose attributes and aggregations, and limit cardinality', async () => {
    const histogram = { explicit_bucket_histogram: { boundaries: [1, 10], record_min_max: false } };
    const views = [
      { selector: { instrument_name: 'otelcol_process_*' }, stream: { aggregation: { drop: {} } } },
      { selector: { instrument_name: 'otelcol_renamed' }, stream: { name: 'otelcol_other', description: 'Other words.' } },
      { selector: { instrument_name: 'otelcol_wide' }, stream: { attribute_keys: { included: ['keep*'], excluded: ['keep.not'] } } },
      { selector: { instrument_name: 'otelcol_sizes', instrument_type: 'histogram', unit: 'By' }, stream: { aggregation: histogram } },
      {
        selector: { instrument_name: 'otelcol_finer', meter_name: 'millrace', meter_version: '1.2.3', meter_schema_url: '' },
        stream: { aggregation: { base2_exponential_bucket_histogram: { max_size: 4 } } },
      },
      { selector: { instrument_name: 'otelcol_summed' }, stream: { aggregation: { sum: {} } } },
      { selector: { instrument_name: 'otelcol_latest' }, stream: { aggregation: { last_value: {} } } },
      { selector: { instrument_name: 'otelcol_plain' }, stream: { aggregation: { default: {} } } },
      { selector: { instrument_name: 'otelcol_limited' }, stream: { aggregation_cardinality_limit: 2 } },
    ];
    const lab = await startLab(pull({}, { level: 'detailed', views }));
    const { meter } = lab.contexts[0];
    const known = { unit: 'By', description: 'x' };
    meter.createCounter('renamed', known).add(1);
    meter.createCounter('wide', known).add(1, { 'keep.this': 'a', 'keep.not': 'b', other: 'c' });
    for (const size of [1, 5, 100]) {
      meter.createHistogram('sizes', known).record(size);
      meter.createHistogram('finer', known).record(size);
      meter.createHistogram('summed', known).record(size);
      meter.createCounter('latest', known).add(size);
      meter.createCounter('plain', known).add(size);
      meter.createCounter('limited', known).add(1, { size });
    }
    await lab.service.start();
    try {
      const url = pullUrl(lab.lines);
      const page = await read(url);
      expect(page).not.toContain('otelcol_process_');
      expect(page).toContain('# HELP otelcol_other Other words.');
      expect(page).not.toContain('otelcol_renamed');
      expect(value(page, 'otelcol_wide{keep_this="a"}')).toBe(1);
      expect(['1', '10', '+Inf'].map((le) => value(page, `otelcol_sizes_bucket{le="${le}"}`))).toEqual([1, 2, 3]);
      expect(value(page, 'otelcol_finer_count')).toBe(3);
      expect(value(page, 'otelcol_summed')).toBe(106);
      expect(value(page, 'otelcol_latest')).toBe(100);
      expect(value(page, 'otelcol_plain')).toBe(106);
      expect(value(page, 'otelcol_limited{otel_metric_overflow="true"}')).toBe(2);
      const { metrics } = await lab.service.ownMetrics();
      expect(metrics.find(({ name }) => name === 'otelcol_finer')?.points[0].value).toMatchObject({
        count: 3,
        sum: 106,
        min: 1,
        max: 100,
        scale: -2,
      });
      expect(metrics.find(({ name }) => name === 'otelcol_sizes')?.points[0].value).not.toHaveProperty('min');
    } finally {
      await lab.service.shutdown();
    }
  });
});
