import type { ComponentInfo, MetricSource } from '@millrace/api';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

/** A running extension. */
export interface Running {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly context: ReturnType<typeof testContext>;
  stop(): Promise<void>;
}

/** Starts extension `query` over sources that other extensions have, by their ids, at a time. */
export async function startQuery(
  sources: Readonly<Record<string, MetricSource | undefined>>,
  nowMs: number,
  settings: object = {},
): Promise<Running> {
  const context = testContext({ id: 'query', kind: 'extension', clock: new FakeClock(nowMs) });
  const extension = factory.create(configOf(factory, { endpoint: '127.0.0.1:0', ...settings }), context);
  const plain = testHost(undefined, new Map(Object.entries(sources).map(([id, metrics]) => [id, { metrics }])));
  const components = ['query', ...Object.keys(sources)].map((id): ComponentInfo => ({
    kind: 'extension',
    id,
    pipelines: [],
    report: { status: 'OK', atMs: 0 },
  }));
  await extension.start?.({
    ...plain,
    service: { ...plain.service, program: { name: 'millrace', version: '9.8.7' }, components: () => components },
  });
  return {
    url: `http://${context.lines[0]!.attributes!['endpoint'] as string}`,
    context,
    stop: async () => extension.shutdown?.(noDeadline()),
  };
}
