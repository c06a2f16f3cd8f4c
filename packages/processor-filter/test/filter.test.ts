import { describe, expect, it } from '@jest/globals';
import { configOf, exampleBatch, itemNames, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import type { Signal } from '@millrace/api';
import { walk } from '@millrace/wire';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { factory } from '../src/index.ts';

class Reader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Filters ten items; the names of those that are left. */
function filtered(settings: object, signal: Exclude<Signal, 'profiles'>, context: TestContext = testContext({ signal })): string[] {
  const visitor = factory.visit!(configOf(factory, settings), context);
  using batch = exampleBatch(testHost().pool, signal, 10);
  const result = walk([visitor], (_, error) => {
    throw error;
  }).run(batch);
  if (result === undefined) return [];
  const names = itemNames([result.bytes]);
  if (result !== batch) result.release();
  return names;
}

const failing = 'Substring(name, 9, 100) == "x"';

describe('Processor filter', () => {
  it.each([
    ['traces', 'processor_filter_spans.filtered', { traces: { span: ['name != "item-00000003"'] } }, 9],
    ['traces', 'processor_filter_spans.filtered', { traces: { resource: ['true'] } }, 10],
    ['metrics', 'processor_filter_datapoints.filtered', { metrics: { datapoint: ['value_int < 4'] } }, 4],
    ['metrics', 'processor_filter_datapoints.filtered', { metrics: { exclude: { match_type: 'regexp', metric_names: ['.'] } } }, 10],
    ['logs', 'processor_filter_logs.filtered', { logs: { log_record: ['false'] } }, 0],
  ] as const)('counts the items of %s that it drops, wherever, as %s', async (signal, name, settings, dropped) => {
    const reader = new Reader();
    const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
    expect(filtered(settings, signal, testContext({ id: 'filter/a', signal, meter }))).toHaveLength(10 - dropped);
    const { resourceMetrics } = await reader.collect();
    const [metric] = resourceMetrics.scopeMetrics[0]!.metrics;
    expect([metric!.descriptor.name, metric!.dataPoints[0]]).toEqual([
      name,
      expect.objectContaining({ value: dropped, attributes: { filter: 'filter/a' } }),
    ]);
  });

  it('logs a condition that fails, and goes on with the others', () => {
    const context = testContext();
    expect(filtered({ traces: { span: [failing, 'name == "item-00000000"'] } }, 'traces', context)).toHaveLength(9);
    expect(context.lines).toEqual([
      {
        level: 'warn',
        message: 'failed to eval condition',
        attributes: {
          condition: failing,
          error: expect.any(String),
          failures: 1,
          item: expect.objectContaining({ name: 'item-00000000', resource: { 'service.name': 'example' } }),
        },
      },
    ]);
  });

  it('says nothing of a condition that fails in error mode silent', () => {
    const context = testContext();
    expect(filtered({ error_mode: 'silent', traces: { span: [failing] } }, 'traces', context)).toHaveLength(10);
    expect(context.lines).toEqual([]);
  });

  it('refuses the batch when a condition fails in error mode propagate', () => {
    const settings = {
      trace_conditions: [{ conditions: ['span.name == "x"'] }, { context: 'span', conditions: [failing], error_mode: 'propagate' }],
    };
    expect(() => filtered(settings, 'traces')).toThrow(/^failed to eval condition: Substring\(name, 9, 100\) == "x", /);
  });

  it('is the first in its walk only when it looks at data points before their metric', () => {
    const traits = (condition: string): unknown =>
      factory.visit!(configOf(factory, { metrics: { metric: [condition] } }), testContext({ signal: 'metrics' })).traits;
    expect(traits('HasAttrKeyOnDatapoint("a")')).toEqual({ readsAhead: true });
    expect(traits('name == "a"')).toEqual({});
  });

  it('lets a condition that asks a metric without a type for its data points fail', () => {
    const conditions = ['HasAttrOnDatapoint("name", "item-00000000")'];
    expect(filtered({ metrics: { metric: conditions } }, 'metrics')).toEqual([]);
    expect(filtered({ metrics: { metric: ['HasAttrOnDatapoint("name", "item-00000001")'] } }, 'metrics')).toHaveLength(10);
  });
});

describe('A configuration of processor filter', () => {
  const trace_conditions = ['span.name == "a"'];
  const include = { match_type: 'strict' };

  it.each<[object, string]>([
    [
      { trace_conditions, traces: { spanevent: [] } },
      'cannot use context inferred trace conditions "trace_conditions" and the settings "traces.resource", "traces.span", "traces.spanevent" at the same time',
    ],
    [
      { metric_conditions: ['metric.name == "a"'], metrics: { include } },
      'cannot use context inferred metric conditions "metric_conditions" and the settings "metrics.resource", "metrics.metric", "metrics.datapoint", "metrics.include", "metrics.exclude" at the same time',
    ],
    [
      { log_conditions: ['log.body == "a"'], logs: { log_record: ['true'] } },
      'cannot use context inferred log conditions "log_conditions" and the settings "logs.resource", "logs.log", "logs.include", "logs.exclude" at the same time',
    ],
    [
      { traces: { span: ['true'] }, spans: { exclude: include } },
      'cannot use "traces.resource", "traces.span", "traces.spanevent" and the span settings "spans.include", "spans.exclude" at the same time',
    ],
    [
      { metrics: { metric: ['true'], exclude: include } },
      'cannot use "metrics.resource", "metrics.metric", "metrics.datapoint" and the settings "metrics.include", "metrics.exclude" at the same time',
    ],
    [
      { logs: { resource: ['true'], include } },
      'cannot use "logs.resource", "logs.log" and the settings "logs.include", "logs.exclude" at the same time',
    ],
    [
      { trace_conditions: ['span.name == "a"', { conditions: [] }] },
      'trace_conditions: configuring multiple configuration styles is not supported, please use only Basic configuration or only Advanced configuration',
    ],
    [
      { trace_conditions: [{ context: 'log', conditions: ['body == "a"', 'true'] }] },
      'trace_conditions::0: unknown context "log" for conditions: [body == "a" true]',
    ],
    [
      { logs: { include: { ...include, severity_number: { min: 'LOUD', match_undefined: false } } } },
      "logs::include::severity_number: 'LOUD' is not a valid severity: not a valid severity",
    ],
    [
      { logs: { exclude: { ...include, severity_number: { min: '25', match_undefined: false } } } },
      "logs::exclude::severity_number: '25' is not a valid severity: not a valid severity",
    ],
  ])('is refused in the words of the Collector: %j', (settings, problem) => {
    expect(factory.validateConfig!(configOf(factory, settings))).toEqual([problem]);
  });

  it.each<[object, RegExp]>([
    [{ traces: { span: ['name = "a"'] } }, /^traces::span: .*1:6/],
    [{ logs: { log_record: ['nothing == "a"'] } }, /^logs::log_record: .*nothing/],
    [{ metric_conditions: [{ conditions: [] }, { conditions: ['name == "a"'] }] }, /^metric_conditions::1: .*infer/],
    [{ metric_conditions: ['HasAttrKeyOnDatapoint("code")'] }, /^metric_conditions: .*infer/],
    [{ trace_conditions: ['set(span.name, "a") == nil'] }, /^trace_conditions: /],
    [{ traces: { span: ['HasAttrKeyOnDatapoint("code")'] } }, /^traces::span: .*HasAttrKeyOnDatapoint/],
  ])('names the condition that is wrong: %j', (settings, problem) => {
    const problems = factory.validateConfig!(configOf(factory, settings));
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  it('is accepted without conditions and with good ones', () => {
    for (const settings of [{}, { trace_conditions }, { spans: { include: { ...include, span_names: ['a'] } } }])
      expect(factory.validateConfig!(configOf(factory, settings))).toEqual([]);
  });

  it.each([
    [
      { logs: { include: { match_type: 'x', bodies: ['a'] } } },
      'logs',
      'failed to build skip matcher: error creating log record body filters: ',
    ],
    [{ spans: { include: { match_type: 'strict' } } }, 'traces', 'at least one of "attributes", "libraries",  or "resources"'],
    [{ metrics: { exclude: { match_type: 'expr', metric_names: ['a'] } } }, 'metrics', "unrecognized match_type: 'expr'"],
  ] as const)('with wrong rules does not start: %j', (settings, signal, message) => {
    expect(() => factory.visit!(configOf(factory, settings), testContext({ signal }))).toThrow(message);
  });
});
