import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { configOf, FakeClock, noDeadline, Sink, testContext, testHost } from '@millrace/api/testing';
import { toPlain } from '@millrace/wire/plain';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const startMs = 1_790_000_000_000;
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const exposes =
  (text: string, contentType = 'text/plain; version=0.0.4'): Answer =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': contentType }).end(text);

interface TargetServer {
  readonly address: string;
  answer: Answer;
  readonly requests: IncomingMessage[];
}

async function serve(answer: Answer): Promise<TargetServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    target.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const target: TargetServer = { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, answer, requests };
  return target;
}

interface Point {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly resource: Record<string, string>;
  readonly type: string;
  readonly scope: string;
  readonly point: Record<string, unknown>;
  readonly value: unknown;
  readonly isStale: boolean;
}

// eslint-disable-next-line typescript/no-explicit-any
type Message = Record<string, any>;
const plainAttributes = (list: Message[] = []): Record<string, string> =>
  Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue]));

function pointsOf(request: Buffer): Point[] {
  const found: Point[] = [];
  const { resourceMetrics } = toPlain('metrics', request) as Message;
  for (const { resource, scopeMetrics } of resourceMetrics) {
    for (const { scope, metrics } of scopeMetrics) {
      for (const metric of metrics) {
        const type = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'].find((name) => metric[name] !== undefined)!;
        for (const point of metric[type].dataPoints) {
          found.push({
            name: metric.name,
            attributes: plainAttributes(point.attributes),
            resource: plainAttributes(resource.attributes),
            type: type === 'sum' ? (metric.sum.isMonotonic ? 'counter' : 'sum') : type,
            scope: scope.name,
            point,
            value: point.asDouble,
            isStale: (point.flags ?? 0) === 1,
          });
        }
      }
    }
  }
  return found;
}

interface Running {
  /** Lets one interval pass and returns what the scrape brought. */
  scrape(): Promise<Point[]>;
  stop(): Promise<void>;
  readonly lines: ReturnType<typeof testContext>['lines'];
  readonly items: ReturnType<typeof testContext>['items'];
  readonly sink: Sink;
  next(): Promise<Point[]>;
  readonly clock: FakeClock;
}

const intervalMs = 10_000;

async function run(job: object, more: { global?: object; receiver?: object } = {}): Promise<Running> {
  const clock = new FakeClock(startMs);
  const context = testContext({ id: 'prometheus', kind: 'receiver', clock });
  const sink = new Sink();
  let arrived = (): void => undefined;
  let read = 0;
  sink.before = () => {
    setImmediate(() => arrived());
    return undefined;
  };
  const config = {
    config: { global: more.global ?? {}, scrape_configs: [{ job_name: 'app', scrape_interval: '10s', scrape_timeout: '5s', ...job }] },
    ...more.receiver,
  };
  const receiver = factory.create(configOf(factory, config), new Map([['metrics', sink]]), context);
  await receiver.start?.(testHost());
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (!stopped) await receiver.shutdown?.(noDeadline());
    stopped = true;
  };
  closing.push(stop);
  const next = async (): Promise<Point[]> => {
    while (sink.requests.length <= read) await new Promise<void>((resolve) => (arrived = resolve));
    return pointsOf(sink.requests[read++]!);
  };
  return {
    clock,
    sink,
    stop,
    next,
    lines: context.lines,
    items: context.items,
    async scrape() {
      await clock.advance(intervalMs);
      return next();
    },
  };
}

const named = (points: Point[], name: string): Point[] => points.filter((point) => point.name === name);
const valueOf = (points: Point[], name: string): unknown => named(points, name)[0]?.value;
const job = (target: TargetServer, more: object = {}): object => ({ static_configs: [{ targets: [target.address] }], ...more });

describe('Receiver prometheus', () => {
  it('scrapes at its interval and tells about the scrape', async () => {
    const target = await serve(exposes('a 1\nb{x="y"} 2\n'));
    const { scrape } = await run(job(target));
    const points = await scrape();
    expect(named(points, 'b')).toMatchObject([{ attributes: { x: 'y' }, value: 2, type: 'gauge' }]);
    expect(points[0].resource).toMatchObject({ 'service.name': 'app', 'service.instance.id': target.address, 'url.scheme': 'http' });
    const report = ['up', 'scrape_samples_scraped', 'scrape_samples_post_metric_relabeling', 'scrape_series_added'];
    expect(report.map((name) => valueOf(points, name))).toEqual([1, 2, 2, 2]);
    expect(valueOf(points, 'scrape_duration_seconds')).toBeGreaterThan(0);
    expect(report.map((name) => valueOf(points, name))).toHaveLength(4);
    expect(valueOf(await scrape(), 'scrape_series_added')).toBe(0);
    expect(target.requests[0].headers['x-prometheus-scrape-timeout-seconds']).toBe('5');
    expect(target.requests).toHaveLength(2);
  });

  it('reports more about the scrape when it is told to', async () => {
    const target = await serve(exposes('a 1\n'));
    const { scrape } = await run(job(target, { sample_limit: 7 }), { receiver: { report_extra_scrape_metrics: true } });
    const points = await scrape();
    expect(['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'].map((name) => valueOf(points, name))).toEqual([
      5, 7, 4,
    ]);
  });

  it('marks series as stale when they are gone, when the scrape fails, and when the target is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    const target = await serve(exposes('# TYPE a counter\na 1\nb 2\nh_bucket{le="1"} 1\n'));
    const file = join(folder, 'targets.json');
    writeFileSync(file, JSON.stringify([{ targets: [target.address] }]));
    const running = await run({ file_sd_configs: [{ files: [file], refresh_interval: '1m' }] });
    await running.scrape();
    target.answer = exposes('b 2\n');
    const gone = await running.scrape();
    expect(named(gone, 'a')).toMatchObject([{ type: 'counter', isStale: true }]);
    expect(named(gone, 'b')).toMatchObject([{ isStale: false }]);
    target.answer = (_request, response) => void response.writeHead(500).end();
    const failed = await running.scrape();
    expect(named(failed, 'b')).toMatchObject([{ isStale: true }]);
    expect(valueOf(failed, 'up')).toBe(0);
    expect(running.lines.at(-1)).toMatchObject({ level: 'warn', attributes: { error: 'server returned HTTP status 500' } });
    target.answer = exposes('b 3\n');
    await running.scrape();
    writeFileSync(file, '[]');
    const ended = await running.next();
    expect(ended.map(({ name, isStale }) => [name, isStale])).toContainEqual(['b', true]);
    expect(ended.map(({ name, isStale }) => [name, isStale])).toContainEqual(['up', true]);
  });

  it('keeps its own labels, or those of the target when it honors them', async () => {
    const target = await serve(exposes('a{job="theirs",team="b",x="y"} 1\n'));
    const labels = { static_configs: [{ targets: [target.address], labels: { team: 'a' } }] };
    const points = await (await run(labels)).scrape();
    expect(named(points, 'a')[0].attributes).toEqual({ exported_job: 'theirs', exported_team: 'b', team: 'a', x: 'y' });
    const honored = await (await run({ ...labels, honor_labels: true })).scrape();
    expect(named(honored, 'a')[0].attributes).toEqual({ team: 'b', x: 'y' });
  });

  it('takes the times of samples, unless it is told not to, and lets them end only when told to track them', async () => {
    const target = await serve(exposes('a 1 1700000000000\n'));
    const running = await run(job(target));
    expect(named(await running.scrape(), 'a')[0].point['timeUnixNano']).toBe(1_700_000_000_000_000_000n);
    target.answer = exposes('b 1\n');
    expect(named(await running.scrape(), 'a')).toEqual([]);
    target.answer = exposes('a 1 1700000000000\n');
    const without = await run(job(target, { honor_timestamps: false }));
    expect(named(await without.scrape(), 'a')[0].point['timeUnixNano']).toBeGreaterThanOrEqual(BigInt(startMs) * 1_000_000n);
    const tracking = await run(job(target, { track_timestamps_staleness: true }));
    await tracking.scrape();
    target.answer = exposes('b 1\n');
    expect(named(await tracking.scrape(), 'a')).toMatchObject([{ isStale: true }]);
  });

  it('asks where and how it is told to', async () => {
    const target = await serve(exposes('a 1\n'));
    const running = await run(
      job(target, {
        metrics_path: '/stats',
        params: { module: ['x', 'y'] },
        scrape_protocols: ['PrometheusText0.0.4'],
        enable_compression: false,
        http_headers: { 'X-Tenant': { values: ['t1'], secrets: ['s'] } },
        enable_http2: false,
        keep_dropped_targets: 5,
        scrape_native_histograms: true,
      }),
      { global: { evaluation_interval: '1m' } },
    );
    await running.scrape();
    const [request] = target.requests;
    expect(request.url).toBe('/stats?module=x&module=y');
    expect(request.headers.accept).toBe('text/plain;version=0.0.4;q=0.2,*/*;q=0.1');
    expect(request.headers['accept-encoding']).toBe('identity');
    expect(request.headers['x-tenant']).toBe('t1, s');
  });

  it('understands gzip', async () => {
    const target = await serve((request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip');
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(gzipSync('zipped 1\n'));
    });
    expect(valueOf(await (await run(job(target))).scrape(), 'zipped')).toBe(1);
  });

  it('sends credentials, from files too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), `${text}\n`);
      return join(folder, name);
    };
    const target = await serve(exposes('a 1\n'));
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    for (const [settings, expected] of [
      [{ basic_auth: { username: 'u', password: 'p' } }, basic],
      [{ basic_auth: { username_file: file('u', 'u'), password_file: file('p', 'p') } }, basic],
      [{ authorization: { credentials: 'c' } }, 'Bearer c'],
      [{ authorization: { type: 'Token', credentials_file: file('c', 'c') } }, 'Token c'],
      [{ bearer_token: 'b' }, 'Bearer b'],
      [{ bearer_token_file: file('b', 'b') }, 'Bearer b'],
    ] as const) {
      const running = await run(job(target, settings));
      await running.scrape();
      expect(target.requests.at(-1)!.headers.authorization).toBe(expected);
      await running.stop();
    }
  });

  it('follows redirects, without its credentials to another host, unless it is told not to', async () => {
    const other = await serve(exposes('moved 1\n'));
    const target = await serve((_request, response) => void response.writeHead(302, { location: `http://${other.address}/x` }).end());
    const settings = { authorization: { credentials: 'secret' } };
    expect(valueOf(await (await run(job(target, settings))).scrape(), 'moved')).toBe(1);
    expect(other.requests[0].headers.authorization).toBeUndefined();
    const staying = await run(job(target, { follow_redirects: false }));
    expect(valueOf(await staying.scrape(), 'up')).toBe(0);
  });

  it.each([
    ['sample_limit', { sample_limit: 1 }, 'sample limit exceeded'],
    ['label_limit', { label_limit: 4 }, 'label_limit exceeded'],
    ['label_name_length_limit', { label_name_length_limit: 9 }, 'label_name_length_limit exceeded'],
    ['label_value_length_limit', { label_value_length_limit: 20 }, 'label_value_length_limit exceeded'],
    ['body_size_limit', { body_size_limit: '20B' }, 'body size limit exceeded'],
  ])('fails a scrape beyond %s, in a job and globally', async (_name, limit, message) => {
    const target = await serve(exposes(`a{long_label="${'v'.repeat(30)}",b="c"} 1\nb 2\n`));
    for (const running of [await run(job(target, limit)), await run(job(target), { global: limit })]) {
      const points = await running.scrape();
      expect(valueOf(points, 'up')).toBe(0);
      expect(named(points, 'a')).toEqual([]);
      expect(running.lines.at(-1)!.attributes!['error']).toContain(message);
      await running.stop();
    }
  });

  it('scrapes nothing beyond target_limit', async () => {
    const target = await serve(exposes('a 1\n'));
    const running = await run({ static_configs: [{ targets: [target.address, '127.0.0.1:1'] }], target_limit: 1 });
    await running.clock.advance(3 * intervalMs);
    expect(target.requests).toEqual([]);
    expect(running.lines[0]).toMatchObject({ level: 'error', message: 'target_limit exceeded' });
  });

  it('relabels targets and samples', async () => {
    const target = await serve(exposes('keep_me 1\ndrop_me 2\n'));
    const running = await run(
      job(target, {
        relabel_configs: [
          { source_labels: ['__address__'], regex: '([^:]+):.*', target_label: 'instance', replacement: '$1' },
          { target_label: '__metrics_path__', replacement: '/other' },
          { target_label: '__param_q', replacement: '1' },
        ],
        metric_relabel_configs: [
          { source_labels: ['__name__'], regex: 'drop_.*', action: 'drop' },
          { source_labels: ['__name__'], regex: 'keep_(.*)', target_label: '__name__', replacement: 'kept_$1' },
        ],
      }),
      { global: { external_labels: { region: 'eu' } } },
    );
    const points = await running.scrape();
    expect(points.find(({ name }) => name === 'kept_me')).toMatchObject({ attributes: { region: 'eu' }, value: 1 });
    expect(valueOf(points, 'scrape_samples_post_metric_relabeling')).toBe(1);
    expect(points[0].resource['service.instance.id']).toBe('127.0.0.1');
    expect(target.requests[0].url).toBe('/other?q=1');
  });

  it('drops targets that a rule drops, and says why others cannot be scraped', async () => {
    const target = await serve(exposes('a 1\n'));
    const running = await run(job(target, { relabel_configs: [{ source_labels: ['job'], regex: 'app', action: 'drop' }] }));
    await running.clock.advance(2 * intervalMs);
    expect(target.requests).toEqual([]);
    const wrong = await run({ static_configs: [{ targets: ['http://x:1'] }] });
    expect(wrong.lines[0]).toMatchObject({ level: 'error', message: 'Creating target failed' });
  });

  it('finds targets that a server lists', async () => {
    const target = await serve(exposes('listed 1\n'));
    const list = await serve((_request, response) => {
      const groups = [{ targets: [target.address], labels: { from: 'list' } }];
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(groups));
    });
    const running = await run({ http_sd_configs: [{ url: `http://${list.address}/targets`, refresh_interval: '1m', bearer_token: 't' }] });
    while (running.clock.pending < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(named(await running.scrape(), 'listed')[0].attributes).toEqual({ from: 'list' });
    expect(list.requests[0].headers).toMatchObject({ authorization: 'Bearer t', 'x-prometheus-refresh-interval-seconds': '60' });
    list.answer = (_request, response) => void response.writeHead(500).end();
    await running.clock.advance(60_000);
    while (running.lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(running.lines[0]).toMatchObject({ message: 'Unable to refresh target groups' });
  });

  it('needs a Content-Type that it knows, or to be told what to take others for', async () => {
    const target = await serve(exposes('a 1\n', 'text/html'));
    const running = await run(job(target));
    expect(valueOf(await running.scrape(), 'up')).toBe(0);
    const told = await run(job(target, { fallback_scrape_protocol: 'PrometheusText0.0.4' }));
    expect(valueOf(await told.scrape(), 'a')).toBe(1);
  });

  it('fails a scrape that takes too long, and one of a text that is wrong', async () => {
    const target = await serve(() => undefined);
    const slow = await run(job(target, { scrape_timeout: '50ms' }));
    expect(valueOf(await slow.scrape(), 'up')).toBe(0);
    expect(slow.lines[0].attributes!['error']).toBe('context deadline exceeded');
    target.answer = exposes('a 1\nb{x="} 2\n');
    const wrong = await run(job(target));
    const points = await wrong.scrape();
    expect(named(points, 'a')).toEqual([]);
    expect(wrong.lines[0].attributes!['error']).toMatch(/^line 2: /);
  });

  it('trims the suffixes of names when it is told to', async () => {
    const target = await serve(
      exposes(
        '# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1\n# EOF\n',
        'application/openmetrics-text; version=1.0.0',
      ),
    );
    const { scrape } = await run(job(target), { receiver: { trim_metric_suffixes: true } });
    expect(named(await scrape(), 'a')).toMatchObject([{ value: 1, type: 'counter' }]);
  });

  it('makes exponential histograms of native ones, and keeps classic buckets only when told to', async () => {
    // MetricFamily{name: "h", type: HISTOGRAM, metric: {histogram: {count: 3, sum: 6, bucket: {1, 1.0}, schema: 0, zero_threshold, span{0,2}, deltas 1,1}}}
    const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
    const bucket = hex('08 01 11 000000000000f03f');
    const span = hex('08 00 10 02');
    const histogram = Buffer.concat([
      hex('08 03 11 0000000000001840'),
      hex('1a'),
      Buffer.from([bucket.length]),
      bucket,
      hex('28 00 31 0000000000000000 38 00'),
      hex('62'),
      Buffer.from([span.length]),
      span,
      hex('6a 02 02 02'),
    ]);
    const metric = Buffer.concat([hex('3a'), Buffer.from([histogram.length]), histogram]);
    const family = Buffer.concat([hex('0a 01 68 18 04 22'), Buffer.from([metric.length]), metric]);
    const body = Buffer.concat([Buffer.from([family.length]), family]);
    const target = await serve((_request, response) => {
      const type = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    const settings = { scrape_protocols: ['PrometheusProto'] };
    const points = named(await (await run(job(target, settings))).scrape(), 'h');
    expect(points).toMatchObject([
      { type: 'exponentialHistogram', point: { count: 3n, sum: 6, positive: { offset: -1, bucketCounts: [1n, 2n] } } },
    ]);
    const both = await run(job(target, { ...settings, always_scrape_classic_histograms: true }));
    expect(
      named(await both.scrape(), 'h')
        .map(({ type }) => type)
        .toSorted(),
    ).toEqual(['exponentialHistogram', 'histogram']);
  });

  it('counts what the pipeline refuses as dropped, and goes on', async () => {
    const target = await serve(exposes('a 1\n'));
    const running = await run(job(target));
    let refused = 0;
    const accept = running.sink.before;
    running.sink.before = (batch) => {
      running.sink.before = accept;
      refused = batch.items;
      throw new Error('full');
    };
    await running.clock.advance(intervalMs);
    while (running.items.dropped['refused'] === undefined) await new Promise((resolve) => setImmediate(resolve));
    expect(running.items.dropped).toEqual({ refused });
    expect(valueOf(await running.scrape(), 'a')).toBe(1);
  });

  it('reaches targets over TLS with the certificates it is given', () => {
    const tls_config = {
      ca: 'c',
      ca_file: '/no/ca',
      cert: 'c',
      cert_file: '/no/cert',
      key: 'k',
      key_file: '/no/key',
      server_name: 'x',
      insecure_skip_verify: true,
      min_version: 'TLS12',
      max_version: 'TLS13',
    };
    const config = configOf(factory, { config: { scrape_configs: [{ job_name: 'a', scheme: 'https', tls_config }] } });
    expect(factory.validateConfig?.(config)).toEqual([]);
  });
});

describe('A configuration of receiver prometheus', () => {
  const problems = (config: object): readonly string[] => factory.validateConfig!(configOf(factory, { config }));

  it('needs a job, and jobs need names of their own', () => {
    expect(problems({})).toEqual(['no Prometheus scrape_configs or target_allocator set']);
    expect(problems({ scrape_configs: [{ job_name: 'a' }, { job_name: 'a' }, {}] })).toEqual([
      'config::scrape_configs::1::job_name: found multiple scrape configs with job name "a"',
      'config::scrape_configs::2::job_name: job_name is empty',
    ]);
  });

  it.each([
    [{ scrape_interval: '10' }, '::scrape_interval: not a valid duration string: "10"'],
    [{ scrape_interval: '5s', scrape_timeout: '10s' }, '::scrape_timeout: scrape timeout greater than scrape interval for scrape config'],
    [{ scheme: 'ftp' }, '::scheme: "ftp" is neither http nor https'],
    [{ body_size_limit: 'big' }, '::body_size_limit: not a valid size: "big"'],
    [{ scrape_protocols: ['Morse'] }, '::scrape_protocols: unknown scrape protocol "Morse"'],
    [{ relabel_configs: [{ regex: '(' }] }, '::relabel_configs::0: error parsing regexp'],
    [{ dns_sd_configs: [{ names: [] }] }, '::dns_sd_configs::0: DNS-SD config must contain at least one SRV record name'],
    [{ dns_sd_configs: [{ names: ['a'], type: 'A' }] }, '::dns_sd_configs::0: a port is required'],
    [{ file_sd_configs: [{ files: ['a.txt'] }] }, '::file_sd_configs::0: path name "a.txt" is not valid'],
    [{ http_sd_configs: [{ url: 'x' }] }, '::http_sd_configs::0: URL must use http or https'],
  ])('is refused with %j', (job, problem) => {
    expect(problems({ scrape_configs: [{ job_name: 'a', ...job }] })).toEqual([
      expect.stringContaining(`config::scrape_configs::0${problem}`),
    ]);
  });

  it.each(['rule_files', 'alerting', 'remote_write', 'remote_read'])('is refused with %s', (key) => {
    expect(problems({ scrape_configs: [{ job_name: 'a' }], [key]: [] })).toEqual([`config::${key}: unsupported features: ${key}`]);
  });
});
