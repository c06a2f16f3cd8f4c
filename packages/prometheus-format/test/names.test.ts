import {
  escapeLabelName,
  escapeName,
  isLegacyLabelName,
  isLegacyName,
  labelName,
  metricName,
  translationStrategies,
  unescapeName,
  unitName,
} from '@millrace/prometheus-format';
import type { NamedKind } from '@millrace/prometheus-format';
import { describe, expect, it } from '@jest/globals';

const withSuffixes = { suffixes: true, utf8: false };
const withoutSuffixes = { suffixes: false, utf8: false };
const utf8 = { suffixes: true, utf8: true };

describe('Metric names with suffixes', () => {
  it.each<[string, string, NamedKind, string]>([
    ['http.server.duration', 's', 'other', 'http_server_duration_seconds'],
    ['http.server.duration.seconds', 's', 'other', 'http_server_duration_seconds'],
    ['system.io', 'foo/bar', 'counter', 'system_io_foo_per_bar_total'],
    ['network.io', 'By/s', 'gauge', 'network_io_bytes_per_second'],
    ['network (transmitted).size', 'By', 'gauge', 'network_transmitted_size_bytes'],
    ['memory.usage', 'By', 'counter', 'memory_usage_bytes_total'],
    ['total.requests', '', 'counter', 'requests_total'],
    ['requests.total.count', '1', 'counter', 'requests_count_total'],
    ['ratio.used', '1', 'gauge', 'used_ratio'],
    ['used', '1', 'other', 'used'],
    ['used', '1', 'counter', 'used_total'],
    ['cpu', '%', 'gauge', 'cpu_percent'],
    ['jobs', '{jobs}', 'counter', 'jobs_total'],
    ['jobs', '{jobs}/s', 'gauge', 'jobs_per_second'],
    ['jobs', 'By/{job}', 'gauge', 'jobs_bytes'],
    ['work', ' m / h ', 'gauge', 'work_meters_per_hour'],
    ['rate', 'per_x/', 'gauge', 'rate_per_x'],
    ['weird', 'a__b', 'gauge', 'weird_a_b'],
    ['weird', '€', 'gauge', 'weird'],
    ['weird', 'x_/z', 'gauge', 'weird_x_per_z'],
    ['weird', 'x/€', 'gauge', 'weird_x'],
    ['broken.metric.speed.km', 'km/h', 'gauge', 'broken_metric_speed_km_per_hour'],
    ['__leading__under__', '', 'gauge', 'leading_under'],
    ['2nd.try', '', 'gauge', '_2nd_try'],
    ['a:b', '', 'gauge', 'a:b'],
    ['été', '', 'gauge', 't'],
    ['temperature', 'Cel', 'gauge', 'temperature_celsius'],
    ['build', 'd', 'gauge', 'build_days'],
    ['disk', 'KiBy', 'gauge', 'disk_kibibytes'],
    ['disk', 'TBy', 'gauge', 'disk_terabytes'],
  ])('%s in %j as a %s is %s', (name, unit, kind, expected) => {
    expect(metricName(name, unit, kind, withSuffixes)).toBe(expected);
  });

  it('begin with the namespace', () => {
    expect(metricName('2nd', 's', 'counter', { ...withSuffixes, namespace: 'my_ns' })).toBe('my_ns_2nd_seconds_total');
  });

  it.each(['', '...', '_', '€'])('cannot be made of %j', (name) => {
    expect(() => metricName(name, '', 'gauge', withSuffixes)).toThrow(
      `normalization for metric ${JSON.stringify(name)} resulted in empty name`,
    );
  });
});

describe('Metric names without suffixes', () => {
  it.each([
    ['http.server.duration', '', 'http_server_duration'],
    ['a__b', '', 'a__b'],
    ['2nd', '', '_2nd'],
    ['2nd', 'my-ns', 'my_ns_2nd'],
  ])('%s with namespace %j is %s', (name, namespace, expected) => {
    expect(metricName(name, 's', 'counter', { ...withoutSuffixes, namespace })).toBe(expected);
  });

  it('cannot be underscores only', () => {
    expect(metricName('___', '', 'gauge', withoutSuffixes)).toBe('___');
    expect(() => metricName('.__.', '', 'gauge', withoutSuffixes)).toThrow('normalization for metric ".__." resulted in invalid name "__"');
  });
});

describe('Metric names in UTF-8', () => {
  it.each<[string, string, NamedKind, string]>([
    ['http.server.duration', 's', 'other', 'http.server.duration_seconds'],
    ['http.duration.seconds', 's', 'other', 'http.duration.seconds'],
    ['requests.total', '', 'counter', 'requests_total'],
    ['été', 'By/s', 'gauge', 'été_bytes_per_second'],
    ['x_per_second', 'By/s', 'gauge', 'x_bytes_per_second'],
    ['used.ratio', '1', 'gauge', 'used_ratio'],
    ['total', '', 'counter', 'total_total'],
    ['jobs😀total', '', 'counter', 'jobs_total'],
  ])('%s in %j as a %s is %s', (name, unit, kind, expected) => {
    expect(metricName(name, unit, kind, utf8)).toBe(expected);
  });

  it('stay as they are without suffixes', () => {
    expect(metricName('a b', 's', 'counter', { suffixes: false, utf8: true, namespace: 'n' })).toBe('n_a b');
    expect(translationStrategies['NoTranslation']).toEqual({ suffixes: false, utf8: true });
  });
});

describe('Units', () => {
  it.each([
    ['s', 'seconds'],
    ['By/s', 'bytes_per_second'],
    ['1', ''],
    ['', ''],
    ['{requests}', ''],
    ['/s', 'per_second'],
    ['requests/s', 'requests_per_second'],
    ['_x_', 'x'],
    ['°C', 'C'],
  ])('%j is %j', (unit, expected) => {
    expect(unitName(unit)).toBe(expected);
  });

  it('keep their characters in UTF-8', () => {
    expect(unitName('°C', true)).toBe('°C');
  });
});

describe('Label names', () => {
  it.each([
    ['http.method', 'http_method'],
    ['a..b', 'a__b'],
    ['1st', 'key_1st'],
    ['_private', '_private'],
    ['__reserved__', '__reserved__'],
    ['😀x', '_x'],
    ['a:b', 'a_b'],
  ])('%s is %s', (name, expected) => {
    expect(labelName(name)).toBe(expected);
  });

  it('keep their characters in UTF-8', () => {
    expect(labelName('http.méthode', { utf8: true })).toBe('http.méthode');
  });

  it.each([
    ['a..b__c', 'a_b_c'],
    ['_private', 'key_private'],
    ['.private', 'key_private'],
    ['__two', 'key_two'],
    ['1st', 'key_1st'],
    ['__a..b__', '__a_b__'],
    ['é', 'key_'],
  ])('%s is %s when underscores collapse', (name, expected) => {
    expect(labelName(name, { utf8: false, collapses: true })).toBe(expected);
  });

  it('cannot be empty or underscores only', () => {
    expect(() => labelName('')).toThrow('label name is empty');
    expect(() => labelName('._.')).toThrow('normalization for label name "._." resulted in invalid name "___"');
    expect(() => labelName('_', { utf8: true })).toThrow('label name "_" contains only underscores');
  });
});

describe('Escaping', () => {
  it.each([
    ['plain_name:x', 'plain_name:x', 'plain_name:x', 'plain_name:x'],
    ['a.b', 'a_b', 'a_dot_b', 'U__a_2e_b'],
    ['a_b.c', 'a_b_c', 'a__b_dot_c', 'U__a__b_2e_c'],
    ['1x', '_x', '__x', 'U___31_x'],
    ['é😀', '__', '____', 'U___e9__1f600_'],
  ])('makes of %s: %s, %s or %s', (name, underscores, dots, values) => {
    expect((['underscores', 'dots', 'values', 'allow-utf-8'] as const).map((escaping) => escapeName(name, escaping))).toEqual([
      underscores,
      dots,
      values,
      name,
    ]);
    expect(unescapeName(values, 'values')).toBe(name);
  });

  it('of a label name knows that colons are for metrics', () => {
    expect(escapeLabelName('a:b', 'underscores')).toBe('a_b');
    expect([isLegacyName('a:b'), isLegacyLabelName('a:b'), isLegacyLabelName('1a')]).toEqual([true, false, false]);
  });

  it('can be undone as far as its scheme allows', () => {
    expect(unescapeName('a__b_dot_c', 'dots')).toBe('a_b.c');
    expect(unescapeName('a_b', 'underscores')).toBe('a_b');
    expect(unescapeName('no_prefix', 'values')).toBe('no_prefix');
    for (const broken of ['U__a_2e', 'U___xyz_', 'U___d800_', 'U___110000_', 'U__a_']) expect(unescapeName(broken, 'values')).toBe(broken);
  });
});
