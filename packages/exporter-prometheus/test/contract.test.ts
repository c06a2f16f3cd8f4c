import { configOf, exporterContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

exporterContract({ describe, it, expect }, factory, () => ({ config: configOf(factory, { endpoint: '127.0.0.1:0' }) }));

describe('prometheus, its configuration', () => {
  const problems = (settings: object): readonly string[] => factory.validateConfig!(configOf(factory, settings));

  it('needs an endpoint', () => {
    expect(problems({})).toEqual(['expecting a non-blank address to run the Prometheus metrics handler']);
    expect(problems({ endpoint: ' ' })).toEqual(['expecting a non-blank address to run the Prometheus metrics handler']);
    expect(problems({ endpoint: 'localhost' })).toEqual(['endpoint: address localhost: missing port in address']);
    expect(problems({ endpoint: '0.0.0.0:8889' })).toEqual([]);
  });

  it('knows four translation strategies', () => {
    expect(problems({ endpoint: ':8889', translation_strategy: 'NoTranslation' })).toEqual([]);
    expect(problems({ endpoint: ':8889', translation_strategy: 'notranslation' })).toEqual(['invalid translation_strategy: notranslation']);
  });

  it('chooses resource attributes in one way only', () => {
    const old = { endpoint: ':8889', resource_to_telemetry_conversion: { enabled: true } };
    expect(problems(old)).toEqual([]);
    expect(problems({ ...old, resource_constant_labels: { included: ['*'] } })).toEqual([
      'cannot configure both resource_to_telemetry_conversion and resource_constant_labels; resource_to_telemetry_conversion is deprecated',
    ]);
  });

  it('has one instance for all workers', () => {
    expect(factory.scope).toBe('process');
  });
});
