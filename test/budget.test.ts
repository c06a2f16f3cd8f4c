import { Agent, request } from 'node:http';
import { toPlain } from '@millrace/wire/plain';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { balances, freePorts, startDestination, startMillrace, temporaryFolder } from './harness.ts';
import type { Destination, Millrace } from './harness.ts';

let destination: Destination;
let folder: string;
let port: number;
let millrace: Millrace | undefined;
/** What arrived, by the path it was sent to. */
let bodies: Record<string, Buffer[]>;

beforeEach(async () => {
  destination = await startDestination();
  bodies = { '/traces': [], '/logs': [] };
  destination.behave = ({ url }, response, body) => {
    bodies[url!]!.push(body);
    response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': '0' }).end();
  };
  folder = temporaryFolder();
  [port] = await freePorts(1);
});

afterEach(async () => {
  await millrace?.stop();
  millrace = undefined;
  await destination.close();
});

const otlp = (path: string) => ({ [`${path}_endpoint`]: `http://127.0.0.1:${destination.port}/${path}` });

async function run(workers = 1): Promise<void> {
  const config = {
    extensions: { file_storage: { directory: folder } },
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    connectors: {
      budget: { budgets: [{ name: 'team', by: ['team'], limit: 10 }], storage: 'file_storage', checkpoint_interval: '1h' },
    },
    exporters: {
      otlp_http: { ...otlp('traces'), ...otlp('logs'), compression: 'none', sending_queue: { enabled: false } },
    },
    service: {
      extensions: ['file_storage'],
      pipelines: {
        'traces/in': { receivers: ['otlp'], exporters: ['budget'] },
        'traces/out': { receivers: ['budget'], exporters: ['otlp_http'] },
        logs: { receivers: ['budget'], exporters: ['otlp_http'] },
      },
    },
  };
  millrace = startMillrace(['--config', `yaml:${JSON.stringify(config)}`, '--workers', String(workers)]);
  await millrace.says('Everything is ready');
}

const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

/** A call that cost so much, posted on a connection of its own, so that the kernel picks a thread for each. */
async function spend(team: string, doubleValue: number): Promise<void> {
  const timeUnixNano = `${Date.now()}000000`;
  const span = {
    traceId: '0123456789abcdef0123456789abcdef',
    spanId: '0123456789abcdef',
    name: 'chat gpt-4o',
    startTimeUnixNano: timeUnixNano,
    endTimeUnixNano: timeUnixNano,
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.request.model', 'gpt-4o'),
      text('millrace.team', team),
      text('millrace.cost.currency', 'USD'),
      { key: 'millrace.cost.amount', value: { doubleValue } },
    ],
  };
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request({ port, host: '127.0.0.1', path: '/v1/traces', method: 'POST', agent: new Agent(), headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    })
      .on('error', reject)
      .end(body);
  });
  expect(status).toBe(200);
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly doubleValue?: number };
}

interface Item {
  readonly attributes: readonly Attribute[];
}

const valueOf = ({ attributes }: Item, name: string): string | number | undefined => {
  const value = attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.doubleValue;
};

interface Plain {
  readonly resourceLogs: readonly { readonly scopeLogs: readonly { readonly logRecords: readonly Item[] }[] }[];
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Item[] }[] }[];
}

const plain = (signal: 'traces' | 'logs'): Plain[] => bodies[`/${signal}`]!.map((body) => toPlain(signal, body) as unknown as Plain);

/** `team threshold` of every event that arrived. */
const events = (): string[] =>
  plain('logs')
    .flatMap(({ resourceLogs }) => resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)))
    .map((event) => `${valueOf(event, 'millrace.team')} ${valueOf(event, 'millrace.budget.threshold')}`);

/** The status of every span that arrived. */
const statuses = (): unknown[] =>
  plain('traces')
    .flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)))
    .map((span) => valueOf(span, 'millrace.budget.status'));

describe('A budget', () => {
  it('reports no threshold again after kill -9', async () => {
    await run();
    await spend('a', 6);
    await destination.until(() => events().length === 1);
    millrace!.child.kill('SIGKILL');
    await millrace!.exited;
    await run();
    await spend('a', 1);
    await spend('a', 2);
    await destination.until(() => events().length === 2);
    expect(await millrace!.stop()).toBe(0);
    expect(events()).toEqual(['a 50', 'a 80']);
    await run();
    await spend('a', 1);
    await destination.until(() => events().length === 3);
    expect(events()).toEqual(['a 50', 'a 80', 'a 100']);
  });

  it.each([1, 2])('is one with %i workers', async (workers) => {
    await run(workers);
    await Promise.all(Array.from({ length: 40 }, (_, i) => spend(i % 2 === 0 ? 'a' : 'b', 0.5)));
    await destination.until(() => events().length === 6);
    expect(await millrace!.stop()).toBe(0);
    expect(events().toSorted()).toEqual(['a 100', 'a 50', 'a 80', 'b 100', 'b 50', 'b 80']);
    const count = (status: unknown): number => statuses().filter((one) => one === status).length;
    expect([count(undefined), count('warning'), count('exceeded')]).toEqual([18, 20, 2]);
    expect(Object.values(balances(millrace!.output())).every((rest) => rest === 0)).toBe(true);
  });
});
