import type { Context, PipelineError as Refusal } from '@millrace/api';
import { PipelineError } from '@millrace/api';
import {
  decodeStats,
  encodeStatsRequests,
  encodeTraces,
  LogMapper,
  MetricMapper,
  type Payload,
  TraceMapper,
} from '@millrace/datadog-format';
import { Regex } from '@millrace/regex';
import type { Batch } from '@millrace/wire';
import type { DatadogConfig } from './config.ts';
import { agentVersion, fallbackHostname, type Target } from './intake.ts';
import type { StatsSender } from './stats-sender.ts';

/** What a batch became. */
export interface Converted {
  readonly bodies: readonly { readonly target: Target; readonly payload: Payload }[];
  /** Items that cannot be sent, and why. */
  readonly rejected: number;
  readonly message: string;
}

/** Converts batches of one signal; holds the state that this needs. */
export interface Converter {
  convert(batch: Batch): Converted;
  /** About what its state occupies. */
  readonly sizeBytes: number;
}

/** Makes the converter of a signal. `stats` counts spans unless somebody else does. */
export function createConverter(config: DatadogConfig, context: Context, stats: StatsSender | undefined): Converter {
  if (config.only_metadata) return { convert: () => ({ bodies: [], rejected: 0, message: '' }), sizeBytes: 0 };
  switch (context.signal) {
    case 'traces':
      return traceConverter(config, context, stats!);
    case 'metrics':
      return metricConverter(config, context);
    default:
      return logConverter(config, context);
  }
}

function traceConverter(config: DatadogConfig, context: Context, stats: StatsSender): Converter {
  const { traces } = config;
  const ignored = traces.ignore_resources.map((pattern) => new Regex(pattern));
  const hostname = fallbackHostname(config);
  const mapper = new TraceMapper({
    hostname,
    spanNameAsResourceName: traces.span_name_as_resource_name,
    spanNameRemappings: new Map(Object.entries(traces.span_name_remappings)),
    computeTopLevelBySpanKind: traces.compute_top_level_by_span_kind,
    ignores: (resource) => ignored.some((regex) => regex.test(resource)),
    now: () => BigInt(context.clock.now()) * 1_000_000n,
    onTrace: (payload, chunk, root) => stats.add(payload, chunk, root),
  });
  return {
    sizeBytes: 0,
    convert(batch) {
      const { payloads, dropped } = guarded(() => mapper.map(batch));
      const bodies = encodeTraces(payloads, { hostname, env: 'none', version: agentVersion(context) });
      const rejected = dropped.get('invalid_trace') ?? 0;
      return {
        bodies: bodies.map((payload) => ({ target: 'traces' as const, payload })),
        rejected,
        message: rejected === 0 ? '' : 'spans without a trace id or span id',
      };
    },
  };
}

function metricConverter(config: DatadogConfig, context: Context): Converter {
  const { metrics } = config;
  const mapper = new MetricMapper({
    hostname: fallbackHostname(config),
    deltaTtlMs: metrics.delta_ttl * 1000,
    histogramMode: metrics.histograms.mode,
    sendAggregations: metrics.histograms.send_aggregation_metrics || metrics.histograms.send_count_sum_metrics,
    rawSums: metrics.sums.cumulative_monotonic_mode === 'raw_value',
    initialValue: metrics.sums.initial_cumulative_monotonic_value ?? 'auto',
    quantiles: metrics.summaries.mode === 'gauges',
    resourceAttributesAsTags: metrics.resource_attributes_as_tags,
    scopeAsTags: metrics.instrumentation_scope_metadata_as_tags,
    startNanos: BigInt(context.clock.now()) * 1_000_000n,
    nowMs: () => context.clock.now(),
  });
  return {
    get sizeBytes() {
      return mapper.sizeBytes;
    },
    convert(batch) {
      const { series, sketches, stats, dropped } = guarded(() => mapper.map(batch));
      const bodies: { target: Target; payload: Payload }[] = [];
      let rejected = 0;
      const reasons: string[] = [];
      for (const payload of series) bodies.push({ target: 'series', payload });
      for (const payload of sketches) bodies.push({ target: 'sketches', payload });
      for (const bytes of stats) {
        try {
          const decoded = decodeStats(bytes);
          decoded.agentVersion = agentVersion(context);
          for (const client of decoded.stats) {
            client.tracerVersion ||= context.program.name + context.program.version;
            if (client.tags.length === 0) client.containerId = '';
          }
          const [first, ...more] = encodeStatsRequests(decoded);
          // The data point that brought them counts with the first request.
          if (first !== undefined) bodies.push({ target: 'stats', payload: withItems(first, 1) });
          for (const payload of more) bodies.push({ target: 'stats', payload: withItems(payload, 0) });
        } catch (error) {
          rejected++;
          reasons.push((error as Error).message);
        }
      }
      for (const [reason, points] of dropped) {
        // A point that says that there is no value has nothing to send.
        if (reason === 'no_recorded_value') continue;
        rejected += points;
        reasons.push(`${points} data points: ${reason}`);
      }
      return { bodies, rejected, message: reasons.join('; ') };
    },
  };
}

function logConverter(config: DatadogConfig, context: Context): Converter {
  const mapper = new LogMapper({ hostname: fallbackHostname(config), nowMs: () => context.clock.now() });
  return {
    sizeBytes: 0,
    convert: (batch) => ({
      bodies: guarded(() => mapper.map(batch)).map((payload) => ({ target: 'logs' as const, payload })),
      rejected: 0,
      message: '',
    }),
  };
}

function withItems(payload: Payload, items: number): Payload {
  return {
    bytes: payload.bytes,
    items,
    halves: () => payload.halves().map((half, i) => withItems(half, i === 0 ? items : 0)),
  };
}

/** What cannot be converted now cannot be later. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const refusal: Refusal = new PipelineError(`cannot be converted: ${(error as Error).message}`, { kind: 'permanent', cause: error });
    throw refusal;
  }
}
