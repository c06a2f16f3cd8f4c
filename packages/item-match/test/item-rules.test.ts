import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AttributesMatcher, checkForMetrics, goFixed, ItemRules, MetricRules } from '@millrace/item-match';
import type { MatchProperties } from '@millrace/item-match';
import { Regex } from '@millrace/regex';
import type { SpanView } from '@millrace/wire';
import { pass } from './run.ts';

afterEach(() => void jest.restoreAllMocks());

const properties = (settings: Partial<MatchProperties>): MatchProperties => ({
  match_type: 'strict',
  attributes: [],
  resources: [],
  ...settings,
});

describe('Include and exclude', () => {
  it('are nothing without properties', () => {
    expect([ItemRules.forSpans({}), ItemRules.forLogs({})]).toEqual([undefined, undefined]);
  });

  it('decide what they can about a whole resource or scope', () => {
    const decided = (settings: Partial<MatchProperties>, side: 'include' | 'exclude'): boolean[] => {
      const rules = ItemRules.forSpans({ [side]: properties(settings) })!;
      const found: boolean[] = [];
      pass({ onResource: (r) => void found.push(rules.skipsResource(r)), onScope: (s) => void found.push(rules.skipsScope(s)) }, [{}]);
      return found;
    };
    expect(decided({ services: ['other'] }, 'include')).toEqual([true, true]);
    expect(decided({ services: ['shop'], libraries: [{ name: 'other' }] }, 'include')).toEqual([false, true]);
    expect(decided({ services: ['shop'], span_names: ['x'] }, 'include')).toEqual([false, false]);
    expect(decided({ services: ['shop'] }, 'exclude')).toEqual([false, true]);
    expect(decided({ services: ['shop'], span_names: ['x'] }, 'exclude')).toEqual([false, false]);
  });

  it('remember results of expressions by text, the last ones, when asked to', () => {
    const test = jest.spyOn(Regex.prototype, 'test');
    const testsOf = (texts: readonly string[], regexp?: MatchProperties['regexp']): number => {
      const type = { match_type: 'regexp', ...(regexp && { regexp }) };
      const matcher = new AttributesMatcher([{ key: 'a', value: '^x' }], type);
      test.mockClear();
      const matches: boolean[] = [];
      pass(
        { onSpan: ({ attributes }: SpanView) => void matches.push(matcher.matches(attributes)) },
        texts.map((a) => ({ a })),
      );
      expect(matches).toEqual(texts.map((text) => text.startsWith('x')));
      return test.mock.calls.length;
    };
    const texts = ['x1', 'y', 'x1', 'x2', 'x1', 'y'];
    expect(testsOf(texts)).toBe(6);
    expect(testsOf(texts, { cacheenabled: false, cachemaxnumentries: 5 })).toBe(6);
    expect(testsOf(texts, { cacheenabled: true, cachemaxnumentries: 0 })).toBe(3);
    expect(testsOf(texts, { cacheenabled: true, cachemaxnumentries: 2 })).toBe(4);
  });

  it.each<[Partial<MatchProperties>, string]>([
    [{}, 'at least one of "attributes", "libraries",  or "resources" field must be specified'],
    [{ log_bodies: ['a'] }, 'log_bodies should not be specified for trace spans'],
    [{ log_severity_texts: ['a'] }, 'log_severity_texts should not be specified for trace spans'],
    [{ log_severity_number: { min: 1, match_undefined: false } }, 'log_severity_number should not be specified for trace spans'],
    [{ metric_names: ['a'] }, 'metric_names should not be specified for trace spans'],
    [
      { span_names: ['a'], match_type: '' },
      "error creating span name filters: unrecognized match_type: '', valid types are: [regexp strict]",
    ],
    [{ span_names: ['('], match_type: 'regexp' }, 'error creating span name filters: error parsing regexp: missing closing ): `(`'],
    [{ services: ['('], match_type: 'regexp' }, 'error creating service name filters: error parsing regexp: missing closing ): `(`'],
    [{ attributes: [{ key: '' }] }, "error creating attribute filters: can't have empty key in the list of attributes"],
    [
      { resources: [{ key: 'k', value: 1n }], match_type: 'regexp' },
      'error creating resource filters: match_type=regexp for "k" only supports Str, but found Int',
    ],
    [
      { attributes: [{ key: 'k', value: true }], match_type: 'regexp' },
      'error creating attribute filters: match_type=regexp for "k" only supports Str, but found Bool',
    ],
    [
      { attributes: [{ key: 'k', value: 0.5 }], match_type: 'regexp' },
      'error creating attribute filters: match_type=regexp for "k" only supports Str, but found Double',
    ],
    [
      { attributes: [{ key: 'k', value: [1n] }], match_type: 'regexp' },
      'error creating attribute filters: match_type=regexp for "k" only supports Str, but found Slice',
    ],
    [
      { attributes: [{ key: 'k', value: { a: 1n } }], match_type: 'regexp' },
      'error creating attribute filters: match_type=regexp for "k" only supports Str, but found Map',
    ],
    [
      { span_kinds: ['SERVER'] },
      'span_kinds string must match one of the standard span kinds when match_type=strict: [     SPAN_KIND_CLIENT SPAN_KIND_CONSUMER SPAN_KIND_INTERNAL SPAN_KIND_PRODUCER SPAN_KIND_SERVER]',
    ],
  ])('for spans refuse %j', (settings, message) => {
    expect(() => ItemRules.forSpans({ exclude: properties(settings) })).toThrow(expect.objectContaining({ message }));
  });

  it.each<[Partial<MatchProperties>, string]>([
    [{ span_names: ['a'] }, 'services, span_names, span_kinds and metric_names are not valid for log records'],
    [
      {},
      'at least one of "attributes", "libraries", "span_kinds", "resources", "log_bodies", "log_severity_texts" or "log_severity_number" field must be specified',
    ],
  ])('for log records refuse %j', (settings, message) => {
    expect(() => ItemRules.forLogs({ include: properties(settings) })).toThrow(expect.objectContaining({ message }));
  });

  it.each<[Partial<MatchProperties>, string]>([
    [
      { services: ['a'] },
      '"span_names", "span_kinds", "log_bodies", "log_severity_texts", "log_severity_number", "services", "attributes" and "libraries" are not valid for metrics',
    ],
    [{}, 'at least one of "metric_names" or "resources" field must be specified'],
  ])('for metrics refuse %j', (settings, message) => {
    expect(() => checkForMetrics(properties(settings))).toThrow(expect.objectContaining({ message }));
  });

  it('for metrics refuse an unknown match type', () => {
    expect(() => new MetricRules({ match_type: 'expr', metric_names: ['a'] }, undefined)).toThrow(
      new Error("unrecognized match_type: 'expr', valid types are: [regexp strict]"),
    );
  });
});

describe('goFixed', () => {
  it.each<[number, string]>([
    [0, '0'],
    [-0, '-0'],
    [1.5, '1.5'],
    [1e21, '1000000000000000000000'],
    [-1.25e-9, '-0.00000000125'],
    [1.2345e22, '12345000000000000000000'],
    [NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ])('writes %p as %s', (value, text) => {
    expect(goFixed(value)).toBe(text);
  });
});
