import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ProtoReader, ThriftBinaryReader } from '@millrace/trace-format';
import { BatchBuilder, BufferPool, MemoryLedger, WireError } from '@millrace/wire';
import { freePort, startTarget } from '../../benchmarks/target.ts';
import { readPostSpans } from '../../packages/receiver-jaeger/src/read-proto-batch.ts';
import { readThriftBatch } from '../../packages/receiver-jaeger/src/read-thrift-batch.ts';
import { readJsonV1 } from '../../packages/receiver-zipkin/src/read-json-v1.ts';
import { readJsonV2 } from '../../packages/receiver-zipkin/src/read-json-v2.ts';
import { readProtoV2 } from '../../packages/receiver-zipkin/src/read-proto-v2.ts';
import { readThriftV1 } from '../../packages/receiver-zipkin/src/read-thrift-v1.ts';
import { postSpans, thriftBatch } from '../../packages/trace-format/test/jaeger-model.ts';
import type { Batch } from '../../packages/trace-format/test/jaeger-model.ts';
import { binary, binaryCall, compactCall, i32, i64, list, string, struct } from '../../packages/trace-format/test/thrift-writer.ts';
import type { ThriftValue } from '../../packages/trace-format/test/thrift-writer.ts';
import { protoSpans } from '../../packages/trace-format/test/zipkin-model.ts';
import { decode as decodeOtlp } from '../../packages/wire/test/reference.ts';
import { codings, damage, decode, encode, grpcCodings } from './codings.ts';
import type { Coding } from './codings.ts';
import { itemsOf } from './judge.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { mutateProtobuf } from './mutate-protobuf.ts';
import { Random } from './random.ts';
import { GrpcSender, HttpSender } from './senders.ts';
import { startSink } from './sink.ts';

/** A format of spans: how a valid payload is written and mutated, where it is sent, and the reader that tells how many spans are in it. */
interface Format {
  readonly name: string;
  /** A path of HTTP with its content type, or a method of gRPC. */
  readonly path: string;
  readonly contentType: string | undefined;
  readonly receiver: 'jaeger' | 'zipkin' | 'grpc';
  write(random: Random): Buffer;
  mutate(bytes: Buffer, donor: Buffer, random: Random): Buffer;
  read(bytes: Buffer, builder: BatchBuilder): void;
}

const hex = (random: Random, bytes: number): string => `f${random.bytes(bytes).toString('hex').slice(1)}`;
const text = (random: Random): string =>
  random.pick(['', 'shop', 'GET /', 'ü', '\u0000', 'error', 'x'.repeat(300), '__proto__', 'span.kind', 'true', '12']);

function jaegerBatch(random: Random): Batch {
  const tags = (): Batch['spans'][number]['tags'] =>
    Object.fromEntries(
      Array.from({ length: random.below(4) }, () => [
        text(random),
        random.pick([text(random), random.below(100), random.once(2), BigInt(random.below(1e9)), random.bytes(3)]),
      ]),
    );
  const traceId = hex(random, 16);
  return {
    service: text(random),
    tags: tags()!,
    spans: Array.from({ length: random.below(4) }, () => ({
      traceId,
      spanId: hex(random, 8),
      name: text(random),
      references: random.once(2) ? [{ childOf: random.once(2), traceId, spanId: hex(random, 8) }] : [],
      startMicros: BigInt(random.below(2 ** 31)) * 800_000n,
      durationMicros: BigInt(random.below(1e6)),
      tags: tags()!,
      logs: random.once(2) ? [{ micros: 1n, fields: tags()! }] : [],
    })),
  };
}

function zipkinSpans(random: Random): Parameters<typeof protoSpans>[0] {
  const traceId = hex(random, random.pick([8, 16]));
  return Array.from({ length: random.below(4) }, () => ({
    traceId,
    id: hex(random, 8),
    name: text(random),
    kind: random.pick(['CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER']),
    timestamp: 1_790_000_000_000_000 + random.below(1e9),
    duration: 1 + random.below(1e6),
    localEndpoint: { serviceName: text(random), ipv4: '10.0.0.1', port: random.below(65_536) },
    annotations: [{ timestamp: 1 + random.below(1e9), value: random.pick(['a', 'a|{"k":[1,{"x":null}]}|0']) }],
    tags: { [text(random)]: text(random), 'otlp.link.0': `${hex(random, 16)}|${hex(random, 8)}||{"a":1}|0` },
  }));
}

function zipkinV1(random: Random): object[] {
  const endpoint = { serviceName: text(random), ipv4: '10.0.0.1', port: random.below(65_536) };
  return Array.from({ length: random.below(4) }, () => ({
    traceId: hex(random, 16),
    id: hex(random, 8),
    name: text(random),
    timestamp: random.below(2 ** 31),
    duration: random.below(1e6),
    annotations: [{ timestamp: random.below(1e9), value: random.pick(['cs', 'sr', 'x']), endpoint }],
    binaryAnnotations: [{ key: text(random), value: random.pick([text(random), true, 1]), endpoint }],
  }));
}

function zipkinThrift(random: Random): ThriftValue {
  const id = (): ThriftValue => i64(BigInt(1 + random.below(2 ** 31)));
  return list(
    'struct',
    Array.from({ length: random.below(4) }, () =>
      struct({
        1: id(),
        3: string(text(random)),
        4: id(),
        5: random.once(2) ? id() : undefined,
        6: list('struct', [struct({ 1: id(), 2: string('cs'), 3: struct({ 1: i32(random.below(2 ** 31)), 3: string(text(random)) }) })]),
        8: list('struct', [struct({ 1: string(text(random)), 2: string(random.bytes(random.below(9))), 3: i32(random.below(8)) })]),
        10: id(),
        11: id(),
      }),
    ),
  );
}

function mutateThrift(bytes: Buffer, donor: Buffer, random: Random): Buffer {
  let mutant = bytes;
  for (let i = random.below(3); i > 0; i--) mutant = mutateBytes(mutant, donor, random);
  return mutant;
}

const json = (bytes: Buffer, donor: Buffer, random: Random): Buffer => mutateJson(bytes.toString(), donor.toString(), random);

const formats: readonly Format[] = [
  {
    name: 'Jaeger over gRPC',
    receiver: 'grpc',
    path: '/jaeger.api_v2.CollectorService/PostSpans',
    contentType: undefined,
    write: (random) => postSpans(jaegerBatch(random)),
    mutate: mutateProtobuf,
    read: (bytes, to) => readPostSpans(new ProtoReader(bytes), to),
  },
  {
    name: 'Jaeger Thrift over HTTP',
    receiver: 'jaeger',
    path: '/api/traces',
    contentType: 'application/x-thrift',
    write: (random) => binary(thriftBatch(jaegerBatch(random))),
    mutate: mutateThrift,
    read: (bytes, to) => readThriftBatch(new ThriftBinaryReader(bytes), to),
  },
  {
    name: 'Zipkin v1 JSON',
    receiver: 'zipkin',
    path: '/api/v1/spans',
    contentType: 'application/json',
    write: (random) => Buffer.from(JSON.stringify(zipkinV1(random))),
    mutate: json,
    read: (bytes, to) => readJsonV1(bytes, bytes.length, to, true, 1n),
  },
  {
    name: 'Zipkin v1 Thrift',
    receiver: 'zipkin',
    path: '/api/v1/spans',
    contentType: 'application/x-thrift',
    write: (random) => binary(zipkinThrift(random)),
    mutate: mutateThrift,
    read: (bytes, to) => readThriftV1(new ThriftBinaryReader(bytes), to),
  },
  {
    name: 'Zipkin v2 JSON',
    receiver: 'zipkin',
    path: '/api/v2/spans',
    contentType: 'application/json',
    write: (random) => Buffer.from(JSON.stringify(zipkinSpans(random))),
    mutate: json,
    read: (bytes, to) => readJsonV2(bytes, bytes.length, to, true),
  },
  {
    name: 'Zipkin v2 protobuf',
    receiver: 'zipkin',
    path: '/api/v2/spans',
    contentType: 'application/x-protobuf',
    write: (random) => protoSpans(zipkinSpans(random)),
    mutate: mutateProtobuf,
    read: (bytes, to) => readProtoV2(new ProtoReader(bytes), to, true),
  },
];

/** A request that a seed and a number name. */
interface Request {
  readonly format: Format;
  readonly body: Buffer;
  readonly coding: Coding | undefined;
  /** Spans in it; undefined when it must be refused. */
  readonly spans: number | undefined;
}

const pool = new BufferPool(new MemoryLedger(1 << 30), { poison: true });

/** The spans in a body, by the receiver's reader in this process; undefined when it refuses. Throws when it accepts what others do not. */
function spansIn(format: Format, body: Buffer, valid: boolean): number | undefined {
  using builder = new BatchBuilder('traces', pool);
  try {
    format.read(body, builder);
  } catch (error) {
    if (!(error instanceof WireError) || valid) throw error;
    return undefined;
  }
  if (format.contentType === 'application/json') {
    const spans = JSON.parse(body.toString()) as readonly unknown[] | null;
    const count = (spans ?? []).filter((span) => span !== null).length;
    if (count !== builder.items) throw new Error(`${builder.items} of ${count} spans of ${format.name} were read`);
  }
  return builder.items;
}

function request(seed: number, number: number): Request {
  const random = new Random(Math.imul(seed, 0x27d4eb2f) + number);
  const format = random.pick(formats);
  const written = format.write(random);
  const mutant = format.mutate(written, format.write(random), random);
  const coding = random.once(3) ? random.pick(codings) : undefined;
  if (coding === undefined || (format.receiver === 'grpc' && !grpcCodings.has(coding)))
    return { format, body: mutant, coding: undefined, spans: spansIn(format, mutant, mutant === written) };
  const encoded = encode(coding, mutant);
  if (!random.once(3)) return { format, body: encoded, coding, spans: spansIn(format, mutant, mutant === written) };
  const body = damage(encoded, random);
  let decoded: Buffer;
  try {
    decoded = decode(coding, body);
  } catch {
    return { format, body, coding, spans: undefined };
  }
  return { format, body, coding, spans: spansIn(format, decoded, false) };
}

/** A datagram: mostly a mutant of a call. */
function datagram(random: Random, protocol: 'binary' | 'compact'): Buffer {
  if (random.once(20)) return random.bytes(random.pick([0, 1, 2, 5, 100]));
  if (random.once(200)) return Buffer.alloc(65_500, random.below(256));
  const call = (): Buffer => {
    const args = struct({ 1: thriftBatch(jaegerBatch(random)) });
    return protocol === 'binary' ? binaryCall('emitBatch', args, random.once(2)) : compactCall('emitBatch', args);
  };
  return mutateThrift(call(), call(), random);
}

function configuration(ports: Readonly<Record<string, number>>): string {
  const exporter = (port: number): string =>
    `{ endpoint: "http://127.0.0.1:${port}", compression: none, sending_queue: { queue_size: 16, block_on_overflow: true } }`;
  const at = (name: string): string => `{ endpoint: 127.0.0.1:${ports[name]} }`;
  return `receivers:
  jaeger: { protocols: { grpc: ${at('grpc')}, thrift_http: ${at('jaeger')} } }
  jaeger/udp: { protocols: { thrift_binary: ${at('binary')}, thrift_compact: ${at('compact')} } }
  zipkin: { endpoint: 127.0.0.1:${ports['zipkin']}, parse_string_tags: true }
exporters:
  otlphttp: ${exporter(ports['sink']!)}
  otlphttp/udp: ${exporter(ports['udpSink']!)}
service:
  telemetry: { metrics: { level: none }, logs: { level: fatal } }
  pipelines:
    traces: { receivers: [jaeger, zipkin], exporters: [otlphttp] }
    traces/udp: { receivers: [jaeger/udp], exporters: [otlphttp/udp] }
`;
}

const program = join(import.meta.dirname, '../../packages/cli/bin/millrace');
const parallel = 8;
const roundSize = 400;
const drainLimitMs = 20_000;

/**
 * Sends mutants of what Jaeger and Zipkin clients send to the running receivers for so many seconds. Throws when the process dies, an answer
 * is late, odd or another one than the receiver's own reader gives here, or when not as many spans arrive as were accepted. Datagrams have no
 * answer: after those of a round, a good one must arrive.
 */
export async function fuzzTraceFormats(seed: number, seconds: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-fuzz-'));
  const counts = { accepted: 0, refused: 0, spans: 0, arrived: 0, datagrams: 0, fromDatagrams: 0 };
  let oddOutput: unknown;
  const count = (bytes: Buffer): number => {
    try {
      return itemsOf(decodeOtlp('traces', bytes)).length;
    } catch (error) {
      oddOutput ??= error;
      return 0;
    }
  };
  const sink = await startSink((_signal, bytes) => (counts.arrived += count(bytes)));
  const udpSink = await startSink((_signal, bytes) => (counts.fromDatagrams += count(bytes)));
  const ports = { sink: sink.port, udpSink: udpSink.port, grpc: 0, jaeger: 0, zipkin: 0, binary: 0, compact: 0 };
  for (const name of ['grpc', 'jaeger', 'zipkin', 'binary', 'compact'] as const) ports[name] = await freePort();
  await writeFile(join(folder, 'config.yaml'), configuration(ports));
  const command = await startTarget([program, '--config', join(folder, 'config.yaml')], ports.zipkin, undefined);
  const grpc = new GrpcSender(ports.grpc);
  const http = { jaeger: new HttpSender(ports.jaeger), zipkin: new HttpSender(ports.zipkin) };
  const socket = createSocket('udp4');

  const answer = async ({ format, body, coding }: Request): Promise<boolean> => {
    for (let attempt = 0; attempt < 500; attempt++) {
      if (format.receiver === 'grpc') {
        const { code, message } = await grpc.call(format.path, coding, body);
        if (code === 0) return true;
        if (code === 3 || code === 13) return false;
        if (code !== 14) throw new Error(`grpc-status ${code}: ${message}`);
      } else {
        const { status, content } = await http[format.receiver].post(format.path, format.contentType!, coding, body);
        if (status === 202) return true;
        if (status === 400) return false;
        if (status !== 503 && status !== 500) throw new Error(`status ${status}: ${content.toString()}`);
      }
      await delay(20);
    }
    throw new Error('busy for long');
  };

  const one = async (number: number): Promise<void> => {
    const sent = request(seed, number);
    try {
      const accepted = await answer(sent);
      process.kill(command.pid, 0);
      if (accepted !== (sent.spans !== undefined)) throw new Error(`${accepted ? 'accepted' : 'refused'} unlike the reader`);
      counts[accepted ? 'accepted' : 'refused']++;
      counts.spans += sent.spans ?? 0;
    } catch (error) {
      const file = join(tmpdir(), `millrace-fuzz-${seed}-${number}`);
      await writeFile(file, sent.body);
      throw new Error(`${sent.format.name}${sent.coding === undefined ? '' : ` in ${sent.coding}`}, the body is in ${file}`, {
        cause: error,
      });
    }
  };

  const sendUdp = (bytes: Buffer, port: number): Promise<void> =>
    new Promise((resolve, reject) => socket.send(bytes, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))));

  const until = async (what: string, condition: () => boolean, again?: () => Promise<void>): Promise<void> => {
    const limit = performance.now() + drainLimitMs;
    while (!condition()) {
      if (performance.now() > limit) throw new Error(what);
      await again?.();
      await delay(20);
    }
  };

  try {
    const end = performance.now() + seconds * 1000;
    for (let first = 0; performance.now() < end; first += roundSize) {
      let next = first;
      const worker = async (): Promise<void> => {
        while (next < first + roundSize) await one(next++);
      };
      await Promise.all(Array.from({ length: parallel }, worker));
      await until('accepted spans did not arrive, or others did', () => counts.arrived === counts.spans);
      const random = new Random(seed + first);
      for (const protocol of ['binary', 'compact'] as const) {
        for (let i = 0; i < roundSize / 8; i++, counts.datagrams++) await sendUdp(datagram(random, protocol), ports[protocol]);
        const args = struct({
          1: thriftBatch({ service: 's', spans: [{ traceId: '1', spanId: '1', name: 'n', startMicros: 1n, durationMicros: 1n }] }),
        });
        const good = protocol === 'binary' ? binaryCall('emitBatch', args) : compactCall('emitBatch', args);
        const before = counts.fromDatagrams;
        await until(
          `nothing is received in ${protocol} Thrift any more`,
          () => counts.fromDatagrams > before,
          () => sendUdp(good, ports[protocol]),
        );
      }
      if (oddOutput !== undefined) throw oddOutput;
    }
  } finally {
    socket.close();
    grpc.close();
    for (const sender of Object.values(http)) sender.close();
    try {
      await command.stop();
    } finally {
      sink.close();
      udpSink.close();
      await rm(folder, { recursive: true });
    }
  }
  return (
    `Jaeger and Zipkin: ${counts.accepted} requests accepted with ${counts.spans} spans (${counts.arrived} arrived), ${counts.refused} refused; ` +
    `${counts.datagrams} datagrams, ${counts.fromDatagrams} spans arrived from them and good ones`
  );
}
