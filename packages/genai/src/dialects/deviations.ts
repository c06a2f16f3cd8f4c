import type { Scope } from '../origin.ts';

/** An instrumentation, by how the name of its scope begins, and the provider for which it deviates. */
interface Deviation {
  readonly scope: string;
  readonly provider: string;
}

/** Instrumentations that report the input as the vendor counts it, without what was cached, although their convention includes it. */
const deviations: readonly Deviation[] = [
  // Up to 0.27.0 at least.
  { scope: '@traceloop/instrumentation-anthropic', provider: 'anthropic' },
  // Up to 0.62.4 at least.
  { scope: 'opentelemetry.instrumentation.bedrock', provider: 'aws.bedrock' },
  // Up to 0.66b2 at least.
  { scope: 'opentelemetry.instrumentation.botocore', provider: 'aws.bedrock' },
  // Up to 1.45.0 at least.
  { scope: 'openlit', provider: 'anthropic' },
  { scope: 'openlit', provider: 'aws.bedrock' },
];

/** Whether this sender leaves the cache out of the input. */
export function leavesCacheOutOfInput(scope: Scope, provider: string): boolean {
  for (const deviation of deviations) if (deviation.provider === provider && scope.name.startsWith(deviation.scope)) return true;
  return false;
}
