import { describe, expect, it } from '@jest/globals';
import { configOf, testContext } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

const actions = [{ key: 'region', action: 'insert', value: 'eu' }];

describe('Processor attributes', () => {
  it('needs actions, and good ones', () => {
    const { validateConfig } = factory;
    expect(validateConfig!(configOf(factory))).toEqual(['missing required field "actions"']);
    expect(validateConfig!(configOf(factory, { actions: [...actions, { key: 'a', action: 'set' }] }))).toEqual([
      'actions::1: error with key "a" (1-th action): error creating AttrProc due to unsupported action "set"',
    ]);
    expect(validateConfig!(configOf(factory, { actions }))).toEqual([]);
  });

  it.each(['traces', 'metrics', 'logs'] as const)('asks nothing but the items of %s without include and exclude', (signal) => {
    const hooks = Object.keys(factory.visit!(configOf(factory, { actions }), testContext({ signal })));
    expect(hooks).toEqual([{ traces: 'onSpan', metrics: 'onDataPoint', logs: 'onLog' }[signal]]);
  });

  it.each([
    ['traces', { log_bodies: ['a'] }, 'log_bodies should not be specified for trace spans'],
    ['logs', { span_kinds: ['SPAN_KIND_SERVER'] }, 'services, span_names, span_kinds and metric_names are not valid for log records'],
    ['metrics', {}, 'at least one of "metric_names" or "resources" field must be specified'],
  ] as const)('refuses to start for %s with rules that do not fit them', (signal, rules, message) => {
    const config = configOf(factory, { actions, include: { match_type: 'strict', ...rules } });
    expect(() => factory.visit!(config, testContext({ signal }))).toThrow(message);
  });
});
