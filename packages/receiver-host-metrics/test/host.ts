import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNoopMeter } from '@opentelemetry/api';
import type { Clock } from '@millrace/api';
import { configOf, FakeClock, noDeadline, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { toPlain } from '@millrace/wire/plain';
import { afterAll } from '@jest/globals';
import { factory } from '../src/index.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone after the tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'host-metrics-'));
  folders.push(folder);
  return folder;
}

/** A copy of the recorded host, to be used as `root_path`. */
export function recordedHost(): string {
  const root = temporaryFolder();
  cpSync(join(import.meta.dirname, '../testdata/host'), root, { recursive: true });
  symlinkSync('/usr/lib/systemd/systemd', join(root, 'proc/1/exe'));
  symlinkSync('/opt/app/a-very-long-name-indeed', join(root, 'proc/42/exe'));
  return root;
}

/** A data point with all that is above it. */
export interface Point {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly schemaUrl: string;
  readonly scope: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly type: 'gauge' | 'sum';
  readonly temporality: unknown;
  readonly isMonotonic: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number | bigint;
  readonly start: bigint;
  readonly time: bigint;
}

type Message = Readonly<Record<string, unknown>>;
const list = (message: Message, field: string): Message[] => (message[field] ?? []) as Message[];
const inner = (message: Message, field: string): Message => (message[field] ?? {}) as Message;

function attributesOf(message: Message): Record<string, unknown> {
  return Object.fromEntries(list(message, 'attributes').map(({ key, value }) => [key, Object.values((value ?? {}) as Message)[0]]));
}

/** The data points of a request. */
export function pointsOf(request: Buffer): Point[] {
  return list(toPlain('metrics', request) as Message, 'resourceMetrics').flatMap((group) =>
    list(group, 'scopeMetrics').flatMap((scopeGroup) =>
      list(scopeGroup, 'metrics').flatMap((metric) => {
        const type = metric['sum'] === undefined ? 'gauge' : 'sum';
        const data = inner(metric, type);
        return list(data, 'dataPoints').map((point): Point => ({
          resource: attributesOf(inner(group, 'resource')),
          schemaUrl: String(group['schemaUrl']),
          scope: String(inner(scopeGroup, 'scope')['name']),
          version: String(inner(scopeGroup, 'scope')['version']),
          name: String(metric['name']),
          description: String(metric['description']),
          unit: String(metric['unit']),
          type,
          temporality: data['aggregationTemporality'],
          isMonotonic: data['isMonotonic'] ?? false,
          attributes: attributesOf(point),
          value: (point['asInt'] ?? point['asDouble']) as number | bigint,
          start: point['startTimeUnixNano'] as bigint,
          time: point['timeUnixNano'] as bigint,
        }));
      }),
    ),
  );
}

/** A point in short: `name{a=1,b=2} value`. */
export function short({ name, attributes, value }: Point): string {
  const texts = Object.entries(attributes).map(([key, each]) => `${key}=${String(each)}`);
  return `${name}${texts.length === 0 ? '' : `{${texts.join(',')}}`} ${value}`;
}

/** When the tests begin: 2,000 s after the recorded host was started. */
const startMs = 1_790_002_000_000;

/** A receiver that runs on a clock of the test, with the batches that it sent. */
export interface Run {
  readonly context: TestContext;
  readonly clock: FakeClock;
  readonly sink: Sink;
  readonly logs: Sink;
  /** The points of batch `index`, the last one when absent. */
  points(index?: number): Point[];
  stop(signal?: AbortSignal): Promise<void>;
}

type Count = (name: string, value: number, attributes: unknown) => void;

/** Starts a receiver; by default on the recorded host, with the first collection done. */
export async function run(
  settings: object,
  root = recordedHost(),
  prepare?: (sink: Sink) => void,
  count: Count = () => undefined,
  realClock?: Clock,
): Promise<Run> {
  const clock = new FakeClock(startMs);
  const meter = createNoopMeter();
  meter.createCounter = (name) => ({ add: (value, attributes) => count(name, value, attributes) });
  const context = testContext({
    id: 'host_metrics',
    kind: 'receiver',
    clock: realClock ?? clock,
    program: { name: 'millrace', version: '1.2.3' },
    meter,
  });
  const sink = new Sink();
  const logs = new Sink();
  prepare?.(sink);
  const next = new Map([['metrics', sink] as const, ['logs', logs] as const]);
  const receiver = factory.create(configOf(factory, { initial_delay: '0s', root_path: root, ...settings }), next, context);
  await receiver.start?.(testHost());
  await clock.advance(0);
  // File systems answer outside of the fake clock's time.
  for (let i = 0; i < 200 && sink.requests.length === 0; i++) await settle();
  return {
    context,
    clock,
    sink,
    logs,
    points: (index = sink.requests.length - 1) => pointsOf(sink.requests[index]!),
    stop: (signal = noDeadline()) => Promise.resolve(receiver.shutdown?.(signal)),
  };
}

/** The points of one collection with these scrapers. */
export async function collect(scrapers: object, root?: string): Promise<Point[]> {
  const started = await run({ scrapers }, root);
  await started.stop();
  return started.points();
}

/** Settings that turn metrics on. */
export const on = (...names: string[]): { metrics: object } => ({
  metrics: Object.fromEntries(names.map((name) => [name, { enabled: true }])),
});
