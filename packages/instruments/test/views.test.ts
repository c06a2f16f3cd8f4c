import { describe, expect, it } from '@jest/globals';
import { Registry } from '@millrace/instruments';
import type { View } from '@millrace/instruments';
import { metric, pool, samples } from './read.ts';

function textWith(...views: View[]): Record<string, number> {
  const registry = new Registry({ views });
  const counter = registry.counter('llm.requests', { unit: '{request}', labels: ['model', 'user'] });
  counter.add(1, { model: 'a', user: 'u' });
  counter.add(2, { model: 'a', user: 'v' });
  counter.seriesOf('b', 'v').add(4);
  const latency = registry.histogram('llm.latency', { unit: 's', boundaries: [1], labels: ['model'] });
  latency.record(3, { model: 'a' });
  latency.series({ model: 'a' }).record(5);
  return samples(registry.text());
}

describe('A view', () => {
  it('drops instruments', () => {
    expect(textWith({ instrument: 'LLM.*', drop: true })).toEqual({});
    expect(Object.keys(textWith({ kind: 'histogram', drop: true }))).toHaveLength(3);
    expect(Object.keys(textWith({ unit: '{request}', drop: true })).every((name) => name.startsWith('llm_latency'))).toBe(true);
  });

  it('renames', () => {
    expect(textWith({ instrument: 'llm.requests', name: 'calls' })).toMatchObject({ 'calls_total{model="a",user="u"}': 1 });
  });

  it('keeps some labels, and the sum stays', () => {
    expect(textWith({ instrument: 'llm.requests', labels: ['model'] })).toMatchObject({
      'llm_requests_total{model="a"}': 3,
      'llm_requests_total{model="b"}': 4,
    });
    expect(textWith({ instrument: 'llm.requests', withoutLabels: ['model'] })).toMatchObject({
      'llm_requests_total{user="u"}': 1,
      'llm_requests_total{user="v"}': 6,
    });
    expect(textWith({ instrument: 'llm.requests', labels: [] })).toMatchObject({ llm_requests_total: 7 });
  });

  it('limits series', () => {
    expect(textWith({ instrument: 'llm.requests', limit: 2 })).toMatchObject({
      'llm_requests_total{model="a",user="u"}': 1,
      'llm_requests_total{otel_metric_overflow="true"}': 6,
    });
  });

  it('gives a histogram other boundaries, or such as fit themselves', () => {
    expect(textWith({ instrument: 'llm.latency', boundaries: [4, 6] })).toMatchObject({
      'llm_latency_seconds_bucket{model="a",le="4"}': 1,
      'llm_latency_seconds_bucket{model="a",le="6"}': 2,
    });
    const registry = new Registry({ views: [{ kind: 'histogram', exponential: true, description: 'How long' }] });
    registry.histogram('h').record(1);
    expect(metric(registry.batch(pool), 'h')).toMatchObject({ kind: 'exponentialHistogram', description: 'How long' });
  });

  it('makes another metric of the same instrument', () => {
    const found = textWith(
      { instrument: 'llm.requests' },
      { instrument: 'llm.requests', name: 'by.model', labels: ['model'] },
      { instrument: 'llm.latency', name: 'slow', boundaries: [4] },
      { instrument: 'llm.latency', name: 'fast', boundaries: [0] },
    );
    expect(found).toMatchObject({
      'llm_requests_total{model="a",user="v"}': 2,
      'by_model_total{model="a"}': 3,
      'by_model_total{model="b"}': 4,
      'slow_seconds_bucket{model="a",le="4"}': 1,
      'fast_seconds_count{model="a"}': 2,
    });
  });

  it('does the same for gauges, and counts what is refused once', () => {
    const registry = new Registry({ views: [{ instrument: 'g' }, { instrument: 'g', name: 'g2' }] });
    const gauge = registry.gauge('g', { labels: ['a'] });
    gauge.set(1, { a: 'x' });
    gauge.subtract(3, { a: 'x' });
    const kept = gauge.seriesOf('x');
    kept.add(5);
    kept.subtract(1);
    gauge.set(Number.NaN, { a: 'x' });
    expect(samples(registry.text())).toMatchObject({ 'g{a="x"}': 2, 'g2{a="x"}': 2 });
    kept.set(7);
    expect(samples(registry.text())).toMatchObject({
      'g{a="x"}': 7,
      'g2{a="x"}': 7,
      'millrace_instruments_refused_total{instrument="g",reason="not_finite"}': 1,
    });
  });

  it.each<[string, View, string]>([
    ['renames many', { instrument: 'a*', name: 'b' }, 'a view that renames to "b" must name one instrument'],
    ['keeps and drops labels', { labels: [], withoutLabels: [] }, 'labels or withoutLabels, not both'],
    ['limits to nothing', { limit: 1 }, 'must be at least 2, but is 1'],
  ])('that %s is refused', (_, view, message) => {
    expect(() => new Registry({ views: [view] })).toThrow(message);
  });

  it('that gives two metrics one name is refused at registration', () => {
    const registry = new Registry({ views: [{ instrument: 'c' }, { instrument: 'c', labels: [] }] });
    expect(() => registry.counter('c')).toThrow('would have the same name in Prometheus text as "c": c_total');
  });
});

describe('A registry of some kinds', () => {
  it('keeps nothing of the others', () => {
    const registry = new Registry({ kinds: ['counter'] });
    registry.counter('c').add(1);
    registry.gauge('g').set(1);
    registry.histogram('h').record(1);
    registry.summary('s').record(1);
    expect(samples(registry.text())).toEqual({ c_total: 1 });
  });
});
