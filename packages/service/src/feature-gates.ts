/** A switch for a behaviour that is not on for everybody. */
export interface FeatureGate {
  readonly id: string;
  readonly stage: 'alpha' | 'beta' | 'stable' | 'deprecated';
  readonly description: string;
}

/** The gates that this program knows, under the Collector's names. */
export const featureGates: readonly FeatureGate[] = [
  {
    id: 'processor.tailsamplingprocessor.metricstatcountbytessampled',
    stage: 'alpha',
    description: 'Count the bytes that each policy of tail_sampling decided about.',
  },
  {
    id: 'processor.tailsamplingprocessor.metricstatcountspanssampled',
    stage: 'alpha',
    description: 'Count the spans that each policy of tail_sampling decided about.',
  },
  {
    id: 'processor.tailsamplingprocessor.recordpolicy',
    stage: 'alpha',
    description: 'Write into kept traces which policy of tail_sampling kept them.',
  },
  {
    id: 'connector.spanmetrics.excludeResourceMetrics',
    stage: 'alpha',
    description: 'When enabled, connector will exclude all resource attributes.',
  },
  {
    id: 'connector.spanmetrics.includeCollectorInstanceID',
    stage: 'beta',
    description: 'When enabled, connector add collector.instance.id to default dimensions.',
  },
  {
    id: 'connector.spanmetrics.legacyMetricNames',
    stage: 'alpha',
    description: 'When enabled, connector uses legacy metric names.',
  },
  {
    id: 'connector.spanmetrics.useSecondAsDefaultMetricsUnit',
    stage: 'alpha',
    description: 'When enabled, connector use second as default unit for duration metrics.',
  },
  {
    id: 'service.AllowNoPipelines',
    stage: 'alpha',
    description: 'Allow starting without any pipelines.',
  },
  {
    id: 'service.profilesSupport',
    stage: 'alpha',
    description: 'Enable the profiles signal; profiles pass through uninterpreted.',
  },
  {
    id: 'spanmetrics.statusCodeConvention.useOtelPrefix',
    stage: 'alpha',
    description: 'When enabled, generated metrics will use `otel.status_code=ERROR` instead of `status.code=STATUS_CODE_ERROR`',
  },
];

/** Whether a gate is on when nobody asks. */
export function isOnByDefault(gate: FeatureGate): boolean {
  return gate.stage === 'beta' || gate.stage === 'stable';
}

/** The enabled gates after `--feature-gates=a,-b,+c`. Throws an Error in the Collector's words for a bad identifier. */
export function enabledGates(flag: string): ReadonlySet<string> {
  const enabled = new Set(featureGates.filter(isOnByDefault).map((gate) => gate.id));
  if (flag === '') return enabled;
  for (const [index, part] of flag.split(',').entries()) {
    const off = part.startsWith('-');
    const id = part.replace(/^[+-]/, '');
    if (id === '') throw new Error(`empty feature gate identifier at index ${index}`);
    const gate = featureGates.find((known) => known.id === id);
    if (gate === undefined) {
      throw new Error(`no such feature gate "${id}". valid gates: [${featureGates.map((known) => known.id).join(' ')}]`);
    }
    if (off && gate.stage === 'stable') throw new Error(`feature gate "${id}" is stable, can not be disabled`);
    if (off) enabled.delete(id);
    else enabled.add(id);
  }
  return enabled;
}
