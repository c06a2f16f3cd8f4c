import { configOf, exporterContract, itemNames, systemClock } from '@millrace/api/testing';
import type { Factory } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import type { LoadBalancingConfig } from '../src/config.ts';
import { factory } from '../src/index.ts';
import { Fleet, staticResolver } from './fleet.ts';

const fleet = new Fleet();

exporterContract(
  { describe, it, expect },
  factory,
  () => {
    fleet.servers.clear();
    return {
      config: configOf(factory, { ...staticResolver('one:1', 'two:2', 'three:3') }),
      receivedItems: () => itemNames([...fleet.servers.values()].flatMap(({ requests }) => requests)).length,
    };
  },
  () => systemClock,
  [fleet.factory as unknown as Factory],
);

describe('A configuration', () => {
  const problems = (settings: object): readonly string[] => factory.validateConfig!(configOf<LoadBalancingConfig>(factory, settings));

  it('needs one resolver that names its backends', () => {
    expect(problems({})).toEqual(['no resolvers specified for the exporter']);
    expect(problems({ resolver: { static: { hostnames: ['a'] }, dns: { hostname: 'b' } } })).toEqual([
      'only one resolver should be specified',
    ]);
    expect(problems({ resolver: { static: {} } })).toEqual(['resolver::static: no endpoints specified for the static resolver']);
    expect(problems({ resolver: { dns: {} } })).toEqual(['resolver::dns: no hostname specified to resolve the backends']);
    expect(problems(staticResolver('a'))).toEqual([]);
  });

  it('has routing_attributes with routing_key attributes, and with no other', () => {
    expect(problems({ ...staticResolver('a'), routing_key: 'attributes' })).toEqual([
      'routing_attributes must be specified when routing_key is "attributes"',
    ]);
    expect(problems({ ...staticResolver('a'), routing_key: 'service', routing_attributes: ['x'] })).toEqual([
      'routing_attributes can only be used when routing_key is "attributes"; got "service". Remove routing_attributes or set routing_key to "attributes"',
    ]);
  });

  it('is checked for the backends as that of otlp_grpc is', () => {
    const otlp = { timeout: '-1s', sending_queue: { num_consumers: 0 } };
    expect(problems({ ...staticResolver('a'), protocol: { otlp }, timeout: '-2s' })).toEqual([
      "'timeout' must be non-negative",
      "protocol::otlp: 'timeout' must be non-negative",
      'protocol::otlp: sending_queue: `num_consumers` must be positive',
    ]);
  });

  it('with a storage for one of its queues makes it one for the process', () => {
    const scope = factory.scope as (config: LoadBalancingConfig) => string;
    const of = (settings: object): string => scope(configOf(factory, { ...staticResolver('a'), ...settings }));
    expect(of({})).toBe('worker');
    expect(of({ sending_queue: { enabled: true, storage: 'file_storage' } })).toBe('process');
    expect(of({ protocol: { otlp: { sending_queue: { storage: 'file_storage' } } } })).toBe('process');
  });
});
