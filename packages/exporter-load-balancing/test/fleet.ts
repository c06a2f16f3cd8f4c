import type { Context, ExporterFactory, Stage } from '@millrace/api';
import { PipelineError } from '@millrace/api';
import { configOf, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { createExporter } from '@millrace/exporter-helper';
import type { ExporterSettings } from '@millrace/exporter-helper';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import type { BalancedSignal } from '../src/routing.ts';
import type { LoadBalancingConfig } from '../src/config.ts';
import { factory } from '../src/index.ts';
import { LoadBalancing } from '../src/load-balancing.ts';
import type { LookUp } from '../src/dns-resolver.ts';

/** A destination: what it took, and what it does first. */
export interface Server {
  readonly requests: Buffer[];
  /** Throw or reject to refuse. */
  answer: () => Promise<void> | void;
  starts: number;
  stops: number;
}

/** Destinations by endpoint, and a factory of exporters that reach them. */
export class Fleet {
  readonly servers = new Map<string, Server>();
  readonly ids: string[] = [];
  /** What an exporter waits for when it starts. */
  starting: () => Promise<void> = () => Promise.resolve();
  /** Endpoints whose exporter does not start. */
  readonly broken = new Set<string>();

  at(endpoint: string): Server {
    let server = this.servers.get(endpoint);
    if (server === undefined) this.servers.set(endpoint, (server = { requests: [], answer: () => {}, starts: 0, stops: 0 }));
    return server;
  }

  readonly factory: ExporterFactory<ExporterSettings & { endpoint: string }> = {
    kind: 'exporter',
    type: 'otlp_grpc',
    stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
    create: (config, context: Context): Stage => {
      const server = this.at(config.endpoint);
      this.ids.push(context.id);
      context.items.label({ 'server.address': config.endpoint });
      if (this.broken.has(`create ${config.endpoint}`)) throw new Error('cannot be made');
      return createExporter({
        context,
        config,
        start: async () => {
          await this.starting();
          if (this.broken.has(config.endpoint)) throw new Error('cannot start');
          server.starts++;
        },
        push: async (batch) => {
          await server.answer();
          server.requests.push(Buffer.from(batch.bytes));
          return undefined;
        },
        shutdown: () => void server.stops++,
      });
    },
  };
}

export const refuse = (kind: 'permanent' | 'retryable') => (): void => {
  throw new PipelineError(`no: ${kind}`, { kind });
};

/** Backends without queue and retries: a refusal is seen at once. */
export const direct = { otlp: { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } } };

/** Starts the exporter over a fleet. */
export async function balance(
  settings: object,
  {
    signal = 'traces' as BalancedSignal,
    fleet = new Fleet(),
    lookUp = undefined as LookUp | undefined,
    overrides = {} as Partial<Context>,
  } = {},
) {
  const context: TestContext = testContext({ id: 'load_balancing', kind: 'exporter', signal, ...overrides });
  const host = testHost(undefined, undefined, [fleet.factory]);
  const config = configOf<LoadBalancingConfig>(factory, { protocol: direct, ...settings });
  const stage = new LoadBalancing(config, context, lookUp);
  await stage.start(host);
  const offer = async (request: object): Promise<void> => {
    const body = Buffer.from(JSON.stringify(request));
    const lease = host.pool.lease(body.length);
    body.copy(lease.buffer);
    using batch = admitJson(signal, lease, 0, body.length, noClient);
    await stage.consume(batch);
  };
  const stop = async (): Promise<void> => {
    await stage.shutdown(new AbortController().signal);
    // Handles that were kept would show here.
    if (host.memory.accounted !== 0) throw new Error(`${host.memory.accounted} bytes are still held`);
  };
  return { stage, context, host, fleet, offer, stop };
}

export const staticResolver = (...hostnames: string[]) => ({ resolver: { static: { hostnames } } });

type Attributes = readonly { key: string; value: object }[];

/** OTLP/JSON attributes of texts. */
export const texts = (values: Record<string, string>): Attributes =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));

const lists = {
  traces: ['resourceSpans', 'scopeSpans'],
  logs: ['resourceLogs', 'scopeLogs'],
  metrics: ['resourceMetrics', 'scopeMetrics'],
} as const;
const children = { traces: 'spans', logs: 'logRecords', metrics: 'metrics' } as const;

/** A request with one resource and one scope. */
export function request(signal: BalancedSignal, resource: Attributes, scope: object, items: readonly object[]): object {
  const [outer, inner] = lists[signal];
  return { [outer]: [{ resource: { attributes: resource }, [inner]: [{ scope, [children[signal]]: items }] }] };
}

/** The texts (names, bodies) of what a server has, in which each item of these tests says what it is. */
export function itemsAt(fleet: Fleet, signal: BalancedSignal, endpoint: string): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'stringValue' && typeof inner === 'string' && inner.startsWith('item ')) found.push(inner);
      visit(inner);
    }
  };
  for (const bytes of fleet.at(endpoint).requests) visit(toPlain(signal, bytes));
  return found.sort();
}

/** Which endpoint has each item. */
export function placement(fleet: Fleet, signal: BalancedSignal): Record<string, string> {
  const found: Record<string, string> = {};
  for (const endpoint of fleet.servers.keys()) {
    for (const item of itemsAt(fleet, signal, endpoint)) found[item] = found[item] === undefined ? endpoint : 'several';
  }
  return found;
}

let number = 0;

/** An item with a text of its own in its attributes. */
export const named = (name: string, fields: object = {}, attributes: Attributes = []) => ({
  ...fields,
  attributes: [...attributes, ...texts({ name: `item ${name}` })],
});

/** A trace id. */
export const traceId = (index: number): string => index.toString(16).padStart(32, '0');
export const spanId = (): string => (++number).toString(16).padStart(16, '0');
