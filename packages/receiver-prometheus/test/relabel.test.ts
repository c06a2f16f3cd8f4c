import { describe, expect, it } from '@jest/globals';
import { relabelProblem, relabelRule } from '../src/relabel.ts';
import type { RelabelConfig } from '../src/relabel.ts';

const rule = (config: Partial<RelabelConfig>): RelabelConfig => ({
  source_labels: [],
  separator: ';',
  regex: '(.*)',
  modulus: 0,
  target_label: '',
  replacement: '$1',
  action: 'replace',
  ...config,
});

const labels = { __name__: 'm', a: 'foo', b: 'bar', c: 'baz' };

/** The labels after a rule; `dropped` when nothing is left. */
const after = (config: Partial<RelabelConfig>): unknown => {
  const map = new Map(Object.entries(labels));
  return relabelRule(rule(config))(map) ? Object.fromEntries(map) : 'dropped';
};

describe('Relabelling', () => {
  it.each<[string, Partial<RelabelConfig>, unknown]>([
    ['replaces', { source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: 'ch${1}-ch${1}' }, { ...labels, d: 'choo-choo' }],
    ['joins values with a separator', { source_labels: ['a', 'b'], separator: '/', target_label: 'd' }, { ...labels, d: 'foo/bar' }],
    ['leaves alone what does not match as a whole', { source_labels: ['a'], regex: 'o', target_label: 'a', replacement: 'x' }, labels],
    [
      'removes a label that becomes empty',
      { source_labels: ['a'], regex: 'foo', target_label: 'a', replacement: '' },
      { __name__: 'm', b: 'bar', c: 'baz' },
    ],
    [
      'names the target by a group',
      { source_labels: ['a'], regex: '(.*)', target_label: '${1}_x', replacement: 'y' },
      { ...labels, foo_x: 'y' },
    ],
    ['leaves alone a target that is no name', { source_labels: ['a'], regex: '(.*)', target_label: '${1}-x', replacement: 'y' }, labels],
    ['keeps', { source_labels: ['a'], regex: 'foo|x', action: 'keep' }, labels],
    ['does not keep', { source_labels: ['a'], regex: 'fo', action: 'keep' }, 'dropped'],
    ['drops', { source_labels: ['a'], regex: 'f.*', action: 'drop' }, 'dropped'],
    ['does not drop', { source_labels: ['missing'], regex: '.+', action: 'drop' }, labels],
    ['keeps what is equal', { source_labels: ['a'], target_label: 'b', action: 'keepequal' }, 'dropped'],
    ['drops what is equal', { source_labels: ['a'], target_label: 'b', action: 'dropequal' }, labels],
    ['hashes', { source_labels: ['c'], target_label: 'd', modulus: 1000, action: 'hashmod' }, { ...labels, d: '976' }],
    ['maps names', { regex: '(b.*)', replacement: 'bar_${1}', action: 'labelmap' }, { ...labels, bar_b: 'bar' }],
    ['drops labels', { regex: '(b|c)', action: 'labeldrop' }, { __name__: 'm', a: 'foo' }],
    ['keeps labels', { regex: '(__name__|b)', action: 'labelkeep' }, { __name__: 'm', b: 'bar' }],
    ['writes small', { source_labels: ['a'], target_label: 'd', action: 'lowercase' }, { ...labels, d: 'foo' }],
    ['writes large', { source_labels: ['a'], target_label: 'd', action: 'uppercase' }, { ...labels, d: 'FOO' }],
  ])('%s', (_name, config, expected) => {
    expect(after(config)).toEqual(expected);
  });

  it.each<[Partial<RelabelConfig>, string]>([
    [{ regex: '(' }, 'error parsing regexp: missing closing )'],
    [{}, "relabel configuration for replace action requires 'target_label' value"],
    [{ action: 'hashmod', target_label: 'a' }, 'relabel configuration for hashmod requires non-zero modulus'],
    [{ action: 'lowercase', target_label: 'a-b' }, '"a-b" is invalid \'target_label\' for lowercase action'],
    [{ action: 'uppercase', target_label: 'a', replacement: 'x' }, "'replacement' can not be set for uppercase action"],
    [{ action: 'labeldrop', target_label: 'a' }, "labeldrop action requires only 'regex', and no other fields"],
  ])('refuses %j', (config, problem) => {
    expect(relabelProblem(rule(config))).toContain(problem);
    expect(() => relabelRule(rule(config))).toThrow(problem);
  });
});
