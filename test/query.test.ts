import { afterEach, describe, expect, it } from '@jest/globals';
import { freePorts, post, runConfig } from './harness.ts';
import type { Millrace } from './harness.ts';

let millrace: Millrace | undefined;

afterEach(async () => {
  await millrace?.stop();
  millrace = undefined;
});

const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });

function request(nowMs: number, value: number): string {
  const times = { timeUnixNano: `${nowMs}000000` };
  const metrics = [
    {
      name: 'http.requests',
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [{ attributes: [text('http.route', '/a')], ...times, asInt: String(value) }],
      },
    },
    { name: 'mem.use', unit: 'By', gauge: { dataPoints: [{ ...times, asDouble: value / 2 }] } },
    {
      name: 'wait.time',
      unit: 'ms',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [{ ...times, count: String(value), sum: value, explicitBounds: [5], bucketCounts: [String(value), '0'] }],
      },
    },
  ];
  const resource = { attributes: [text('service.name', 'shop'), text('service.instance.id', 's1'), text('host.name', 'h')] };
  return JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'scope' }, metrics }] }] });
}

describe('Stored metrics', () => {
  it('are answered by the names and labels that a scrape of the same pipeline shows', async () => {
    const [otlp, query, scrape] = (await freePorts(3)) as [number, number, number];
    millrace = await runConfig({
      extensions: { history: {}, query: { endpoint: `127.0.0.1:${query}` } },
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
      exporters: { history: {}, prometheus: { endpoint: `127.0.0.1:${scrape}` } },
      service: {
        extensions: ['history', 'query'],
        pipelines: { metrics: { receivers: ['otlp'], exporters: ['history', 'prometheus'] } },
        telemetry: { metrics: { level: 'none' } },
      },
    });
    const nowMs = Date.now();
    for (const [i, value] of [10, 40, 70].entries()) {
      expect((await post(otlp, 'metrics', request(nowMs + (i - 3) * 30_000, value))).status).toBe(200);
    }
    const ask = async (path: string): Promise<unknown> => {
      const answer = (await (await fetch(`http://127.0.0.1:${query}/api/v1/${path}`)).json()) as { readonly data: unknown };
      return answer.data;
    };

    const exposed = await (await fetch(`http://127.0.0.1:${scrape}/metrics`)).text();
    const scraped = exposed
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [, name, labels] = /^(\w+)\{(.*)\}/.exec(line)!;
        // An empty label is none.
        const set = labels!.split(',').filter((label) => !label.endsWith('=""'));
        return [name, ...set.toSorted((x, y) => (x < y ? -1 : 1))].join(' ');
      });
    const stored = (await ask('series?match[]={__name__=~".%2B"}')) as Record<string, string>[];
    const printed = stored.map(({ __name__: name, ...labels }) => {
      const set = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      return [name, ...set.toSorted((x, y) => (x < y ? -1 : 1))].join(' ');
    });
    expect(new Set(printed)).toEqual(new Set(scraped));
    expect(printed).toHaveLength(scraped.length);

    const answer = (await ask(`query?query=increase(http_requests_total[2m])&time=${nowMs / 1000}`)) as {
      readonly result: readonly { readonly value: readonly [time: number, value: string] }[];
    };
    expect(Number(answer.result[0]!.value[1])).toBeGreaterThan(60);
  });
});
