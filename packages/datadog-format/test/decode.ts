import protobuf from 'protobufjs';

/** The parts of Datadog's schemas that are sent (agent_payload.proto, tracer_payload.proto, span.proto, stats.proto, ddsketch.proto). */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message AgentPayload { string hostName = 1; string env = 2; repeated TracerPayload tracerPayloads = 5; string agentVersion = 7; double targetTPS = 8; double errorTPS = 9; }
  message TracerPayload { string containerID = 1; string languageName = 2; string tracerVersion = 4; repeated TraceChunk chunks = 6; map<string, string> tags = 7; string env = 8; string hostname = 9; string appVersion = 10; }
  message TraceChunk { int32 priority = 1; string origin = 2; repeated Span spans = 3; map<string, string> tags = 4; bool droppedTrace = 5; }
  message Span { string service = 1; string name = 2; string resource = 3; uint64 traceID = 4; uint64 spanID = 5; uint64 parentID = 6; int64 start = 7; int64 duration = 8; int32 error = 9; map<string, string> meta = 10; map<string, double> metrics = 11; string type = 12; }
  message MetricPayload { repeated MetricSeries series = 1; }
  message MetricSeries { repeated Resource resources = 1; string metric = 2; repeated string tags = 3; repeated MetricPoint points = 4; int32 type = 5; string unit = 6; int64 interval = 8; Metadata metadata = 9; }
  message Resource { string type = 1; string name = 2; }
  message MetricPoint { double value = 1; int64 timestamp = 2; }
  message Metadata { Origin origin = 1; }
  message Origin { int32 origin_product = 4; int32 origin_category = 5; int32 origin_service = 6; }
  message SketchPayload { repeated Sketch sketches = 1; }
  message Sketch { string metric = 1; string host = 2; repeated string tags = 4; repeated Dogsketch dogsketches = 7; Metadata metadata = 8; }
  message Dogsketch { int64 ts = 1; int64 cnt = 2; double min = 3; double max = 4; double avg = 5; double sum = 6; repeated sint32 k = 7; repeated uint32 n = 8; }
  message DDSketch { IndexMapping mapping = 1; Store positiveValues = 2; Store negativeValues = 3; double zeroCount = 4; }
  message IndexMapping { double gamma = 1; double indexOffset = 2; int32 interpolation = 3; }
  message Store { repeated double contiguousBinCounts = 2; sint32 contiguousBinIndexOffset = 3; }
`);

/** Decoded messages, as far as tests look into them; 64-bit numbers are texts where `long` says so. */
export interface DecodedSpan {
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type: string;
  readonly traceID: string;
  readonly spanID: string;
  readonly parentID: string;
  readonly start: string;
  readonly duration: string;
  readonly error: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}
export interface DecodedChunk {
  readonly priority: number;
  readonly origin: string;
  readonly spans: readonly DecodedSpan[];
  readonly tags: Readonly<Record<string, string>>;
}
export interface DecodedTracer {
  readonly containerID: string;
  readonly languageName: string;
  readonly tracerVersion: string;
  readonly chunks: readonly DecodedChunk[];
  readonly tags: Readonly<Record<string, string>>;
  readonly env: string;
  readonly hostname: string;
  readonly appVersion: string;
}
export interface DecodedAgent {
  readonly hostName: string;
  readonly env: string;
  readonly agentVersion: string;
  readonly tracerPayloads: readonly DecodedTracer[];
}
export interface DecodedSeries {
  readonly resources: readonly { readonly type: string; readonly name: string }[];
  readonly metric: string;
  readonly tags: readonly string[];
  readonly points: readonly { readonly value: number; readonly timestamp: string }[];
  readonly type: number;
  readonly unit: string;
  readonly metadata: { readonly origin: { readonly originProduct: number; readonly originService: number } };
}
export interface DecodedSketch {
  readonly metric: string;
  readonly host: string;
  readonly tags: readonly string[];
  readonly dogsketches: readonly {
    readonly ts: string;
    readonly cnt: string;
    readonly min: number;
    readonly max: number;
    readonly avg: number;
    readonly sum: number;
    readonly k: readonly number[];
    readonly n: readonly number[];
  }[];
}

function decode(type: string, bytes: Uint8Array): unknown {
  const message = root.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: String, defaults: true, arrays: true, objects: true });
}

export const decodeTraces = (bytes: Uint8Array): DecodedAgent => decode('AgentPayload', bytes) as DecodedAgent;
export const decodeSeries = (bytes: Uint8Array): readonly DecodedSeries[] =>
  (decode('MetricPayload', bytes) as { series: DecodedSeries[] }).series;
export const decodeSketches = (bytes: Uint8Array): readonly DecodedSketch[] =>
  (decode('SketchPayload', bytes) as { sketches: DecodedSketch[] }).sketches;

/** A DDSketch: its counts by index, and how many values are zero. */
export function decodeDurations(bytes: Uint8Array): {
  readonly counts: ReadonlyMap<number, number>;
  readonly zeroes: number;
  readonly gamma: number;
} {
  const sketch = decode('DDSketch', bytes) as {
    mapping: { gamma: number };
    positiveValues: { contiguousBinCounts: number[]; contiguousBinIndexOffset: number };
    zeroCount: number;
  };
  const { contiguousBinCounts: bins, contiguousBinIndexOffset: offset } = sketch.positiveValues;
  const counts = new Map(bins.map((count, i) => [offset + i, count] as const).filter(([, count]) => count > 0));
  return { counts, zeroes: sketch.zeroCount, gamma: sketch.mapping.gamma };
}

/** Decodes one MessagePack value: maps as objects, 64-bit numbers as bigint. */
export function decodeMsgpack(bytes: Buffer): unknown {
  let at = 0;
  const take = (length: number): Buffer => bytes.subarray(at, (at += length));
  const list = (size: number): unknown[] => Array.from({ length: size }, () => value());
  const map = (size: number): object => Object.fromEntries(Array.from({ length: size }, () => [value() as string, value()]));
  const value = (): unknown => {
    const head = bytes[at++]!;
    if (head < 0x80) return head;
    if (head < 0x90) return map(head & 15);
    if (head < 0xa0) return list(head & 15);
    if (head < 0xc0) return take(head & 31).toString();
    switch (head) {
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return take(take(1).readUInt8());
      case 0xc5:
        return take(take(2).readUInt16BE());
      case 0xc6:
        return take(take(4).readUInt32BE());
      case 0xce:
        return take(4).readUInt32BE();
      case 0xcf:
        return take(8).readBigUInt64BE();
      case 0xd9:
        return take(take(1).readUInt8()).toString();
      case 0xda:
        return take(take(2).readUInt16BE()).toString();
      case 0xdb:
        return take(take(4).readUInt32BE()).toString();
      case 0xdc:
        return list(take(2).readUInt16BE());
      case 0xdd:
        return list(take(4).readUInt32BE());
      case 0xde:
        return map(take(2).readUInt16BE());
      default:
        throw new Error(`unexpected byte ${head}`);
    }
  };
  const result = value();
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes after the value`);
  return result;
}
