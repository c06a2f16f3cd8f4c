import { readFileSync } from 'node:fs';
import type { Batch, BufferPool, Plain } from '@millrace/api';
import { BatchBuilder } from '@millrace/wire';
import type { TelemetryOtlpConfig } from '@millrace/config';
import type { Attributes, HrTime } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { createOtlpClient, headersOf, otlpUrl } from './otlp-client.ts';
import { scopeName } from './own-resource.ts';
import type { OwnResource } from './own-resource.ts';
import type { OwnTracesContext } from './own-traces.ts';

/**
 * Sends own spans by OTLP: as JSON with the SDK's exporter, as protobuf with millrace's own encoder and clients. What a destination does not
 * take is logged and lost.
 */
export function createSpanExporter(config: TelemetryOtlpConfig, resource: OwnResource, own: OwnTracesContext): SpanExporter {
  const exporter = config.protocol === 'http/json' ? jsonExporter(config) : protobufExporter(config, resource, own);
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) {
          const error = result.error?.message ?? 'unknown';
          own.logger.error('failed to export own spans', { dropped_spans: spans.length, error });
        }
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
}

function jsonExporter(config: TelemetryOtlpConfig): SpanExporter {
  const { certificate, client_certificate: own, client_key: key } = config;
  const tls = {
    ...(certificate !== undefined && { ca: readFileSync(certificate) }),
    ...(own !== undefined && { cert: readFileSync(own) }),
    ...(key !== undefined && { key: readFileSync(key) }),
  };
  return new OTLPTraceExporter({
    httpAgentOptions: tls,
    url: otlpUrl(config.endpoint, 'traces').href,
    headers: headersOf(config),
    ...(config.timeout > 0 && { timeoutMillis: config.timeout }),
    ...(config.compression === 'gzip' && { compression: 'gzip' as never }),
  });
}

function protobufExporter(config: TelemetryOtlpConfig, resource: OwnResource, own: OwnTracesContext): SpanExporter {
  const client = createOtlpClient(config, 'traces', own);
  const send = async (spans: readonly ReadableSpan[]): Promise<void> => {
    using batch = spansBatch(spans, resource, own.pool());
    if (batch !== undefined) await client.send(batch);
  };
  const pending = new Set<Promise<void>>();
  return {
    export: (spans, done) => {
      const sending = send(spans).then(
        () => done({ code: ExportResultCode.SUCCESS }),
        (error: unknown) => done({ code: ExportResultCode.FAILED, error: error instanceof Error ? error : new Error(String(error)) }),
      );
      pending.add(sending);
      void sending.finally(() => pending.delete(sending));
    },
    shutdown: async () => {
      await Promise.all(pending);
      await client.close();
    },
  };
}

/** Own spans as an OTLP request; undefined without spans. */
export function spansBatch(spans: readonly ReadableSpan[], resource: OwnResource, pool: BufferPool): Batch | undefined {
  using builder = new BatchBuilder('traces', pool);
  const scope = builder.resource(resource.attributes, resource.schemaUrl).scope(scopeName, resource.version);
  for (const span of spans) {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    scope.span({
      traceId,
      spanId,
      ...(span.parentSpanContext !== undefined && { parentSpanId: span.parentSpanContext.spanId }),
      ...(traceState !== undefined && { traceState: traceState.serialize() }),
      flags: traceFlags,
      name: span.name,
      kind: span.kind + 1,
      startTimeUnixNano: nanoseconds(span.startTime),
      endTimeUnixNano: nanoseconds(span.endTime),
      attributes: plainOf(span.attributes),
      droppedAttributesCount: span.droppedAttributesCount,
      events: span.events.map(({ name, time, attributes = {} }) => ({
        name,
        timeUnixNano: nanoseconds(time),
        attributes: plainOf(attributes),
      })),
      links: span.links.map(({ context, attributes = {} }) => ({
        traceId: context.traceId,
        spanId: context.spanId,
        attributes: plainOf(attributes),
      })),
      status: { code: span.status.code, ...(span.status.message !== undefined && { message: span.status.message }) },
    });
  }
  return builder.finish();
}

function plainOf(attributes: Attributes): Record<string, Plain> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]): [string, Plain][] => (value === undefined ? [] : [[name, plainValue(value)]])),
  );
}

function plainValue(value: unknown): Plain {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.filter((inner) => inner !== null && inner !== undefined).map(plainValue);
  return value as Plain;
}

function nanoseconds([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round(nanos));
}
