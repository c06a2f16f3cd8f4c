import { beforeAll, describe, expect, it } from '@jest/globals';
import { hashSync } from 'bcryptjs';
import { decode } from '../../packages/wire/test/reference.ts';
import { type Authority, type Identity, makeAuthority } from '../certificates.ts';
import { freePorts, ledgerOf, post, runConfig } from '../harness.ts';
import { logs, metrics, traces } from '../payloads.ts';
import { allSignals, itemsOf, withoutEmpty, type Signal } from './items.ts';
import { startOtelcol } from './otelcol.ts';
import { startWitness, type Witness } from './witness.ts';

type Link = 'grpc' | 'http';

const bodies: Readonly<Record<Signal, Buffer>> = {
  traces: traces(200, { seed: 1 }),
  metrics: metrics(200, { seed: 1 }),
  logs: logs(200, { seed: 1 }),
};

let authority: Authority;
let server: Identity;
let client: Identity;

beforeAll(() => {
  authority = makeAuthority('Peers');
  server = authority.issue('server');
  client = authority.issue('client');
});

const files = ({ certFile, keyFile }: Identity) => ({ cert_file: certFile, key_file: keyFile });
const userList = `agent:${hashSync('open sesame', 4)}\nother:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=`;

/** Each link with its kind of credentials: gRPC with a bearer token, HTTP with user and password. */
const links = {
  grpc: {
    exporter: 'otlp_grpc',
    type: 'bearertokenauth',
    taken: { tokens: ['another', 'the-token'] },
    given: { token: 'the-token' },
    wrong: { token: 'not-the-token' },
    compression: 'snappy',
  },
  http: {
    exporter: 'otlp_http',
    type: 'basicauth',
    taken: { htpasswd: { inline: userList } },
    given: { client_auth: { username: 'agent', password: 'open sesame' } },
    wrong: { client_auth: { username: 'agent', password: 'open barley' } },
    compression: 'lz4',
  },
} as const;

function pipelines(exporter: string): unknown {
  return Object.fromEntries(allSignals.map((signal) => [signal, { receivers: ['otlp'], exporters: [exporter] }]));
}

const telemetry = { metrics: { level: 'none' } };

/** Plain OTLP/HTTP in, and out over a link with mutual TLS and credentials. */
function sender(httpPort: number, link: Link, port: number, credentials: object): unknown {
  const { exporter, type, compression } = links[link];
  return {
    extensions: { [type]: credentials },
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${httpPort}` } } } },
    exporters: {
      [exporter]: {
        endpoint: `https://127.0.0.1:${port}`,
        compression,
        tls: { ca_file: authority.certFile, ...files(client) },
        auth: { authenticator: type },
      },
    },
    service: { telemetry, extensions: [type], pipelines: pipelines(exporter) },
  };
}

/** In over a link with mutual TLS and credentials, and plain OTLP/HTTP out. */
function receiver(link: Link, port: number, destination: string): unknown {
  const { type, taken } = links[link];
  const protocol = {
    endpoint: `127.0.0.1:${port}`,
    tls: { ...files(server), client_ca_file: authority.certFile, min_version: '1.3' },
    auth: { authenticator: type },
  };
  return {
    extensions: { [type]: taken },
    receivers: { otlp: { protocols: { [link]: protocol } } },
    exporters: { otlp_http: { endpoint: destination, compression: 'none' } },
    service: { telemetry, extensions: [type], pipelines: pipelines('otlp_http') },
  };
}

async function sendAll(port: number): Promise<void> {
  for (const signal of allSignals) expect((await post(port, signal, bodies[signal])).status).toBe(200);
}

function expectAll(end: Witness): void {
  for (const signal of allSignals) {
    expect(withoutEmpty(end.items(signal)).toSorted()).toEqual(withoutEmpty(itemsOf(signal, decode(signal, bodies[signal]))).toSorted());
  }
}

describe.each(['grpc', 'http'] as const)('with mutual TLS and credentials over %s, a real Collector', (link) => {
  it('in front sends everything', async () => {
    const end = await startWitness();
    const [front, between] = (await freePorts(2)) as [number, number];
    const millrace = await runConfig(receiver(link, between, end.httpUrl));
    const otelcol = await startOtelcol(sender(front, link, between, links[link].given));
    await sendAll(front);
    await otelcol.stop();
    expect(await millrace.stop()).toBe(0);
    expectAll(end);
    await end.close();
  });

  it('behind receives everything', async () => {
    const end = await startWitness();
    const [front, between] = (await freePorts(2)) as [number, number];
    const otelcol = await startOtelcol(receiver(link, between, end.httpUrl));
    const millrace = await runConfig(sender(front, link, between, links[link].given));
    await sendAll(front);
    expect(await millrace.stop()).toBe(0);
    await otelcol.stop();
    expectAll(end);
    await end.close();
  });

  it('behind refuses wrong credentials for good, as we refuse its', async () => {
    const end = await startWitness();
    const [front, between, otherFront, otherBetween] = (await freePorts(4)) as [number, number, number, number];
    const otelcolBehind = await startOtelcol(receiver(link, between, end.httpUrl));
    const millraceFront = await runConfig(sender(front, link, between, links[link].wrong));
    const millraceBehind = await runConfig(receiver(link, otherBetween, end.httpUrl));
    const otelcolFront = await startOtelcol(sender(otherFront, link, otherBetween, links[link].wrong));
    expect((await post(front, 'logs', bodies.logs)).status).toBe(200);
    expect((await post(otherFront, 'logs', bodies.logs)).status).toBe(200);
    await millraceBehind.says('Refused a client');
    await otelcolFront.stop();
    expect(await millraceFront.stop()).toBe(0);
    expect(await millraceBehind.stop()).toBe(0);
    await otelcolBehind.stop();
    expect(end.items('logs')).toEqual([]);
    const books = ledgerOf(millraceFront.output());
    expect(Object.values(books).flatMap((entry) => Object.values(entry.dropped))).toEqual([200]);
    expect(millraceBehind.output()).toContain('unauthenticated');
    for (const secret of ['not-the-token', 'the-token', 'open barley', 'open sesame']) {
      expect(millraceFront.output() + millraceBehind.output()).not.toContain(secret);
    }
    await end.close();
  });
});
