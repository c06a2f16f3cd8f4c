import protobuf from 'protobufjs';

/** zipkin.proto3 as protobufjs knows it, written down from the fields of Zipkin's zipkin.proto. */
export const zipkinProto: protobuf.Root = protobuf.parse(`
  syntax = "proto3";
  package zipkin.proto3;
  message Endpoint { string service_name = 1; bytes ipv4 = 2; bytes ipv6 = 3; int32 port = 4; }
  message Annotation { fixed64 timestamp = 1; string value = 2; }
  message Span {
    bytes trace_id = 1; bytes parent_id = 2; bytes id = 3; int32 kind = 4; string name = 5; fixed64 timestamp = 6; uint64 duration = 7;
    Endpoint local_endpoint = 8; Endpoint remote_endpoint = 9; repeated Annotation annotations = 10; map<string, string> tags = 11;
    bool debug = 12; bool shared = 13;
  }
  message ListOfSpans { repeated Span spans = 1; }
`).root;

/** A span of Zipkin's v2 JSON. */
export interface JsonSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly timestamp?: number;
  readonly duration?: number;
  readonly localEndpoint?: JsonEndpoint;
  readonly remoteEndpoint?: JsonEndpoint;
  readonly annotations?: readonly { readonly timestamp: number; readonly value: string }[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly debug?: boolean;
  readonly shared?: boolean;
}

/** An endpoint of Zipkin's v2 JSON. */
export interface JsonEndpoint {
  readonly serviceName?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly port?: number;
}

const kinds = ['', 'CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'];
const hex = (id: string, digits: number): Buffer => Buffer.from(id.padStart(digits, '0'), 'hex');

function endpoint(one: JsonEndpoint | undefined): object | undefined {
  if (one === undefined) return undefined;
  const { ipv4, ipv6, ...rest } = one;
  return {
    ...rest,
    ...(ipv4 !== undefined && { ipv4: Buffer.from(ipv4.split('.').map(Number)) }),
    ...(ipv6 !== undefined && { ipv6: Buffer.from(ipv6.split(':').flatMap((group) => [...hex(group, 4)])) }),
  };
}

/** The spans as an encoded ListOfSpans; IPv6 addresses must be written in full. */
export function protoSpans(spans: readonly JsonSpan[]): Buffer {
  const list = zipkinProto.lookupType('ListOfSpans');
  return Buffer.from(
    list
      .encode({
        spans: spans.map((span) => ({
          ...span,
          traceId: hex(span.traceId, 32),
          id: hex(span.id, 16),
          ...(span.parentId !== undefined && { parentId: hex(span.parentId, 16) }),
          kind: Math.max(0, kinds.indexOf(span.kind ?? '')),
          localEndpoint: endpoint(span.localEndpoint),
          remoteEndpoint: endpoint(span.remoteEndpoint),
        })),
      })
      .finish(),
  );
}
