import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';

/** What @opentelemetry/sdk-node is set up with. */
export interface NodeSdkParts {
  readonly spanProcessor: unknown;
  readonly metricReader: unknown;
  readonly logRecordProcessor: unknown;
  readonly resource: Readonly<Record<string, string | number | boolean>>;
  readonly sampling: number | undefined;
  /** The application's own settings, which win. */
  readonly settings: object;
}

/** Sets OpenTelemetry up for the process, with W3C propagation, and lets it export through the hooks. */
export async function startNodeSdk(parts: NodeSdkParts): Promise<{ shutdown(): Promise<void> }> {
  const { ParentBasedSampler, TraceIdRatioBasedSampler } = await import('@opentelemetry/sdk-trace');
  const sdk = new NodeSDK({
    resource: resourceFromAttributes(parts.resource),
    spanProcessors: [parts.spanProcessor],
    metricReaders: [parts.metricReader],
    logRecordProcessors: [parts.logRecordProcessor],
    ...(parts.sampling !== undefined && { sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(parts.sampling) }) }),
    ...parts.settings,
  } as Partial<NodeSDKConfiguration>);
  sdk.start();
  return sdk;
}
