import type { PricesConfig } from '@millrace/genai';
import type { ReaderOptions, View } from '@millrace/instruments';
import type { Variables } from './environment.ts';

/** A pipeline, in the grammar of pipeline.yaml. */
export interface PipelineConfig {
  readonly receivers?: object | null;
  readonly processors?: object | null;
  readonly exporters?: object | null;
  readonly connectors?: object | null;
  readonly extensions?: object | null;
  readonly plugins?: readonly string[] | null;
  readonly service?: object | null;
}

/** What an application says to the SDK besides its pipeline. */
export interface SdkOptions {
  /** `service.name`. Default: `OTEL_SERVICE_NAME`, else `unknown_service:node`. */
  readonly serviceName?: string;
  /** Further attributes of the resource; they win over `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>;
  /** `off`: counters only, without latencies, gauges and the summary. Default `full`. */
  readonly detail?: 'full' | 'off';
  /** The price list: the settings `prices` of processor genai. */
  readonly prices?: Partial<PricesConfig>;
  /** How instruments are exposed. */
  readonly views?: readonly View[];
  /** When what is recorded goes into the pipeline's metrics. Default: one reader, every `OTEL_METRIC_EXPORT_INTERVAL` (60 s). */
  readonly readers?: readonly MetricsReader[];
  /** The share of traces that the SDK's own spans keep, from 0 to 1. Default: `OTEL_TRACES_SAMPLER`, else all. */
  readonly sampling?: number;
  /** Serves what is recorded for Prometheus at a port of its own, by @opentelemetry/exporter-prometheus. Default: no port. */
  readonly prometheus?: PrometheusOptions;
  /** Sets up @opentelemetry/sdk-node, which exports through the pipeline here; an object is handed to `NodeSDK`. Default: it is not loaded. */
  readonly sdkNode?: boolean | object;
  /** Bytes of telemetry in flight and in memory queues, in MiB. Default 64. */
  readonly memoryLimitMib?: number;
  /** Where the variables are read. Default `process.env`. */
  readonly env?: Variables;
  /** Takes the lines of the SDK's own log. Default: standard error. */
  readonly log?: (line: string) => void;
}

/** One of several readers of what is recorded. */
export interface MetricsReader extends ReaderOptions {
  /** Milliseconds between two readings. */
  readonly intervalMs?: number;
}

/** Where Prometheus finds the SDK. */
export interface PrometheusOptions {
  /** Default 9464; 0 for any that is free. */
  readonly port?: number;
  /** Default `localhost`. */
  readonly host?: string;
  /** Default `/metrics`. */
  readonly endpoint?: string;
}

/** What `createMillrace` takes: a pipeline and options in one object. */
export type MillraceConfig = PipelineConfig & SdkOptions;

const sections: readonly string[] = ['receivers', 'processors', 'exporters', 'connectors', 'extensions', 'plugins', 'service'];
const types: Readonly<Record<keyof SdkOptions, string>> = {
  serviceName: 'string',
  resource: 'object',
  detail: 'string',
  prices: 'object',
  views: 'object',
  readers: 'object',
  sampling: 'number',
  prometheus: 'object',
  sdkNode: 'boolean object',
  memoryLimitMib: 'number',
  env: 'object',
  log: 'function',
};

/** The options' problems as sentences; `nearest` finds the name that was probably meant. */
export async function optionProblems(config: object): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(config)) {
    if (sections.includes(name) || value === undefined) continue;
    if (!Object.hasOwn(types, name)) {
      const { nearest } = await import('@millrace/config');
      const suggestion = nearest(name, [...sections, ...Object.keys(types)]);
      const advice = suggestion === undefined ? '' : `\n    did you mean "${suggestion}"?`;
      problems.push(`${JSON.stringify(name)} is neither a section of a pipeline nor an option of the SDK${advice}`);
    } else if (!types[name as keyof SdkOptions].split(' ').includes(typeof value)) {
      problems.push(`${name}: expected ${types[name as keyof SdkOptions].replace(' ', ' or ')}, got ${typeof value}`);
    }
  }
  const { detail, sampling, memoryLimitMib: limit, readers = [] } = config as SdkOptions;
  if (detail !== undefined && detail !== 'full' && detail !== 'off') problems.push('detail: expected one of: full, off');
  if (sampling !== undefined && !(sampling >= 0 && sampling <= 1)) problems.push(`sampling: ${sampling} is not between 0 and 1`);
  if (limit !== undefined && !(limit > 0)) problems.push(`memoryLimitMib: ${limit} is not above 0`);
  for (const { intervalMs } of Array.isArray(readers) ? readers : []) {
    if (intervalMs !== undefined && !(intervalMs > 0)) problems.push(`readers: intervalMs ${intervalMs} is not above 0`);
  }
  return problems;
}

/** The part of an object that is a pipeline; undefined when there is none. */
export function pipelineIn(config: object): object | undefined {
  const found = Object.entries(config).filter(([name, value]) => sections.includes(name) && value !== undefined);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
