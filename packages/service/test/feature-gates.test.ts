import { describe, expect, it } from '@jest/globals';
import { enabledGates, featureGates } from '../src/feature-gates.ts';

describe('Feature gates', () => {
  it('are off until they are named, unless their stage turns them on', () => {
    const own = 'connector.spanmetrics.includeCollectorInstanceID';
    expect([...enabledGates('')]).toEqual([own]);
    expect([...enabledGates(`-${own}`)]).toEqual([]);
    expect([...enabledGates('service.profilesSupport')]).toEqual([own, 'service.profilesSupport']);
    expect([...enabledGates('+service.profilesSupport,-service.profilesSupport')]).toEqual([own]);
  });

  it('refuse an unknown or empty identifier and name the known ones', () => {
    expect(() => enabledGates('nope')).toThrow(`no such feature gate "nope". valid gates: [${featureGates.map(({ id }) => id).join(' ')}]`);
    expect(() => enabledGates('service.profilesSupport,')).toThrow('empty feature gate identifier at index 1');
  });
});
