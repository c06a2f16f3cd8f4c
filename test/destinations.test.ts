import { toPlain } from '@millrace/wire/plain';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { accept, balances, freePorts, ledgerOf, post, runConfig, startDestination } from './harness.ts';
import type { Behaviour, Destination, Millrace } from './harness.ts';
import { traces } from './payloads.ts';

let destination: Destination;
let millrace: Millrace | undefined;
let port: number;

beforeEach(async () => {
  destination = await startDestination();
  [port] = await freePorts(1);
});

afterEach(async () => {
  await millrace?.stop();
  await destination.close();
});

const retry = { initial_interval: '20ms', max_interval: '100ms' };

const config = (exporters: Record<string, unknown>, processors: Record<string, unknown> = {}): unknown => ({
  receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
  processors,
  exporters,
  service: { pipelines: { traces: { receivers: ['otlp'], processors: Object.keys(processors), exporters: Object.keys(exporters) } } },
});

const toDestination = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  endpoint: `http://127.0.0.1:${destination.port}`,
  compression: 'none',
  retry_on_failure: retry,
  ...more,
});

interface Spans {
  resourceSpans: { scopeSpans: { spans: { spanId: string }[] }[] }[];
}

const spanIds = (body: Uint8Array): string[] =>
  (toPlain('traces', body) as unknown as Spans).resourceSpans.flatMap((r) =>
    r.scopeSpans.flatMap((s) => s.spans.map((span) => span.spanId)),
  );

/** Sends 20 requests of 10 spans and returns the ids of those that were acknowledged. */
async function send(): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const body = traces(10, { seed });
    if ((await post(port, 'traces', body)).status === 200) acknowledged.push(...spanIds(body));
  }
  return acknowledged;
}

const received = (): string[] => destination.accepted.flatMap(spanIds).sort();

describe('A destination', () => {
  const misbehaviours: [string, Behaviour][] = [
    ['answers 503', (_request, response) => void response.writeHead(503).end()],
    ['asks to come back later with 429', (_request, response) => void response.writeHead(429, { 'retry-after': '0' }).end()],
    ['resets the connection', (request) => void request.socket.destroy()],
    [
      'sends half a response',
      (request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('ha');
        setImmediate(() => request.socket.destroy());
      },
    ],
    ['hangs beyond the timeout', () => {}],
  ];

  it.each(misbehaviours)('that %s loses nothing that was acknowledged', async (_name, misbehave) => {
    millrace = await runConfig(
      config({ otlp_http: toDestination({ timeout: '150ms' }) }, { batch: { timeout: '10ms', send_batch_size: 25 } }),
    );
    let bad = 3;
    destination.behave = (request, response, body) => {
      if (bad-- > 0) misbehave(request, response, body);
      else accept(destination)(request, response, body);
    };
    const acknowledged = await send();
    expect(acknowledged).toHaveLength(200);
    await destination.until(() => received().length >= 200);
    expect(await millrace.stop()).toBe(0);
    expect(received()).toEqual(acknowledged.sort());
    expect(Object.values(balances(millrace.output())).filter((balance) => balance !== 0)).toEqual([]);
  });

  it('that is down and comes up later gets everything that was acknowledged', async () => {
    const { port: destinationPort } = destination;
    await destination.close();
    millrace = await runConfig(config({ otlp_http: toDestination() }));
    const acknowledged = await send();
    destination = await startDestination(destinationPort);
    await destination.until(() => received().length >= 200);
    expect(received()).toEqual(acknowledged.sort());
  });

  it('that refuses for good costs a counted drop, nothing silent', async () => {
    destination.behave = (_request, response) => void response.writeHead(400).end();
    millrace = await runConfig(config({ otlp_http: toDestination() }));
    await send();
    await destination.until(() => destination.requests >= 20);
    await millrace.stop();
    const books = ledgerOf(millrace.output())['exporter/otlp_http traces'];
    expect(books['in']).toBe(200);
    expect(Object.values(books.dropped)).toEqual([200]);
    expect(books['absorbed']).toBe(0);
  });

  it('that is dead does not keep a healthy one from getting every item exactly once', async () => {
    const [nobody] = await freePorts(1);
    millrace = await runConfig(
      config({
        otlp_http: toDestination(),
        'otlp_http/dead': {
          ...toDestination({ sending_queue: { queue_size: 2, num_consumers: 1 } }),
          endpoint: `http://127.0.0.1:${nobody}`,
        },
      }),
    );
    const acknowledged = await send();
    expect(acknowledged).toHaveLength(200);
    await destination.until(() => received().length >= 200);
    await millrace.stop();
    expect(received()).toEqual(acknowledged.sort());
    expect(Object.values(balances(millrace.output())).filter((balance) => balance !== 0)).toEqual([]);
  });

  it('that is slow pushes back to the sender when the queue is full', async () => {
    destination.behave = () => {};
    millrace = await runConfig(config({ otlp_http: toDestination({ sending_queue: { queue_size: 2, num_consumers: 1 } }) }));
    const statuses: number[] = [];
    for (let seed = 1; seed <= 4; seed++) statuses.push((await post(port, 'traces', traces(1, { seed }))).status);
    expect(statuses).toEqual([200, 200, 503, 503]);
  });
});
