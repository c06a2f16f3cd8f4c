import type { Host } from '@millrace/api';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

let stop: (() => Promise<void>) | undefined;

afterEach(async () => {
  await stop?.();
  stop = undefined;
});

async function zpages(settings: object = {}): Promise<(path: string) => Promise<{ status: number; body: string }>> {
  const context = testContext({ id: 'zpages', kind: 'extension', clock: new FakeClock(65_000) });
  const extension = factory.create(configOf(factory, { endpoint: '127.0.0.1:0', ...settings }), context);
  const plain = testHost();
  const span = { traceId: '0af7', spanId: 'b7ad', startMs: 1_000, error: false, attributes: { receiver: 'otlp' } };
  const host: Host = {
    ...plain,
    service: {
      ...plain.service,
      program: { name: 'millrace', version: '9.8.7' },
      startedAtMs: 5_000,
      pipelines: [{ id: 'traces/<b>', signal: 'traces', receivers: ['otlp'], processors: ['batch'], exporters: ['debug'] }],
      components: () => [
        {
          kind: 'exporter',
          id: 'debug',
          pipelines: ['traces/<b>'],
          report: { status: 'PermanentError', error: new Error('boom'), atMs: 0 },
        },
        { kind: 'extension', id: 'zpages', pipelines: [], report: { status: 'OK', atMs: 0 } },
      ],
      featureGates: [{ id: 'service.x', enabled: true, stage: 'beta', description: 'Does x.' }],
      recentSpans: () => [
        { ...span, name: 'receive', durationMs: 0.5 },
        { ...span, name: 'receive', durationMs: 50, error: true },
        { ...span, name: 'export', durationMs: 20_000 },
      ],
    },
  };
  await extension.start?.(host);
  stop = async () => extension.shutdown?.(noDeadline());
  return async (path) => {
    const response = await fetch(`http://${context.lines[0].attributes!['endpoint'] as string}${path}`);
    return { status: response.status, body: await response.text() };
  };
}

/** The texts of a page's table cells, row by row. */
const cells = (html: string): string[][] =>
  [...html.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row]) =>
    [...row.matchAll(/<t[dh]>(.*?)<\/t[dh]>/g)].map(([, cell]) => cell.replace(/<[^>]*>/g, '')),
  );

describe('zpages', () => {
  it('shows what runs, and since when', async () => {
    const get = await zpages();
    const rows = cells((await get('/debug/servicez')).body);
    expect(rows).toContainEqual(['Version', '9.8.7']);
    expect(rows).toContainEqual(['Up', '60 s']);
  });

  it('shows pipelines and how their components fare, and escapes what it shows', async () => {
    const get = await zpages();
    const rows = cells((await get('/debug/pipelinez')).body);
    expect(rows).toContainEqual(['traces/&#60;b&#62;', 'traces', 'otlp', 'batch', 'debug']);
    expect(rows).toContainEqual(['exporter', 'debug', 'traces/&#60;b&#62;', 'PermanentError: boom']);
  });

  it('shows extensions and feature gates', async () => {
    const get = await zpages();
    expect(cells((await get('/debug/extensionz')).body)).toContainEqual(['zpages', 'OK']);
    expect(cells((await get('/debug/featurez')).body)).toContainEqual(['service.x', 'true', 'beta', 'Does x.']);
  });

  it('sorts its own spans by name and duration, and lists those of one name', async () => {
    const get = await zpages();
    expect(cells((await get('/debug/tracez')).body)).toEqual([
      ['Name', '&#60; 1 ms', '&#60; 10 ms', '&#60; 100 ms', '&#60; 1 s', '&#60; 10 s', 'longer', 'Errors'],
      ['receive', '1', '0', '1', '0', '0', '0', '1'],
      ['export', '0', '0', '0', '0', '0', '1', '0'],
    ]);
    const listed = cells((await get('/debug/tracez?zspanname=export')).body);
    expect(listed.at(-1)).toEqual(['1970-01-01T00:00:01.000Z', '20000.000 ms', '0af7', 'b7ad', '', '{&#34;receiver&#34;:&#34;otlp&#34;}']);
  });

  it('shows memory and command line only when expvar is on', async () => {
    const without = await zpages();
    expect((await without('/debug/expvarz')).status).toBe(404);
    await stop!();
    const get = await zpages({ expvar: { enabled: true } });
    expect(JSON.parse((await get('/debug/expvarz')).body)).toMatchObject({ memstats: { heapUsed: expect.any(Number) } });
  });
});
