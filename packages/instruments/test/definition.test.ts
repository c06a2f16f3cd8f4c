import { describe, expect, it } from '@jest/globals';
import { Registry } from '@millrace/instruments';

describe('A name', () => {
  it.each(['a', 'http.server.request.duration', 'A_b-c/d.9', 'x'.repeat(255)])('%s is one', (name) => {
    expect(() => new Registry().counter(name)).not.toThrow();
  });

  it.each([
    ['1st.requests', 'st.requests'],
    ['llm requests!', 'llm_requests'],
    ['café.größe', 'cafe.gro_e'],
    ['_private', 'private'],
    ['', 'metric'],
    ['123', 'm123'],
    ['x'.repeat(256), 'x'.repeat(77)],
  ])('%j is none, and the error names the nearest one', (name, nearest) => {
    expect(() => new Registry().counter(name)).toThrow(new RegExp(`is not valid.*the nearest valid name is "${nearest}`));
  });

  it('gives the same instrument again with the same definition, whatever its case', () => {
    const registry = new Registry();
    const options = { unit: 's', labels: ['a'], boundaries: [1, 2] } as const;
    expect(registry.histogram('Latency', options)).toBe(registry.histogram('latency', options));
  });

  it('is refused with another definition, and the error names both', () => {
    const registry = new Registry();
    registry.counter('c', { unit: 'By', labels: ['a'] });
    expect(() => registry.gauge('C', { labels: ['b'] })).toThrow(
      'instrument "C" is registered already as "c" with another definition: kind "counter" and "gauge", unit "By" and "", labels ["a"] and ["b"]',
    );
  });

  it('is refused when another metric has it in Prometheus text', () => {
    const registry = new Registry();
    registry.counter('llm.requests');
    expect(() => registry.counter('llm_requests')).toThrow(
      'instrument "llm_requests" would have the same name in Prometheus text as "llm.requests": llm_requests_total; the nearest name that is free is "llm_requests_2"',
    );
  });
});

describe('A definition', () => {
  it.each<[string, (registry: Registry) => unknown, string]>([
    ['a unit that is not ASCII', (registry) => registry.counter('c', { unit: 'µs' }), 'is not at most 63 ASCII characters'],
    ['a long unit', (registry) => registry.counter('c', { unit: 'x'.repeat(64) }), 'is not at most 63 ASCII characters'],
    ['a label without a name', (registry) => registry.counter('c', { labels: [''] }), 'label "" is no name'],
    ['a label twice', (registry) => registry.counter('c', { labels: ['a', 'a'] }), 'label "a" is there twice'],
    ['a reserved label', (registry) => registry.counter('c', { labels: ['otel.metric.overflow'] }), 'is reserved'],
    ['a label with a line break', (registry) => registry.counter('c', { labels: ['a\nb'] }), 'the nearest valid name is "a_b"'],
    ['an endless label', (registry) => registry.counter('c', { labels: ['x'.repeat(300)] }), 'is longer than 255 characters'],
    ['boundaries that fall', (registry) => registry.histogram('h', { boundaries: [1, 1] }), 'boundary 1 is 1'],
    ['boundaries without end', (registry) => registry.histogram('h', { boundaries: [1, Infinity] }), 'boundary 1 is Infinity'],
    ['a quantile above 1', (registry) => registry.summary('s', { quantiles: [50] }), 'quantile 50 is not between 0 and 1'],
    ['a window of nothing', (registry) => registry.summary('s', { windowMs: 0 }), 'windowMs must be above 0'],
  ])('is refused for %s', (_, register, message) => {
    expect(() => register(new Registry())).toThrow(message);
  });

  it('types the labels of measurements', () => {
    const counter = new Registry().counter('c', { labels: ['model'] });
    counter.add(1, { model: 'a' });
    // @ts-expect-error a label is missing
    counter.add(1, {});
    // @ts-expect-error a label is misspelt
    counter.add(1, { modell: 'a' });
    // @ts-expect-error labels are missing
    counter.add(1);
    // @ts-expect-error there are no labels
    new Registry().counter('d').add(1, { model: 'a' });
    expect(counter.name).toBe('c');
  });
});
