import { configOf, testContext } from '@millrace/api/testing';
import { BufferPool, MemoryLedger, walk } from '@millrace/wire';
import { fromPlain, toPlain } from '@millrace/wire/plain';
import type { PlainMessage } from '@millrace/wire/plain';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

class Reader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

interface Spans {
  resourceSpans?: { scopeSpans: { spans: { spanId: string; traceState?: string }[] }[] }[];
}

const pool = new BufferPool(new MemoryLedger(1 << 20));

function run(signal: 'traces' | 'logs', settings: object, request: object, context = testContext({ id: 'sampler', signal })): unknown {
  const visitor = factory.visit!(configOf(factory, settings), context);
  using batch = fromPlain(signal, request as PlainMessage, pool);
  const result = walk([visitor], (_, error) => {
    throw error;
  }).run(batch);
  return result === undefined ? undefined : toPlain(signal, result.bytes);
}

const spans = (...list: object[]): object => ({ resourceSpans: [{ scopeSpans: [{ spans: list }] }] });
const statesOf = (message: unknown): (string | undefined)[] =>
  ((message as Spans | undefined)?.resourceSpans ?? []).flatMap((r) => r.scopeSpans.flatMap((s) => s.spans.map((span) => span.traceState)));

const traceId = '0af7651916cd43dd8448eb211c80319c';

describe('probabilistic_sampler', () => {
  it.each(['traces', 'logs'] as const)('calls what it drops of %s not sampled', (signal) => {
    expect(factory.visit!(configOf(factory, {}), testContext({ signal })).dropReason).toBe('not_sampled');
  });

  it('sees no trace id in one that is all zeros', () => {
    const span = { traceId: '00000000000000000000000000000000', spanId: '0000000000000001' };
    expect(run('traces', { sampling_percentage: 100 }, spans(span))).toBeUndefined();
    expect(statesOf(run('traces', { sampling_percentage: 100, fail_closed: false }, spans(span)))).toEqual(['ot=rv:ffffffffffffff;th:0']);
  });

  it('counts what was kept and what was not, by where the decision came from', async () => {
    const reader = new Reader();
    const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
    const priority = (value: string): object => ({ attributes: [{ key: 'sampling.priority', value: { intValue: BigInt(value) } }] });
    const span = { traceId, spanId: '0000000000000001' };
    run(
      'traces',
      { mode: 'equalizing', sampling_percentage: 100 },
      spans(
        span,
        span,
        { ...span, ...priority('0') },
        { ...span, ...priority('1') },
        { spanId: '0000000000000001' },
        {
          ...span,
          traceState: 'ot=rv:ffffffffffffff',
        },
      ),
      testContext({ id: 'sampler', signal: 'traces', meter }),
    );
    const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes: [{ key: 'id', value: { stringValue: 'a' } }] }, {}] }] }] };
    run('logs', { sampling_percentage: 100, from_attribute: 'id' }, logs, testContext({ id: 'sampler', signal: 'logs', meter }));
    const { resourceMetrics } = await reader.collect();
    const points = resourceMetrics.scopeMetrics[0]!.metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => [descriptor.name, attributes['policy'], attributes['sampled'], value]),
    );
    const traces = 'processor_probabilistic_sampler_count_traces_sampled';
    expect(points).toEqual([
      [traces, 'missing_randomness', 'false', 1],
      [traces, 'trace_id_w3c', 'true', 2],
      [traces, 'sampling_randomness', 'true', 1],
      [traces, 'sampling_priority', 'false', 1],
      [traces, 'sampling_priority', 'true', 1],
      ['processor_probabilistic_sampler_count_logs_sampled', 'missing_randomness', 'false', 1],
      ['processor_probabilistic_sampler_count_logs_sampled', 'id', 'true', 1],
    ]);
  });

  it('says once what is wrong with sampling information, then only to those who debug', () => {
    const context = testContext({ signal: 'traces' });
    const span = { traceId, spanId: '0000000000000001', traceState: 'ot=th:zz' };
    run('traces', { sampling_percentage: 50 }, spans(span, span, span), context);
    expect(context.lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'traces sampler'],
      ['debug', 'traces sampler'],
      ['debug', 'traces sampler'],
    ]);
    expect(context.lines[0]!.attributes).toEqual({ error: 'strconv.ParseUint: parsing "zz": invalid syntax' });
  });

  it.each([
    [{ sampling_percentage: -5 }, 'sampling rate is negative: -5.000000%'],
    [{ sampling_percentage: Infinity }, 'sampling rate is invalid: +Inf%'],
    [{ sampling_percentage: -Infinity }, 'sampling rate is invalid: -Inf%'],
    [{ sampling_percentage: Number.NaN }, 'sampling rate is invalid: NaN%'],
    [{ sampling_percentage: 1e-16 }, 'sampling rate is too small: 1e-16%'],
    [{ sampling_precision: 0 }, 'invalid sampling precision: 0'],
    [{ sampling_precision: 15 }, 'sampling precision is too great, should be <= 14: 15'],
  ])('refuses %j', (settings, problem) => {
    expect(factory.validateConfig!(configOf(factory, settings))).toEqual([problem]);
  });

  it('accepts a percentage above 100', () => {
    expect(factory.validateConfig!(configOf(factory, { sampling_percentage: 250 }))).toEqual([]);
  });
});
