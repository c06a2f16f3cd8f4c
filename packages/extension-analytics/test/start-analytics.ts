import type { ComponentInfo, MetricSource, ServerAuthenticator } from '@millrace/api';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import type { HistoryStore } from '@millrace/history';
import { factory } from '../src/index.ts';

/** A running extension. */
export interface Running {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly context: ReturnType<typeof testContext>;
  stop(): Promise<void>;
}

/** Another extension. */
export type Other = { readonly metrics?: MetricSource; readonly store?: HistoryStore } | ServerAuthenticator;

/** Starts extension `analytics` beside others, by their ids, at a time. */
export async function startAnalytics(
  others: Readonly<Record<string, Other>>,
  nowMs: number,
  settings: object = {},
  more: readonly ComponentInfo[] = [],
): Promise<Running> {
  const context = testContext({ id: 'analytics', kind: 'extension', clock: new FakeClock(nowMs) });
  const extension = factory.create(configOf(factory, { endpoint: '127.0.0.1:0', ...settings }), context);
  const plain = testHost(undefined, new Map(Object.entries(others)));
  const components = ['analytics', ...Object.keys(others)].map((id): ComponentInfo => ({
    kind: 'extension',
    id,
    pipelines: [],
    report: { status: 'OK', atMs: nowMs },
  }));
  await extension.start?.({
    ...plain,
    service: { ...plain.service, program: { name: 'millrace', version: '9.8.7' }, components: () => [...components, ...more] },
  });
  return {
    url: `http://${context.lines[0]!.attributes!['endpoint'] as string}`,
    context,
    stop: async () => extension.shutdown?.(noDeadline()),
  };
}

/** An answer, as far as it was JSON. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any;
}

export async function get(running: Running, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(running.url + path, { headers });
  const body = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, body, json: type === 'application/json' ? (JSON.parse(body) as unknown) : undefined };
}
