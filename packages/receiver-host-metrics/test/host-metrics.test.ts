import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { PipelineError } from '@millrace/api';
import type { Clock } from '@millrace/api';
import { settle, systemClock } from '@millrace/api/testing';
import { toPlain } from '@millrace/wire/plain';
import { afterEach, describe, expect, it } from '@jest/globals';
import { collect, on, recordedHost, run, short, temporaryFolder } from './host.ts';

const second = 1_000_000_000n;

describe('host_metrics', () => {
  it('names metrics, scopes and times as the Collector does', async () => {
    const [point] = await collect({ memory: {} });
    expect(point).toEqual({
      resource: {},
      schemaUrl: 'https://opentelemetry.io/schemas/1.9.0',
      scope: 'github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver/internal/scraper/memoryscraper',
      version: '1.2.3',
      name: 'system.memory.usage',
      description: 'Bytes of memory in use.',
      unit: 'By',
      type: 'sum',
      temporality: 2,
      isMonotonic: false,
      attributes: { state: 'used' },
      value: 3_072_000_000n,
      start: 1_790_000_000n * second,
      time: 1_790_002_000n * second,
    });
    const [load] = await collect({ load: {} });
    expect(load).toMatchObject({ type: 'gauge', temporality: undefined, start: 1_790_000_000n * second });
    const [time] = await collect({ cpu: {} });
    expect(time).toMatchObject({ type: 'sum', temporality: 2, isMonotonic: true });
  });

  it('collects after initial_delay and then at every collection_interval', async () => {
    const { clock, sink, points, context, stop } = await run({ initial_delay: '3s', collection_interval: '10s', scrapers: { system: {} } });
    await clock.advance(2_999);
    expect(sink.requests).toHaveLength(0);
    await clock.advance(1);
    expect(sink.requests).toHaveLength(1);
    await clock.advance(25_000);
    expect(sink.requests.map((_, i) => points(i)[0]!.time / second)).toEqual([1_790_002_003n, 1_790_002_013n, 1_790_002_023n]);
    await stop();
    await clock.advance(60_000);
    expect(sink.requests).toHaveLength(3);
    expect(context.items).toMatchObject({ created: 0, dropped: {} });
  });

  it('collects at once when the clock went on while it was started', async () => {
    let now = 1_790_002_000_000;
    const clock: Clock = { now: () => now++, setTimeout: (callback, delayMs) => systemClock.setTimeout(callback, delayMs) };
    const { sink, stop } = await run({ collection_interval: '1h', scrapers: { system: {} } }, recordedHost(), undefined, undefined, clock);
    while (sink.requests.length === 0) await settle();
    await stop();
  });

  it('keeps the rhythm when the pipeline takes longer than the interval', async () => {
    const taken = Promise.withResolvers<void>();
    const { clock, sink, points, stop } = await run({ collection_interval: '10s', scrapers: { system: {} } }, recordedHost(), (first) => {
      first.before = () => taken.promise;
    });
    await clock.advance(35_000);
    expect(sink.requests).toHaveLength(0);
    taken.resolve();
    await clock.advance(5_000);
    expect(sink.requests.map((_, i) => points(i)[0]!.time / second)).toEqual([1_790_002_000n, 1_790_002_035n, 1_790_002_040n]);
    await stop();
  });

  it('sends what every other scraper measured when one fails, and says so once', async () => {
    const host = recordedHost();
    rmSync(join(host, 'proc/loadavg'));
    rmSync(join(host, 'proc/net/tcp'));
    rmSync(join(host, 'proc/swaps'));
    rmSync(join(host, 'proc/vmstat'));
    const counted: [string, number, unknown][] = [];
    const { context, clock, points, stop } = await run(
      { collection_interval: '1s', scrapers: { load: {}, network: on('system.network.conntrack.max'), paging: {}, system: {} } },
      host,
      undefined,
      (name, value, attributes) => void counted.push([name, value, attributes]),
    );
    await clock.advance(2_000);
    await stop();
    expect(points().map(short)).toEqual(
      expect.arrayContaining([
        'system.uptime 86400',
        'system.network.conntrack.max 262144',
        'system.network.errors{device=eth0,direction=receive} 1',
      ]),
    );
    const errors = context.lines.filter(({ level }) => level === 'error');
    expect(
      errors.map(({ message, attributes }) => [message, attributes?.['scraper'], String(attributes?.['error']).split(':')[0]]),
    ).toEqual([
      ['Error scraping metrics', 'load', 'ENOENT'],
      ['Error scraping metrics', 'network', 'failed to read TCP connections'],
      ['Error scraping metrics', 'paging', 'failed to read page file stats'],
      ['Error scraping metrics', 'paging', 'failed to read swap info'],
    ]);
    expect(context.lines.filter(({ level }) => level === 'debug')).toHaveLength(8);
    const of = (name: string, scraper: string): number[] =>
      counted
        .filter(([counter, , attributes]) => counter === name && (attributes as { scraper: string }).scraper === scraper)
        .map(([, value]) => value);
    expect(of('scraper_errored_metric_points', 'load')).toEqual([3, 3, 3]);
    expect(of('scraper_errored_metric_points', 'paging')).toEqual([2, 2, 2, 2, 2, 2]);
    expect(of('scraper_scraped_metric_points', 'system')).toEqual([1, 1, 1]);
    expect(counted[0]?.[2]).toEqual({ receiver: 'host_metrics', scraper: 'load' });
  });

  it.each([
    ['proc/stat', 'memory', /ENOENT/],
    ['proc/uptime', 'system', /unexpected content/],
    ['proc/loadavg', 'load', /unexpected content/],
    ['proc/meminfo', 'memory', /invalid total memory: 0/],
    ['proc/1/mountinfo', 'filesystem', /found invalid mountinfo line/],
    ['proc/diskstats', 'disk', /"x" is not an integer/],
  ])('says what is wrong with %s', async (file, scraper, error) => {
    const host = recordedHost();
    if (file === 'proc/stat') rmSync(join(host, file));
    else if (file === 'proc/meminfo') writeFileSync(join(host, file), 'MemFree: 1 kB\n');
    else writeFileSync(join(host, file), 'x '.repeat(14));
    const { context, stop } = await run({ scrapers: { [scraper]: {}, gpu: {} } }, host);
    await settle();
    await stop();
    const texts = context.lines.filter(({ level }) => level === 'error').map(({ attributes }) => String(attributes?.['error']));
    expect(texts[0]).toMatch(error);
  });

  it.each([
    ['permanent', 'permanent'],
    ['retryable', 'refused'],
  ] as const)('drops and counts what the pipeline refuses (%s)', async (kind, reason) => {
    const { context, clock, stop } = await run({ collection_interval: '1s', scrapers: { load: {} } }, recordedHost(), (sink) => {
      sink.before = () => {
        throw new PipelineError('no', { kind });
      };
    });
    await clock.advance(1_000);
    await stop();
    expect(context.items).toMatchObject({ created: 6, dropped: { [reason]: 6 } });
    expect(context.lines.filter(({ level }) => level === 'error')).toEqual([
      { level: 'error', message: 'Error sending metrics to the consumer', attributes: { error: 'no' } },
    ]);
  });

  it('turns metrics off', async () => {
    const metrics = { 'system.cpu.load_average.5m': { enabled: false }, 'system.cpu.load_average.15m': { enabled: false } };
    expect((await collect({ load: { metrics } })).map(short)).toEqual(['system.cpu.load_average.1m 0.52']);
  });

  it.each([
    ['sum', 30],
    ['avg', 15],
    ['min', 10],
    ['max', 20],
  ])('makes one point of several when attributes are left out: %s', async (aggregation_strategy, user) => {
    const metrics = { 'system.cpu.time': { attributes: ['state'], aggregation_strategy } };
    const points = await collect({ cpu: { metrics } });
    expect(points).toHaveLength(8);
    expect(short(points[0]!)).toBe(`system.cpu.time{state=user} ${user}`);
    const inner = { 'system.network.packets': { attributes: ['direction'], aggregation_strategy } };
    const packets = (await collect({ network: { metrics: inner } })).filter(({ name }) => name === 'system.network.packets');
    const values: Record<string, bigint> = { sum: 600_052n, avg: 200_017n, min: 2n, max: 600_000n };
    expect(packets[0]?.value).toBe(values[aggregation_strategy]);
  });

  it('sends the utilization of the CPUs from the second collection on', async () => {
    const host = recordedHost();
    const { clock, points, stop } = await run({ collection_interval: '10s', scrapers: { cpu: on('system.cpu.utilization') } }, host);
    const utilization = (): string[] =>
      points()
        .filter(({ name, value }) => name === 'system.cpu.utilization' && value !== 0)
        .map(short);
    expect(utilization()).toEqual([]);
    writeFileSync(join(host, 'proc/stat'), 'cpu 0\ncpu0 2250 40 1000 40750 200 10 60 20 5 1\nbtime 1790000000\n');
    await clock.advance(10_000);
    expect(utilization()).toEqual(['system.cpu.utilization{cpu=cpu0,state=user} 0.25', 'system.cpu.utilization{cpu=cpu0,state=idle} 0.75']);
    await clock.advance(10_000);
    expect(utilization()).toEqual([]);
    await stop();
  });

  it('sends an entity event of the host to pipelines of logs, again every metadata_collection_interval', async () => {
    const { clock, logs, stop } = await run({ metadata_collection_interval: '1m', scrapers: { load: {} } });
    await clock.advance(120_000);
    await stop();
    expect(logs.items).toBe(3);
    const { resourceLogs } = toPlain('logs', logs.requests[0]!) as { resourceLogs: { scopeLogs: Record<string, unknown>[] }[] };
    expect(resourceLogs[0]?.scopeLogs[0]).toMatchObject({
      scope: { attributes: [{ key: 'otel.entity.event_as_log', value: { boolValue: true } }] },
      logRecords: [
        {
          timeUnixNano: 1_790_002_000n * second,
          attributes: [
            { key: 'otel.entity.event.type', value: { stringValue: 'entity_state' } },
            { key: 'otel.entity.type', value: { stringValue: 'host' } },
            { key: 'otel.entity.interval', value: { intValue: 60_000n } },
          ],
        },
      ],
    });
  });

  it('sends the entity event once when metadata_collection_interval is 0', async () => {
    const { clock, logs, stop } = await run({ metadata_collection_interval: '0s', scrapers: { load: {} } });
    await clock.advance(3_600_000);
    await stop();
    expect(logs.items).toBe(1);
  });
});

describe('host_metrics with gpu', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });
  function install(script: string): void {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'nvidia-smi'), 0o755);
    process.env['PATH'] = `${folder}${delimiter}${path}`;
  }

  it('asks nvidia-smi, and leaves out what a card does not know', async () => {
    install(
      "printf 'GPU-1, NVIDIA A10, 24576, 6144, 37, 0, [N/A], 61.25, 54\\nGPU-2, Tesla T4, 16384, 0, [N/A], [N/A], [N/A], [Not Supported], 40\\n'",
    );
    const points = await collect({ gpu: {} });
    const one = 'hw.id=GPU-1,hw.name=NVIDIA A10,hw.vendor=NVIDIA';
    const two = 'hw.id=GPU-2,hw.name=Tesla T4,hw.vendor=NVIDIA';
    expect(points.map(short)).toEqual([
      `hw.gpu.memory.limit{${one}} 25769803776`,
      `hw.gpu.memory.limit{${two}} 17179869184`,
      `hw.gpu.memory.usage{${one}} 6442450944`,
      `hw.gpu.memory.usage{${two}} 0`,
      `hw.gpu.memory.utilization{${one}} 0.25`,
      `hw.gpu.memory.utilization{${two}} 0`,
      `hw.gpu.utilization{${one},hw.gpu.task=general} 0.37`,
      `hw.gpu.utilization{${one},hw.gpu.task=encoder} 0`,
      `hw.power{${one},hw.type=gpu} 61.25`,
      `hw.temperature{${one},hw.type=gpu} 54`,
      `hw.temperature{${two},hw.type=gpu} 40`,
    ]);
  });

  it('reads AMD GPUs from /sys, beside those of nvidia-smi or alone', async () => {
    const host = recordedHost();
    const card = (name: string, files: Readonly<Record<string, string>>): void => {
      for (const [file, content] of Object.entries(files)) {
        const path = join(host, 'sys/class/drm', name, 'device', file);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, `${content}\n`);
      }
    };
    card('card0', { vendor: '0x8086' });
    card('card1', {
      vendor: '0x1002',
      unique_id: '4f3e2d1c',
      product_name: 'Radeon Pro',
      gpu_busy_percent: '42',
      mem_info_vram_total: '17179869184',
      mem_info_vram_used: '4294967296',
      'hwmon/hwmon3/power1_average': '35000000',
      'hwmon/hwmon3/temp1_input': '51500',
    });
    card('card1-DP-1', { vendor: '0x1002', gpu_busy_percent: '1' });
    card('card2', { vendor: '0x1002', gpu_busy_percent: '0', 'hwmon/hwmon4/power1_input': '9000000' });
    process.env['PATH'] = '/nowhere';
    const { context, points, stop } = await run({ scrapers: { gpu: {} } }, host);
    await stop();
    const amd = [
      'hw.gpu.memory.limit{hw.id=4f3e2d1c,hw.name=Radeon Pro,hw.vendor=AMD} 17179869184',
      'hw.gpu.memory.usage{hw.id=4f3e2d1c,hw.name=Radeon Pro,hw.vendor=AMD} 4294967296',
      'hw.gpu.memory.utilization{hw.id=4f3e2d1c,hw.name=Radeon Pro,hw.vendor=AMD} 0.25',
      'hw.gpu.utilization{hw.id=4f3e2d1c,hw.name=Radeon Pro,hw.vendor=AMD,hw.gpu.task=general} 0.42',
      'hw.gpu.utilization{hw.id=card2,hw.name=card2,hw.vendor=AMD,hw.gpu.task=general} 0',
      'hw.power{hw.id=4f3e2d1c,hw.name=Radeon Pro,hw.vendor=AMD,hw.type=gpu} 35',
      'hw.power{hw.id=card2,hw.name=card2,hw.vendor=AMD,hw.type=gpu} 9',
      'hw.temperature{hw.id=4f3e2d1c,hw.name=Radeon Pro,hw.vendor=AMD,hw.type=gpu} 51.5',
    ];
    expect(points().map(short)).toEqual(amd);
    expect(context.lines).toEqual([]);
    install("printf 'GPU-1, NVIDIA A10, [N/A], [N/A], 37, [N/A], [N/A], [N/A], [N/A]\\n'");
    expect((await collect({ gpu: {} }, host)).map(short).filter((point) => !amd.includes(point))).toEqual([
      'hw.gpu.utilization{hw.id=GPU-1,hw.name=NVIDIA A10,hw.vendor=NVIDIA,hw.gpu.task=general} 0.37',
    ]);
  });

  it('warns once and measures the rest where nvidia-smi is not installed', async () => {
    process.env['PATH'] = '/nowhere';
    const { context, clock, sink, points, stop } = await run({ collection_interval: '1s', scrapers: { gpu: {}, system: {} } });
    await clock.advance(1_000);
    await stop();
    expect(sink.requests).toHaveLength(2);
    expect(points().map(short)).toEqual(['system.uptime 86400']);
    expect(context.lines).toEqual([
      { level: 'warn', message: 'nvidia-smi is not installed, so no GPU is measured', attributes: undefined },
    ]);
  });

  it('sends the rest when nvidia-smi fails', async () => {
    install('echo "driver mismatch" >&2; exit 9');
    const { context, points, stop } = await run({ scrapers: { gpu: {}, system: {} } });
    await stop();
    expect(points().map(short)).toEqual(['system.uptime 86400']);
    expect(context.lines.at(-1)?.attributes?.['error']).toMatch(/driver mismatch/);
  });

  it('sends what is there when the timeout is over, and ends what still runs', async () => {
    install('exec sleep 60');
    const { context, clock, sink, points, stop } = await run({ timeout: '2s', scrapers: { gpu: {}, system: {} } });
    expect(sink.requests).toHaveLength(0);
    await clock.advance(2_000);
    expect(points().map(short)).toEqual(['system.uptime 86400']);
    expect(context.lines.at(-1)).toEqual({
      level: 'error',
      message: 'Error scraping metrics',
      attributes: { scraper: 'gpu', error: 'context deadline exceeded' },
    });
    await stop();
  });

  it('gives up what still runs when the time for its shutdown is up', async () => {
    install('exec sleep 60');
    const { stop } = await run({ timeout: '1h', scrapers: { gpu: {} } });
    const timeUp = new AbortController();
    const stopped = stop(timeUp.signal);
    timeUp.abort();
    await stopped;
    await stop(timeUp.signal);
  });
});
