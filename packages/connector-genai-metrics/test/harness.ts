import { FakeClock, Sink, configOf, noDeadline, testContext, testHost } from '@millrace/api/testing';
import type { Batch, PipelineError, Signal, Stage } from '@millrace/api';
import { BatchBuilder, encodeJson } from '@millrace/wire';
import type { LogInput, PlainAttributes, SpanInput } from '@millrace/wire';
import { factory } from '@millrace/connector-genai-metrics';

/** When the tests take place, in milliseconds since the epoch. */
export const nowMs = 1_790_000_000_000;

interface AnyValue {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly boolValue?: boolean;
}
/** A data point of any kind, as OTLP JSON has it. */
export interface Point {
  readonly asInt?: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
  readonly scale?: number;
  readonly startTimeUnixNano?: string;
  readonly attributes?: readonly { readonly key: string; readonly value: AnyValue }[];
}
interface Data {
  readonly dataPoints?: readonly Point[];
  readonly aggregationTemporality?: number;
}
interface Request {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes?: readonly { readonly key: string; readonly value: AnyValue }[] };
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly unit?: string;
        readonly description?: string;
        readonly sum?: Data;
        readonly gauge?: Data;
        readonly histogram?: Data;
        readonly exponentialHistogram?: Data;
      }[];
    }[];
  }[];
}

/** A span of a call of a model; what is given stands beside the usual. */
export function chat(attributes: PlainAttributes = {}, span: Partial<SpanInput> & { readonly seconds?: number } = {}): SpanInput {
  const { seconds = 1, ...rest } = span;
  const endMs = nowMs - 1_000;
  return {
    name: 'chat gpt-4o',
    kind: 3,
    traceId: '0123456789abcdef0123456789abcdef',
    spanId: '0123456789abcdef',
    startTimeUnixNano: BigInt(Math.round((endMs - seconds * 1e3) * 1e6)),
    endTimeUnixNano: BigInt(endMs) * 1_000_000n,
    ...rest,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      ...attributes,
    },
  };
}

const textOf = ({ stringValue, intValue, boolValue }: AnyValue): string => stringValue ?? intValue ?? String(boolValue);

/** A running connector with a stage for traces and one for logs. */
export async function start(settings: object = {}, budgetBytes?: number) {
  const clock = new FakeClock(nowMs);
  const host = testHost(budgetBytes);
  const sink = new Sink();
  const reports: Request[] = [];
  let refusal: PipelineError | undefined;
  sink.before = (batch: Batch) => {
    if (refusal !== undefined) throw refusal;
    const { lease, length } = encodeJson(batch);
    reports.push(JSON.parse(lease.buffer.toString('utf8', 0, length)) as Request);
    lease.release();
    return undefined;
  };
  const config = configOf(factory, settings);
  const outputs = { all: sink, byPipeline: new Map([['metrics', sink]]) };
  const contexts = new Map<Signal, ReturnType<typeof testContext>>();
  const stages = new Map<Signal, Stage>();
  for (const signal of ['traces', 'logs'] as const) {
    const context = testContext({ id: 'genaimetrics', kind: 'connector', signal, clock });
    contexts.set(signal, context);
    stages.set(signal, factory.create(config, outputs, context));
  }
  for (const stage of stages.values()) await stage.start!(host);

  const metricsOf = (report: Request | undefined) =>
    (report?.resourceMetrics ?? []).flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics);
  const points = (name: string, report = reports.at(-1)): readonly Point[] =>
    metricsOf(report)
      .filter((metric) => metric.name === name)
      .flatMap(({ sum, gauge, histogram, exponentialHistogram }) => (sum ?? gauge ?? histogram ?? exponentialHistogram)?.dataPoints ?? []);
  const labelsOf = (point: Point): Record<string, string> =>
    Object.fromEntries((point.attributes ?? []).map(({ key, value }) => [key, textOf(value)]));
  /** The value of a number point, the sum of a histogram. */
  const valueOf = (point: Point): number => Number(point.asDouble ?? point.asInt ?? point.sum ?? 0);
  const matching = (name: string, labels: Readonly<Record<string, string>>): readonly Point[] =>
    points(name).filter((point) => {
      const own = labelsOf(point);
      return Object.entries(labels).every(([key, value]) => own[key] === value);
    });
  return {
    clock,
    host,
    contexts,
    stages,
    reports,
    metricsOf,
    points,
    labelsOf,
    refuse: (error?: PipelineError) => void (refusal = error),
    names: () => [...new Set(reports.flatMap(metricsOf).map(({ name }) => name))].sort(),
    resources: () =>
      (reports.at(-1)?.resourceMetrics ?? []).map(({ resource }) =>
        Object.fromEntries((resource.attributes ?? []).map(({ key, value }) => [key, textOf(value)])),
      ),
    /** The sum over the points with these labels. */
    total: (name: string, labels: Readonly<Record<string, string>> = {}) =>
      matching(name, labels).reduce((sum, point) => sum + valueOf(point), 0),
    count: (name: string, labels: Readonly<Record<string, string>> = {}) =>
      matching(name, labels).reduce((sum, point) => sum + Number(point.count ?? 0), 0),
    value: (name: string, labels: Readonly<Record<string, string>> = {}) => {
      const found = matching(name, labels);
      if (found.length !== 1) throw new Error(`${found.length} points of ${name} ${JSON.stringify(labels)}`);
      return valueOf(found[0]!);
    },
    send(spans: readonly SpanInput[], resource: PlainAttributes = { 'service.name': 'shop' }): void {
      const builder = new BatchBuilder('traces', host.pool);
      const scope = builder.resource(resource).scope();
      for (const span of spans) scope.span(span);
      using batch = builder.finish()!;
      void stages.get('traces')!.consume(batch);
    },
    log(records: readonly LogInput[], resource: PlainAttributes = { 'service.name': 'shop' }): void {
      const builder = new BatchBuilder('logs', host.pool);
      const scope = builder.resource(resource).scope();
      for (const record of records) scope.log({ timeUnixNano: BigInt(nowMs) * 1_000_000n, ...record });
      using batch = builder.finish()!;
      void stages.get('logs')!.consume(batch);
    },
    flush: () => clock.advance(250),
    async stop() {
      for (const stage of stages.values()) await stage.shutdown!(noDeadline());
    },
  };
}
