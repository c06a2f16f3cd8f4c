import { configOf, passTime, Sink, testContext, testHost } from '@millrace/api/testing';
import type { FakeClock, TestContext } from '@millrace/api/testing';
import { fromPlain, toPlain } from '@millrace/wire/plain';
import type { PlainMessage } from '@millrace/wire/plain';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { factory } from '../src/index.ts';

class OnDemand extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** A span of a trace that is called by a number. */
export const span = (trace: number, more: object = {}): object => ({
  traceId: trace.toString(16).padStart(32, '0'),
  spanId: '0000000000000001',
  name: `t${trace}`,
  ...more,
});

/** Attributes from a plain object of texts. */
export const texts = (values: Record<string, string>): object => ({
  attributes: Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } })),
});

const always = [{ name: 'all', type: 'always_sample' }];

/** A running processor with a clock, what came out of it, and its books. */
export async function lab(
  settings: object = {},
  { gates = [] as string[], budgetBytes = 1 << 28, id = 'tail_sampling', sink = new Sink() } = {},
) {
  const reader = new OnDemand();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  const context: TestContext = testContext({ id, meter });
  const clock = context.clock as FakeClock;
  const featureGates = gates.map((name) => ({
    id: `processor.tailsamplingprocessor.${name}`,
    enabled: true,
    stage: 'alpha',
    description: '',
  }));
  const plain = testHost(budgetBytes);
  const host = { ...plain, service: { ...plain.service, featureGates } };
  const stage = factory.create!(configOf(factory, { policies: always, ...settings }), sink, context);
  await stage.start?.(host);
  return {
    stage,
    clock,
    context,
    host,
    sink,
    /** Sends spans of one resource and scope in one batch. */
    send: async (...spans: object[]): Promise<void> => {
      using batch = fromPlain('traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] } as unknown as PlainMessage, host.pool);
      await stage.consume(batch);
    },
    /** Names of the spans that came out, by request. */
    out: (): string[] =>
      sink.requests.map((bytes) => {
        const { resourceSpans } = toPlain('traces', bytes) as unknown as {
          resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
        };
        return resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans.map(({ name }) => name))).join(' ');
      }),
    /** Points of the processor's own metrics: value (or count) by name and attributes. */
    metrics: async (): Promise<Record<string, number>> => {
      const { resourceMetrics } = await reader.collect();
      const points = resourceMetrics.scopeMetrics[0]!.metrics.flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }): [string, number] => {
          const { processor, ...others } = attributes;
          if (processor !== id) throw new Error(`${descriptor.name} is not of ${id}`);
          const labels = Object.values(others).join(' ');
          const name = descriptor.name.replace('processor_tail_sampling_', '') + (labels === '' ? '' : ` ${labels}`);
          return [name, typeof value === 'number' ? value : value.count];
        }),
      );
      return Object.fromEntries(points);
    },
    stop: (signal: AbortSignal = new AbortController().signal): Promise<void> =>
      passTime(clock, Promise.resolve(stage.shutdown?.(signal)) as Promise<void>),
  };
}
