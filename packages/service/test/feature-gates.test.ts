import { describe, expect, it } from '@jest/globals';
import { enabledGates, featureGates } from '../src/feature-gates.ts';

describe('Feature gates', () => {
  it('are off until they are named, unless their stage turns them on', () => {
    expect([...enabledGates('')]).toEqual([]);
    expect([...enabledGates('service.profilesSupport')]).toEqual(['service.profilesSupport']);
    expect([...enabledGates('+service.profilesSupport,-service.profilesSupport')]).toEqual([]);
  });

  it('refuse an unknown or empty identifier and name the known ones', () => {
    expect(() => enabledGates('nope')).toThrow(`no such feature gate "nope". valid gates: [${featureGates.map(({ id }) => id).join(' ')}]`);
    expect(() => enabledGates('service.profilesSupport,')).toThrow('empty feature gate identifier at index 1');
  });
});
