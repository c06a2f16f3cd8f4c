import type { BatchBuilder, EventInput, Plain } from '@millrace/wire';
import { V1Status } from './v1-status.ts';

/** Who noted something, as v1 has it in every annotation. */
export interface V1Endpoint {
  readonly serviceName: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly port: number;
}

/** A span of Zipkin's v1 model. Ids are 16 and 8 bytes. */
export interface V1Span {
  readonly traceId: Buffer;
  readonly id: Buffer;
  readonly parentId: Buffer | undefined;
  readonly name: string;
  /** Absent: the annotations tell. */
  readonly timestampMicros: bigint | undefined;
  readonly durationMicros: bigint;
  readonly annotations: readonly { readonly timestampMicros: bigint; readonly value: string; readonly endpoint: V1Endpoint | undefined }[];
  /** `text` is the value as a text. */
  readonly binaryAnnotations: readonly {
    readonly key: string;
    readonly value: Plain;
    readonly text: string;
    readonly endpoint: V1Endpoint | undefined;
  }[];
}

const unknownService = 'unknown-service';
/** The annotations that tell a span's kind. */
const kinds: ReadonlyMap<string, number> = new Map([
  ['sr', 2],
  ['ss', 2],
  ['cs', 3],
  ['cr', 3],
  ['ms', 4],
  ['mr', 5],
]);

/**
 * Adds the span as OTLP has it (contrib's pkg/translator/zipkin/zipkinv1). A span without any time is given `nowUnixNano` when that is
 * there, and an attribute that says so.
 */
export function addV1Span(builder: BatchBuilder, span: V1Span, nowUnixNano: bigint | undefined): void {
  const noted = readAnnotations(span);
  const { attributes, status, service } = readBinaryAnnotations(span);
  let { startTimeUnixNano, endTimeUnixNano } = noted;
  if (span.timestampMicros !== undefined) {
    startTimeUnixNano = nanos(span.timestampMicros);
    endTimeUnixNano = nanos(span.timestampMicros + span.durationMicros);
  }
  if (startTimeUnixNano === 0n && nowUnixNano !== undefined) {
    startTimeUnixNano = endTimeUnixNano = nowUnixNano;
    attributes['otel.zipkin.absentField.startTime'] = true;
  }
  const serviceName = noted.endpoint?.serviceName ?? (service === '' ? unknownService : service);
  builder
    .resource(resourceOf(serviceName, noted.endpoint))
    .scope()
    .span({
      traceId: orNone(span.traceId),
      spanId: orNone(span.id),
      parentSpanId: span.parentId === undefined ? '' : orNone(span.parentId),
      name: span.name,
      kind: noted.kind,
      startTimeUnixNano,
      endTimeUnixNano,
      attributes,
      events: noted.events,
      ...(status !== undefined && { status }),
    });
}

function resourceOf(serviceName: string, endpoint: V1Endpoint | undefined): Record<string, Plain> {
  const attributes: Record<string, Plain> = { 'service.name': serviceName };
  if (endpoint === undefined) return attributes;
  if (endpoint.ipv4 !== '') attributes['ipv4'] = endpoint.ipv4;
  if (endpoint.ipv6 !== '') attributes['ipv6'] = endpoint.ipv6;
  if (endpoint.port !== 0) attributes['port'] = String(endpoint.port);
  return attributes;
}

/** Times before the epoch do not exist. */
function nanos(micros: bigint): bigint {
  return micros <= 0n ? 0n : BigInt.asUintN(64, micros * 1000n);
}

/** OTLP leaves an id of zeros out. */
function orNone(id: Buffer): Buffer | '' {
  return id.every((byte) => byte === 0) ? '' : id;
}

function readAnnotations({ annotations }: V1Span): {
  kind: number;
  endpoint: V1Endpoint | undefined;
  startTimeUnixNano: bigint;
  endTimeUnixNano: bigint;
  events: EventInput[];
} {
  let kind = 0;
  let endpoint: V1Endpoint | undefined;
  let first: bigint | undefined;
  let last: bigint | undefined;
  const events: EventInput[] = [];
  for (const { timestampMicros, value, endpoint: host } of annotations) {
    // Says nothing.
    if (value === '') continue;
    if (first === undefined || timestampMicros < first) first = timestampMicros;
    if (last === undefined || timestampMicros > last) last = timestampMicros;
    const told = kinds.get(value);
    if (told === undefined) {
      events.push({ timeUnixNano: nanos(timestampMicros), name: value });
      continue;
    }
    if (kind === 0) kind = told;
    if (host !== undefined && host.serviceName !== '' && host.serviceName !== unknownService) endpoint ??= host;
  }
  return { kind, endpoint, startTimeUnixNano: nanos(first ?? 0n), endTimeUnixNano: nanos(last ?? 0n), events };
}

function readBinaryAnnotations({ binaryAnnotations }: V1Span): {
  attributes: Record<string, Plain>;
  status: { code: number; message: string } | undefined;
  service: string;
} {
  const attributes = Object.create(null) as Record<string, Plain>;
  const status = new V1Status();
  let service = '';
  let localComponent = '';
  for (const { key, value, text, endpoint } of binaryAnnotations) {
    if (endpoint !== undefined && endpoint.serviceName !== '') service = endpoint.serviceName;
    const isComponent = key === 'lc';
    if (isComponent) localComponent = text;
    const name = isComponent ? 'component' : key;
    if (name !== '' && !status.takes(name, value)) attributes[name] = value;
  }
  return { attributes, status: status.result(), service: service === '' ? localComponent : service };
}
