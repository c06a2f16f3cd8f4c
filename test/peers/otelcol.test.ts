import { describe, expect, it } from '@jest/globals';
import { decode } from '../../packages/wire/test/reference.ts';
import { freePorts, post, runConfig } from '../harness.ts';
import { logs, metrics, traces } from '../payloads.ts';
import { allSignals, itemsOf, withoutEmpty, type Signal } from './items.ts';
import { startOtelcol } from './otelcol.ts';
import { send } from './senders.ts';
import { startWitness, type Witness } from './witness.ts';

type Link = 'grpc' | 'http';

/** OTLP in on both protocols, OTLP out over one link, with the Collector's own names that both programs take. */
function relay(ports: readonly number[], link: Link, destination: string, compression: string): unknown {
  const exporter = link === 'grpc' ? 'otlp' : 'otlphttp';
  const [httpPort, grpcPort] = ports;
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${httpPort}` }, grpc: { endpoint: `127.0.0.1:${grpcPort}` } } } },
    processors: { batch: {} },
    exporters: { [exporter]: { endpoint: destination, compression, tls: { insecure: true } } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: Object.fromEntries(
        allSignals.map((signal) => [signal, { receivers: ['otlp'], processors: ['batch'], exporters: [exporter] }]),
      ),
    },
  };
}

const bodies: Record<Signal, Buffer[]> = {
  traces: [1, 2, 3].map((seed) => traces(500, { seed })),
  metrics: [1, 2, 3].map((seed) => metrics(500, { seed })),
  logs: [1, 2, 3].map((seed) => logs(500, { seed })),
};

/** Sends everything over HTTP to the first program of a chain: large requests, and what the Go SDK makes; returns the latter's witness. */
async function sendAll(port: number): Promise<Witness> {
  const direct = await startWitness();
  await send({ language: 'Go', protocol: 'http/protobuf' }, 3, [direct.httpUrl, `http://127.0.0.1:${port}`]);
  for (const signal of allSignals) for (const body of bodies[signal]) expect((await post(port, signal, body)).status).toBe(200);
  await direct.close();
  return direct;
}

function expectAll(direct: Witness, end: Witness): void {
  for (const signal of allSignals) {
    const sent = [...direct.items(signal), ...bodies[signal].flatMap((body) => itemsOf(signal, decode(signal, body)))];
    expect(withoutEmpty(end.items(signal)).toSorted()).toEqual(withoutEmpty(sent).toSorted());
  }
}

describe('a real Collector', () => {
  it.each([
    ['grpc', 'gzip'],
    ['http', 'zstd'],
  ] as const)('in front sends everything over %s with %s', async (link, compression) => {
    const end = await startWitness();
    const [frontHttp, frontGrpc, millraceHttp, millraceGrpc] = (await freePorts(4)) as [number, number, number, number];
    const millrace = await runConfig(relay([millraceHttp, millraceGrpc], 'http', end.httpUrl, 'none'));
    const next = link === 'grpc' ? `127.0.0.1:${millraceGrpc}` : `http://127.0.0.1:${millraceHttp}`;
    const otelcol = await startOtelcol(relay([frontHttp, frontGrpc], link, next, compression));

    const direct = await sendAll(frontHttp);
    await otelcol.stop();
    expect(await millrace.stop()).toBe(0);

    expectAll(direct, end);
    await end.close();
  });

  it.each([
    ['grpc', 'gzip'],
    ['http', 'zstd'],
  ] as const)('behind receives everything over %s with %s', async (link, compression) => {
    const end = await startWitness();
    const [millraceHttp, millraceGrpc, behindHttp, behindGrpc] = (await freePorts(4)) as [number, number, number, number];
    const otelcol = await startOtelcol(relay([behindHttp, behindGrpc], 'http', end.httpUrl, 'none'));
    const next = link === 'grpc' ? `127.0.0.1:${behindGrpc}` : `http://127.0.0.1:${behindHttp}`;
    const millrace = await runConfig(relay([millraceHttp, millraceGrpc], link, next, compression));

    const direct = await sendAll(millraceHttp);
    expect(await millrace.stop()).toBe(0);
    await otelcol.stop();

    expectAll(direct, end);
    await end.close();
  });
});
