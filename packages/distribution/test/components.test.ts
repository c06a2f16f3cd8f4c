import { components, unsupportedHint } from '@millrace/distribution';
import { describe, expect, it } from '@jest/globals';

describe('The distribution', () => {
  it('loads each component under the kind and type of its line', async () => {
    for (const entry of components) {
      const { factory } = await entry.load();
      expect([factory.kind, factory.type]).toEqual([entry.kind, entry.type]);
    }
  });

  it('knows what to use instead of components of the Collector that are not here', () => {
    expect(unsupportedHint('exporter', 'kafka')).toContain('otlp_grpc');
    expect(unsupportedHint('exporter', 'no_such_thing')).toBeUndefined();
    expect(unsupportedHint('exporter', 'constructor')).toBeUndefined();
  });

  it('does not call a component unsupported that it has', () => {
    for (const { kind, type, aliases = [] } of components) {
      for (const name of [type, ...aliases]) expect(unsupportedHint(kind, name)).toBeUndefined();
    }
  });
});
