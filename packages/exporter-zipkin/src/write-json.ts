import { formatIp } from '@millrace/trace-format';
import type { ByteWriter } from '@millrace/wire';
import type { Endpoint, ZipkinSpan } from './zipkin-span.ts';

/** Writes a span as Zipkin's v2 JSON. Names of spans and services are lower-case there. */
export function writeJson(writer: ByteWriter, span: ZipkinSpan): void {
  writer.text(jsonOf(span));
}

function jsonOf(span: ZipkinSpan): string {
  const { traceId, timestampMicros, durationMicros, localEndpoint, remoteEndpoint, annotations, tags } = span;
  let json = `{"traceId":"${traceId.startsWith('0000000000000000') ? traceId.slice(16) : traceId}","id":"${span.id}"`;
  if (span.parentId !== '') json += `,"parentId":"${span.parentId}"`;
  if (span.name !== '') json += `,"name":${JSON.stringify(span.name.toLowerCase())}`;
  if (span.kind !== '') json += `,"kind":"${span.kind}"`;
  if (timestampMicros > 0n) json += `,"timestamp":${timestampMicros}`;
  if (durationMicros > 0n) json += `,"duration":${durationMicros}`;
  if (localEndpoint !== undefined) json += `,"localEndpoint":${endpointJson(localEndpoint)}`;
  if (remoteEndpoint !== undefined) json += `,"remoteEndpoint":${endpointJson(remoteEndpoint)}`;
  if (annotations.length > 0) {
    const list = annotations.map(({ timestampMicros: at, value }) => `{"timestamp":${at},"value":${JSON.stringify(value)}}`);
    json += `,"annotations":[${list.join(',')}]`;
  }
  if (tags.size > 0) json += `,"tags":${JSON.stringify(Object.fromEntries(tags))}`;
  return `${json}}`;
}

function endpointJson({ serviceName, ip, port }: Endpoint): string {
  return JSON.stringify({
    ...(serviceName !== '' && { serviceName: serviceName.toLowerCase() }),
    ...(ip !== undefined && { [ip.length === 4 ? 'ipv4' : 'ipv6']: formatIp(ip) }),
    ...(port > 0 && { port }),
  });
}
