import { describe, expect, it, jest } from '@jest/globals';
import { Sink, configOf, exampleBatch, processorContract, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import type { Signal } from '@millrace/api';
import { walk } from '@millrace/wire';
import { fromPlain, toPlain } from '@millrace/wire/plain';
import type { PlainMessage } from '@millrace/wire/plain';
import { factory } from '../src/index.ts';

type TestSignal = Exclude<Signal, 'profiles'>;

const host = testHost();

function problems(settings: object): readonly string[] {
  return factory.validateConfig!(configOf(factory, settings));
}

function staged(settings: object, signal: TestSignal, request: PlainMessage, context: TestContext = testContext({ signal })): PlainMessage {
  const sink = new Sink();
  const stage = factory.create!(configOf(factory, settings), sink, context);
  using batch = fromPlain(signal, request, host.pool);
  void stage.consume(batch);
  return toPlain(signal, sink.requests[0]!);
}

const spans = (statements: readonly string[], more: object = {}): object => ({
  trace_statements: [{ context: 'span', statements, ...more }],
});
const failing = 'set(attributes["a"], Substring(name, 0, 99))';

function metricsOf(request: PlainMessage): PlainMessage[] {
  const [group] = request['resourceMetrics'] as PlainMessage[];
  return ((group!['scopeMetrics'] as PlainMessage[])[0]!['metrics'] as PlainMessage[]) ?? [];
}

function metric(name: string, data: PlainMessage): PlainMessage {
  return { resourceMetrics: [{ resource: {}, scopeMetrics: [{ scope: {}, metrics: [{ name, ...data }] }] }] };
}

processorContract({ describe, it, expect }, factory, {
  config: configOf(factory, {
    trace_statements: ['set(span.name, span.name)', 'set(resource.attributes["x"], span.kind)'],
    error_mode: 'ignore',
  }),
});

describe('Processor transform', () => {
  it('reads ahead of its neighbours where a condition of a group asks about data points', () => {
    const traits = (condition: string): unknown => {
      const settings = { metric_statements: [{ context: 'metric', conditions: [condition], statements: ['set(unit, "x")'] }] };
      return factory.visit!(configOf(factory, settings), testContext({ signal: 'metrics' })).traits;
    };
    expect(traits('HasAttrKeyOnDatapoint("a")')).toMatchObject({ readsAhead: true });
    expect(traits('name == "a"')).not.toHaveProperty('readsAhead');
  });

  it.each([
    [spans(['set(nme, 1)']), 'segment "nme" from path "nme" is not a valid path nor a valid OTTL keyword for the span context'],
    [spans(['set(name, "a"']), 'statement has invalid syntax: 1:14: unexpected token "<EOF>"'],
    [spans(['sett(name, "a")']), '1:1: undefined function "sett"'],
    [spans(['convert_sum_to_gauge()']), 'undefined function "convert_sum_to_gauge"'],
    [{ trace_statements: ['set(name, "x")'] }, 'unable to infer context from statements ["set(name, \\"x\\")"]'],
    [
      { trace_statements: ['set(span.name, "x")', { context: 'span', statements: [] }] },
      'configuring multiple configuration styles is not supported',
    ],
    [{ log_statements: [null] }, 'invalid log_statements item: empty statement list items are not supported'],
    [{ log_statements: [{ context: 'span', statements: ['set(name, "x")'] }] }, 'unknown context "span" for statements: [set(name, "x")]'],
    [{ metric_statements: [{ context: 'metric', statements: ['convert_gauge_to_sum("x", true)'] }] }, 'unknown aggregation temporality: x'],
    [{ metric_statements: [{ context: 'metric', statements: ['aggregate_on_attributes("x")'] }] }, "invalid aggregation function: 'x'"],
    [
      { metric_statements: [{ context: 'metric', statements: ['extract_percentile_metric(100.0)'] }] },
      'percentile must be greater than 0 and less than 100',
    ],
    [
      { metric_statements: [{ context: 'metric', statements: ['convert_exponential_histogram_to_histogram("x", [1.0])'] }] },
      'invalid conversion function: x',
    ],
    [
      { metric_statements: [{ context: 'metric', statements: ['convert_exponential_histogram_to_histogram("", [])'] }] },
      'explicit bounds cannot be empty',
    ],
    [{ metric_statements: [{ context: 'datapoint', statements: ['merge_histogram_buckets(1.0, "x")'] }] }, 'unsupported method "x"'],
    [
      { metric_statements: [{ context: 'datapoint', statements: ['merge_histogram_buckets(1.5, "limit_buckets")'] }] },
      'target_value must be a positive integer',
    ],
    [{ metric_statements: [{ context: 'datapoint', statements: ['merge_histogram_buckets(nil)'] }] }, 'target_value must not be nil'],
    [spans(['set_semconv_span_name("1.36.0")']), 'unsupported semconv version "1.36.0"'],
    [spans(['set_semconv_span_name("x")']), 'failed to parse semconv version "x"'],
    [spans(['set_semconv_span_name("1.37.0", "")']), 'originalSpanNameAttribute cannot be an empty string'],
    [
      { log_statements: [{ context: 'log', statements: ['set(body, ParseCLF(body, "x"))'] }] },
      'invalid format "x": must be "clf" or "combined"',
    ],
  ])('refuses %j', (settings, problem) => {
    expect(problems(settings)).toEqual([expect.stringContaining(problem)]);
  });

  it('finds nothing wrong with a good configuration', () => {
    expect(problems({ trace_statements: ['set(span.name, "x")'], log_statements: [{ context: 'resource', statements: [] }] })).toEqual([]);
  });

  it.each([
    [spans(['set(name, "x")']), false],
    [{ log_statements: ['set(resource.attributes["a"], 1)', 'set(scope.name, "a")'] }, true],
    [{ log_statements: ['set(scope.attributes["a"], resource.schema_url)', 'set(scope.name, "a")'] }, false],
    [
      {
        trace_statements: [
          { context: 'resource', statements: ['set(attributes["a"], 1)'] },
          { context: 'span', statements: ['set(name, "x")'] },
        ],
      },
      false,
    ],
    [
      {
        trace_statements: [
          { context: 'span', statements: ['set(name, "x")'] },
          { context: 'resource', statements: ['set(attributes["a"], 1)'] },
        ],
      },
      true,
    ],
    [spans(['set(resource.attributes["a"], name)']), true],
    [{ metric_statements: [{ context: 'metric', statements: ['convert_sum_to_gauge()'] }] }, true],
  ])('shares the pass of its neighbours when it can: %j', (settings, needsStage) => {
    expect(factory.needsStage!(configOf(factory, settings))).toBe(needsStage);
  });

  it('passes a batch on as it is when no statement changes an item', () => {
    const visitor = factory.visit!(configOf(factory, spans(['set(attributes["a"], 1) where name == "nothing"'])), testContext());
    using batch = exampleBatch(host.pool, 'traces', 10);
    expect(walk([visitor], () => {}).run(batch)).toBe(batch);
  });

  it('logs the first failure of a statement with the item, in which nothing secret stands, and keeps the item', () => {
    const context = testContext({ signal: 'traces' });
    const request = {
      resourceSpans: [
        {
          resource: {},
          scopeSpans: [{ scope: {}, spans: [{ name: 'a', attributes: [{ key: 'password', value: { stringValue: 'x' } }] }] }],
        },
      ],
    };
    const result = staged(spans([failing, 'set(name, "b")']), 'traces', request, context);
    expect(JSON.stringify(result)).toContain('"name":"b"');
    expect(context.lines).toEqual([
      {
        level: 'warn',
        message: 'failed to execute statement',
        attributes: expect.objectContaining({
          statement: failing,
          failures: 1,
          item: expect.objectContaining({ attributes: { password: '[REDACTED]' } }),
        }),
      },
    ]);
  });

  it('logs nothing in mode silent', () => {
    const context = testContext({ signal: 'traces' });
    staged(
      spans([failing], { error_mode: 'silent' }),
      'traces',
      { resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans: [{ name: 'a' }] }] }] },
      context,
    );
    expect(context.lines).toEqual([]);
  });

  it('refuses the whole batch in mode propagate, unchanged', () => {
    const sink = new Sink();
    const stage = factory.create!(
      configOf(factory, { ...spans(['set(name, "x")', failing]), error_mode: 'propagate' }),
      sink,
      testContext({ signal: 'traces' }),
    );
    using batch = exampleBatch(host.pool, 'traces', 10);
    expect(() => stage.consume(batch)).toThrow(`failed to execute statement: ${failing}, `);
    expect(sink.items).toBe(0);
  });

  it('refuses the whole batch when a condition of a group fails in mode propagate', () => {
    const settings = { ...spans(['set(name, "x")'], { conditions: ['Substring(name, 0, 99) == "x"'] }), error_mode: 'propagate' };
    const stage = factory.create!(configOf(factory, settings), new Sink(), testContext({ signal: 'traces' }));
    using batch = exampleBatch(host.pool, 'traces', 10);
    expect(() => stage.consume(batch)).toThrow('failed to eval condition: Substring(name, 0, 99) == "x"');
  });

  it('accounts for data points that it makes and merges', () => {
    const context = testContext({ signal: 'metrics' });
    const point = { attributes: [], asInt: 1n };
    const request = metric('a', { sum: { dataPoints: [point, point, point] } });
    staged(
      { metric_statements: [{ context: 'metric', statements: ['copy_metric(name="b") where name == "a"'] }] },
      'metrics',
      request,
      context,
    );
    expect(context.items.created).toBe(3);
    staged({ metric_statements: [{ context: 'metric', statements: ['aggregate_on_attributes("sum", [])'] }] }, 'metrics', request, context);
    expect(context.items.absorbed).toBe(2);
  });

  it('keeps the metric when its statements would make metrics for ever', () => {
    const context = testContext({ signal: 'metrics' });
    const result = staged(
      { metric_statements: [{ context: 'metric', statements: ['copy_metric()'] }] },
      'metrics',
      metric('a', { gauge: { dataPoints: [{ asInt: 1n }] } }),
      context,
    );
    expect(metricsOf(result)).toHaveLength(1);
    expect(context.lines[0]!.attributes).toMatchObject({ error: expect.stringContaining('more than 1000 metrics') });
  });

  it('distributes all counts of an exponential histogram at random', () => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const data = { exponentialHistogram: { dataPoints: [{ count: 9n, scale: 0, positive: { offset: 0, bucketCounts: [4n, 5n] } }] } };
    const statements = ['convert_exponential_histogram_to_histogram("random", [1.5, 1.7, 3.0, 3.5])'];
    const result = staged({ metric_statements: [{ context: 'metric', statements }] }, 'metrics', metric('a', data));
    const { bucketCounts } = ((metricsOf(result)[0]!['histogram'] as PlainMessage)['dataPoints'] as PlainMessage[])[0]!;
    expect((bucketCounts as bigint[]).reduce((a, b) => a + b)).toBe(9n);
    random.mockRestore();
  });

  it('interpolates percentiles among negative and positive buckets', () => {
    const point = {
      count: 10n,
      scale: 0,
      zeroCount: 2n,
      zeroThreshold: 0.5,
      negative: { offset: 0, bucketCounts: [4n] },
      positive: { offset: 1, bucketCounts: [4n] },
    };
    const statements = [20, 50, 100 - 1e-9].map((p) => `extract_percentile_metric(${p.toFixed(9)}, "_${Math.round(p)}")`);
    const result = staged(
      { metric_statements: [{ context: 'metric', statements }] },
      'metrics',
      metric('a', { exponentialHistogram: { dataPoints: [point] } }),
    );
    const values = metricsOf(result)
      .slice(1)
      .map((made) => ((made['gauge'] as PlainMessage)['dataPoints'] as PlainMessage[])[0]!['asDouble']);
    expect(values).toEqual([expect.closeTo(-Math.SQRT2, 9), 0, expect.closeTo(4, 9)]);
  });
});
