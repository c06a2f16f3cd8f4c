import type { ComponentKind } from '@millrace/api';

/** The Collector's components that people configure and this version does not have, with the nearest thing that works. */
const hints: Readonly<Record<ComponentKind, Readonly<Record<string, string>>>> = {
  receiver: {
    prometheus: 'scrape with an OpenTelemetry Collector and forward OTLP to the otlp receiver',
    jaeger: 'send OTLP: Jaeger clients and agents have spoken it since 1.35',
    zipkin: 'send OTLP to the otlp receiver',
    file_log: 'send logs as OTLP to the otlp receiver',
    filelog: 'send logs as OTLP to the otlp receiver',
    host_metrics: 'send host metrics as OTLP to the otlp receiver',
    hostmetrics: 'send host metrics as OTLP to the otlp receiver',
    kafka: 'send OTLP to the otlp receiver',
  },
  processor: {
    attributes: 'write a processor with a visitor, as plugins/insert-attribute.ts does',
    resource: 'write a processor with a visitor, as plugins/insert-attribute.ts does',
    filter: 'write a processor with a visitor that returns "drop"',
    transform: 'write a processor with a visitor',
    redaction: 'write a processor with a visitor',
    resourcedetection: 'set OTEL_RESOURCE_ATTRIBUTES in the sending SDK',
    resource_detection: 'set OTEL_RESOURCE_ATTRIBUTES in the sending SDK',
    probabilistic_sampler: 'sample in the SDK',
    tail_sampling: 'sample in the SDK',
  },
  exporter: {
    logging: 'use the debug exporter',
    prometheus: 'use otlp_http to a Prometheus with --web.enable-otlp-receiver',
    prometheusremotewrite: 'use otlp_http to a Prometheus with --web.enable-otlp-receiver',
    prometheus_remote_write: 'use otlp_http to a Prometheus with --web.enable-otlp-receiver',
    jaeger: 'use otlp_grpc: Jaeger listens for OTLP on port 4317',
    loki: "use otlp_http to Loki's /otlp endpoint",
    zipkin: 'use otlp_http',
    kafka: 'use otlp_grpc or otlp_http',
    datadog: "use otlp_http to the Datadog Agent's OTLP receiver",
  },
  connector: {
    spanmetrics: 'derive span metrics behind millrace',
    span_metrics: 'derive span metrics behind millrace',
    routing: 'use one pipeline per destination and connector forward',
    count: 'count behind millrace',
  },
  extension: {
    zpages: 'remove it: nothing depends on it',
    pprof: 'remove it; start node with --cpu-prof to profile',
    file_storage: 'use a queue in memory',
    basicauth: 'authenticate in a proxy in front',
    bearertokenauth: "set the Authorization header with the exporter's headers",
    healthcheckv2: 'use health_check',
  },
};

/** What to do instead of a component that this version does not have; undefined when its name is not one of the Collector's. */
export function unsupportedHint(kind: ComponentKind, type: string): string | undefined {
  const known = hints[kind];
  return Object.hasOwn(known, type) ? known[type] : undefined;
}
