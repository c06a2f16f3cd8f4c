import { get } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { at, attributes, counter, gauge, metricsOf, run } from './running.ts';
import type { Running } from './running.ts';

let exporter: Running | undefined;

afterEach(() => exporter?.stop());

const openMetrics = 'application/openmetrics-text;version=1.0.0';
const protobuf = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

/** Several families with many series; every value is `value`. */
function world(value: number, families = 4, series = 1_500): object {
  const metric = (number: number): object => ({
    name: `m${number}`,
    gauge: {
      dataPoints: Array.from({ length: series }, (_, i) => ({
        attributes: attributes({ number: `${i}`, padding: 'y'.repeat(50) }),
        timeUnixNano: at(1),
        asInt: String(value),
      })),
    },
  });
  return metricsOf(Array.from({ length: families }, (_, i) => metric(i)));
}

describe('prometheus, the format of a scrape', () => {
  it.each([
    ['', 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores'],
    ['*/*', 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores'],
    ['text/plain;version=1.0.0;escaping=allow-utf-8', 'text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8'],
    [`${openMetrics};q=0.6,text/plain;q=0.5`, 'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores'],
    [protobuf, 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores'],
    ['application/json', 'application/json; charset=utf-8; escaping=allow-utf-8'],
  ])('for %j is %s', async (accept, contentType) => {
    exporter = await run({ enable_open_metrics: true });
    exporter.send(metricsOf([gauge('m', 1)]));
    const { status, headers, body } = await exporter.scrape(accept === '' ? {} : { accept });
    expect([status, headers['content-type']]).toEqual([200, contentType]);
    expect(body.length).toBeGreaterThan(0);
  });

  it('is OpenMetrics only with enable_open_metrics', async () => {
    exporter = await run();
    const exemplars = [{ traceId: '5b8efff798038103d269b633813fc60c', asInt: '1', timeUnixNano: at(1) }];
    exporter.send(metricsOf([counter('m', 1, { exemplars })]));
    const { headers, text } = await exporter.scrape({ accept: openMetrics });
    expect(headers['content-type']).toContain('text/plain');
    expect(text).not.toContain('trace_id');
  });

  it('has the latest exemplar of a counter in OpenMetrics, and none when the point has none', async () => {
    exporter = await run({ enable_open_metrics: true, without_scope_info: true });
    const exemplar = (asInt: string): object => ({ traceId: '5b8efff798038103d269b633813fc60c', asInt, timeUnixNano: at(1) });
    exporter.send(metricsOf([counter('m', 1, { exemplars: [exemplar('1'), exemplar('2')] })]));
    expect((await exporter.scrape({ accept: openMetrics })).text).toBe(
      '# HELP m \n# TYPE m counter\nm_total 1.0 # {trace_id="5b8efff798038103d269b633813fc60c"} 2.0 1.790000001e+09\n# EOF\n',
    );
    exporter.send(metricsOf([counter('m', 2)]));
    expect((await exporter.scrape({ accept: openMetrics })).samples).toEqual(['m_total 2.0']);
  });

  it('may be empty', async () => {
    exporter = await run({ enable_open_metrics: true });
    expect((await exporter.scrape()).text).toBe('');
    expect((await exporter.scrape({ accept: openMetrics })).text).toBe('# EOF\n');
    expect((await exporter.scrape({ accept: 'application/json' })).text).toBe('[]\n');
    expect((await exporter.scrape({ accept: protobuf })).body).toHaveLength(0);
  });

  it.each(['text/plain', 'application/json', protobuf])('is the same with gzip, for %s', async (accept) => {
    exporter = await run();
    exporter.send(world(1, 2, 2_000));
    const plain = await exporter.scrape({ accept });
    const packed = await exporter.scrape({ accept, 'accept-encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.body.equals(plain.body)).toBe(true);
  });

  it('is found under /metrics only', async () => {
    exporter = await run();
    expect((await exporter.scrape({}, '/')).status).toBe(404);
    expect((await exporter.scrape({}, '/metrics?name=x')).status).toBe(200);
  });
});

describe('prometheus, a large scrape', () => {
  it('has each family as it was at one moment, while values and series come and go', async () => {
    exporter = await run({ without_scope_info: true });
    const { prepare, send } = exporter;
    const worlds = Array.from({ length: 7 }, (_, value) => prepare(world(value)));
    worlds[0]!();
    const state = { isDone: false };
    const updating = (async () => {
      for (let round = 1; !state.isDone; round++) {
        worlds[round % worlds.length]!();
        const gone = { attributes: attributes({ number: `${round % 1_500}`, padding: 'y'.repeat(50) }), flags: 1 };
        send(metricsOf([{ name: 'm2', gauge: { dataPoints: [gone] } }, gauge('m1', -1, { added: round })]));
        await setImmediate();
      }
    })();
    const scrapes = [];
    for (let i = 0; i < 5; i++) scrapes.push(...(await Promise.all([exporter.scrape(), exporter.scrape({ 'accept-encoding': 'gzip' })])));
    state.isDone = true;
    await updating;
    for (const { samples, text } of scrapes) {
      const families = new Map<string, Set<string>>();
      for (const sample of samples.filter((each) => !each.includes('added='))) {
        const [name, value] = [sample.slice(0, 2), sample.slice(sample.lastIndexOf(' ') + 1)];
        families.set(name, (families.get(name) ?? new Set()).add(value));
      }
      expect([...families].map(([name, values]) => [name, values.size])).toEqual([
        ['m0', 1],
        ['m1', 1],
        ['m2', 1],
        ['m3', 1],
      ]);
      expect(text.match(/^# TYPE/gm)).toHaveLength(4);
      expect(new Set(samples.map((sample) => sample.slice(0, sample.lastIndexOf(' ')))).size).toBe(samples.length);
    }
  });

  it('has its turn while much is received: what comes meanwhile is acknowledged after it', async () => {
    exporter = await run();
    const { prepare, stage, scrape } = exporter;
    const send = prepare(world(1, 4, 5_000));
    send();
    using batch = exporter.batch(metricsOf([gauge('other', 1)]));
    expect(stage.consume(batch)).toBeUndefined();
    const state = { isDone: false };
    const scraping = scrape({ accept: 'application/json' }).finally(() => (state.isDone = true));
    let waited = 0;
    while (!state.isDone) {
      const taken = stage.consume(batch);
      if (taken !== undefined) {
        waited++;
        await taken;
      }
      await setImmediate();
    }
    expect((await scraping).status).toBe(200);
    expect(waited).toBeGreaterThan(0);
    expect(stage.consume(batch)).toBeUndefined();
  });

  it('is given up when the scraper goes away', async () => {
    exporter = await run();
    exporter.send(world(1, 4, 5_000));
    for (const headers of [{}, { 'accept-encoding': 'gzip' }]) {
      await new Promise<void>((resolve) => {
        const request = get(`http://${exporter!.address}/metrics`, { headers, agent: false }, (response) => {
          response.once('data', () => {
            response.destroy();
            resolve();
          });
        });
        request.on('error', () => undefined);
      });
    }
    expect((await exporter.scrape()).samples).toHaveLength(20_000);
    expect(exporter.context.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is finished before a shutdown', async () => {
    exporter = await run();
    exporter.send(world(1, 4, 5_000));
    const { address, stop } = exporter;
    const whole = new Promise<number>((resolve, reject) => {
      get(`http://${address}/metrics`, (response) => {
        let lines = 0;
        response.once('data', () => void stop());
        response.on('data', (chunk: Buffer) => {
          for (const byte of chunk) if (byte === 0x0a) lines++;
        });
        response.on('end', () => resolve(lines));
        response.on('error', reject);
      }).on('error', reject);
    });
    expect(await whole).toBe(20_000 + 8);
  });
});
