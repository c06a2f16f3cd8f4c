import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Destination, gauge, metricsOf, run, v2, writtenHeaders } from './running.ts';
import type { Running } from './running.ts';

let destination: Destination;
let running: Running;
beforeEach(async () => {
  destination = await new Destination().listen();
});
afterEach(async () => {
  await running.stop();
  await destination.close();
});

const gauges = (count: number, seconds = 1): object =>
  metricsOf(Array.from({ length: count }, (_, index) => gauge('g', index, { index }, seconds)));

describe('remote write, its requests', () => {
  it.each([
    [{}, 'application/x-protobuf', '0.1.0'],
    [v2, 'application/x-protobuf;proto=io.prometheus.write.v2.Request', '2.0.0'],
  ])('say what they are with %j', async (message, type, version) => {
    running = await run(destination.url, { ...message, headers: { 'X-Scope-OrgID': 'demo' } });
    await running.send(gauges(1));
    expect(destination.accepted[0]).toMatchObject({
      url: '/api/v1/write',
      headers: {
        'content-type': type,
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': version,
        'x-scope-orgid': 'demo',
        'user-agent': expect.stringMatching(/^millrace\//),
      },
    });
  });

  it('go where http says', async () => {
    running = await run('', { http: { endpoint: destination.url, headers: { 'X-Scope-OrgID': 'http' }, compression: '' } });
    await running.send(gauges(1));
    expect(destination.accepted[0]!.headers).toMatchObject({ 'x-scope-orgid': 'http', 'content-encoding': 'snappy' });
  });

  it.each([
    ['timeout', { timeout: '20ms' }],
    ['http.timeout', { timeout: '1h', http: { timeout: '20ms' } }],
  ])('may take as long as %s', async (_name, settings) => {
    destination.behave = () => {};
    const http = 'http' in settings ? { http: { ...settings.http, endpoint: destination.url } } : {};
    running = await run(destination.url, { ...settings, ...http, retry_on_failure: { enabled: false } });
    await expect(running.send(gauges(1))).rejects.toMatchObject({
      kind: 'retryable',
      message: expect.stringContaining('context deadline exceeded'),
    });
  });

  it.each([{}, v2])('are at most max_batch_size_bytes large, with %j', async (message) => {
    running = await run(destination.url, { ...message, max_batch_size_bytes: 2000 });
    await running.send(gauges(200));
    expect(destination.accepted.length).toBeGreaterThan(3);
    if (!('protobuf_message' in message)) for (const { sizeBytes } of destination.accepted) expect(sizeBytes).toBeLessThanOrEqual(2000);
    expect(destination.series.map(({ labels }) => Number(labels['index'])).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, index) => index),
    );
  });

  it('are one when max_batch_size_bytes is 0, which is the default', async () => {
    running = await run(destination.url, { max_batch_size_bytes: 0 });
    await running.send(gauges(200));
    expect(destination.accepted).toHaveLength(1);
  });

  it.each([
    ['max_batch_request_parallelism', { max_batch_request_parallelism: 3 }, 3],
    ['num_consumers', { remote_write_queue: { enabled: false, num_consumers: 2 } }, 2],
  ])('run %s at a time, and a series is never in two of them', async (_name, settings, parallelism) => {
    let open = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const inFlight: Set<string>[] = [];
    destination.behave = (request, response) => {
      const names = new Set(request.series.map(({ labels }) => labels['index']!));
      for (const others of inFlight) for (const name of names) expect(others.has(name)).toBe(false);
      inFlight.push(names);
      most = Math.max(most, ++open);
      const answer = (): void => {
        open--;
        inFlight.splice(inFlight.indexOf(names), 1);
        destination.accept(request, response);
      };
      waiting.push(answer);
      if (open === parallelism) for (const next of waiting.splice(0)) next();
      else setImmediate(() => setTimeout(() => waiting.splice(0).forEach((next) => next()), 20));
    };
    running = await run(destination.url, { ...settings, max_batch_size_bytes: 1000 });
    const times = [1, 2, 3].flatMap((seconds) => Array.from({ length: 30 }, (_, index) => gauge('g', seconds, { index }, seconds)));
    await running.send(metricsOf(times));
    expect(most).toBe(parallelism);
    for (let index = 0; index < 30; index++) {
      const values = destination.series.filter(({ labels }) => labels['index'] === String(index)).map(({ samples }) => samples[0]!.value);
      expect(values).toEqual([1, 2, 3]);
    }
  });
});

describe('remote write, a destination that', () => {
  it.each([429, 500, 503])('answers %d is asked again', async (status) => {
    let left = 2;
    destination.behave = (request, response) =>
      left-- > 0 ? response.writeHead(status).end('busy') : destination.accept(request, response);
    running = await run(destination.url);
    await running.send(gauges(3));
    expect(destination.series).toHaveLength(3);
    expect(running.context.items).toMatchObject({ absorbed: 3, dropped: {} });
  });

  it('asks for a pause gets it', async () => {
    destination.behave = (_request, response) => response.writeHead(429, { 'retry-after': '3600' }).end();
    running = await run(destination.url, { retry_on_failure: { max_elapsed_time: '1s', max_interval: '1ms', initial_interval: '1ms' } });
    await expect(running.send(gauges(1))).rejects.toMatchObject({
      message: 'no more retries left: remote write request failed: status code 429',
    });
    expect(destination.seen).toHaveLength(1);
  });

  it.each([400, 404, 302])('answers %d is not asked again', async (status) => {
    destination.behave = (_request, response) => response.writeHead(status).end('out of order sample\n');
    running = await run(destination.url);
    await expect(running.send(gauges(1))).rejects.toMatchObject({
      kind: 'permanent',
      message: `not retryable error: remote write request failed: status code ${status}: out of order sample`,
    });
    expect(destination.seen).toHaveLength(1);
  });

  it('is not there is tried again', async () => {
    const { url } = destination;
    await destination.close();
    running = await run(url, { retry_on_failure: { enabled: false } });
    await expect(running.send(gauges(1))).rejects.toMatchObject({
      kind: 'retryable',
      message: expect.stringContaining(`failed to make an HTTP request: Post "${url}": `),
    });
    destination = await new Destination().listen();
  });

  it('finds a request too large gets halves', async () => {
    destination.behave = (request, response) =>
      request.series.length > 3 ? response.writeHead(413).end() : destination.accept(request, response);
    running = await run(destination.url);
    await running.send(gauges(10));
    expect(destination.series).toHaveLength(10);
  });

  it('takes some of several requests is sent only the others again', async () => {
    const failed = new Set<string>();
    destination.behave = (request, response) => {
      const key = request.series[0]!.labels['index']!;
      if (failed.size < 2 && !failed.has(key)) {
        failed.add(key);
        response.writeHead(503).end();
      } else destination.accept(request, response);
    };
    running = await run(destination.url, { max_batch_size_bytes: 1500 });
    await running.send(gauges(200));
    const all = destination.series.map(({ labels }) => Number(labels['index']));
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(running.context.items).toMatchObject({ absorbed: 200, dropped: {} });
  });

  it('refuses one of several requests for good loses only that', async () => {
    let refused = 0;
    destination.behave = (request, response) => {
      if (!request.series.some(({ labels }) => labels['index'] === '7')) return destination.accept(request, response);
      refused = request.series.length;
      response.writeHead(400).end('bad');
    };
    running = await run(destination.url, { max_batch_size_bytes: 1500 });
    await running.send(gauges(200));
    expect(refused).toBeGreaterThan(0);
    expect(destination.series).toHaveLength(200 - refused);
    expect(running.context.items).toMatchObject({ absorbed: 200 - refused, dropped: { permanent: refused } });
  });
});

describe('remote write 2.0, a destination that', () => {
  it.each([204, 400])('answers %d and wrote a part counts as partial success', async (status) => {
    destination.behave = (request, response) =>
      response.writeHead(status, writtenHeaders(request, 3)).end(status === 400 ? 'out of order' : '');
    running = await run(destination.url, v2);
    await running.send(gauges(10));
    expect(running.context.items).toMatchObject({ absorbed: 7, dropped: { partial_success: 3 } });
  });

  it('wrote nothing of what it refuses counts as a refusal', async () => {
    destination.behave = (request, response) => response.writeHead(400, writtenHeaders(request, 10)).end();
    running = await run(destination.url, v2);
    await expect(running.send(gauges(10))).rejects.toMatchObject({ kind: 'permanent' });
  });

  it('does not say what it wrote is suspected, once', async () => {
    destination.behave = (_request, response) => response.writeHead(204).end();
    running = await run(destination.url, v2);
    await running.send(gauges(2));
    await running.send(gauges(2, 2));
    expect(running.context.lines.map(({ message }) => message).filter((message) => message.startsWith('X-Prometheus'))).toHaveLength(1);
    expect(running.context.items).toMatchObject({ absorbed: 4, dropped: {} });
  });
});

describe('remote write, its queue', () => {
  it('sends batches one after the other', async () => {
    let open = 0;
    destination.behave = (request, response) => {
      expect(++open).toBe(1);
      setImmediate(() => {
        open--;
        destination.accept(request, response);
      });
    };
    running = await run(destination.url, { remote_write_queue: { num_consumers: 5 } });
    for (let seconds = 1; seconds <= 10; seconds++) await running.send(gauges(1, seconds));
    await running.stop();
    expect(destination.series.map(({ samples }) => samples[0]!.timestamp)).toEqual(
      Array.from({ length: 10 }, (_, index) => (1_790_000_001 + index) * 1000),
    );
  });

  it('holds queue_size batches', async () => {
    destination.behave = () => {};
    running = await run(destination.url, { remote_write_queue: { queue_size: 2 }, timeout: '50ms', retry_on_failure: { enabled: false } });
    await running.send(gauges(1));
    await running.send(gauges(1, 2));
    await expect(running.send(gauges(1, 3))).rejects.toMatchObject({ message: 'sending queue is full' });
  });

  it('asks for its storage by name', async () => {
    running = await run(destination.url);
    await expect(run(destination.url, { remote_write_queue: { storage: 'file_storage' } })).rejects.toThrow('file_storage');
  });
});

describe('remote write, its own metrics', () => {
  it('count requests, series, and what a destination says it wrote', async () => {
    running = await run(destination.url, { ...v2, max_batch_request_parallelism: 3 });
    await running.send(gauges(4));
    const delta = { name: 'd', sum: { aggregationTemporality: 1, dataPoints: [{ asInt: '1' }] } };
    await running.send(metricsOf([gauge('g', 1, {}, 2), delta]));
    expect(running.counted()).toEqual({
      consumers: 3,
      sent_batches: 2,
      translated_time_series: 5,
      failed_translations: 1,
      written_samples: 5,
    });
  });
});
