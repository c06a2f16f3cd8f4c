import { ProtoReader, ThriftBinaryReader } from '@millrace/trace-format';
import { BatchBuilder, BufferPool, MemoryLedger, WireError } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { binary, i32, i64, list, string, struct } from '../../trace-format/test/thrift-writer.ts';
import { protoSpans } from '../../trace-format/test/zipkin-model.ts';
import { readJsonV1 } from '../src/read-json-v1.ts';
import { readJsonV2 } from '../src/read-json-v2.ts';
import { readProtoV2 } from '../src/read-proto-v2.ts';
import { readThriftV1 } from '../src/read-thrift-v1.ts';

const id = '1111111111111111';
const spans = [
  {
    traceId: id,
    id,
    name: 'n',
    kind: 'SERVER',
    timestamp: 1_790_000_000_000_000,
    localEndpoint: { serviceName: 's', ipv4: '10.0.0.1', port: 1 },
    annotations: [{ timestamp: 1, value: 'a|{"k":1}|0' }],
    tags: { error: 'true', 'otlp.link.0': `${id}${id}|${id}||{}|0`, 'http.status_code': '200' },
  },
];
const v1 = [
  {
    traceId: id,
    id,
    name: 'n',
    timestamp: 1,
    annotations: [{ timestamp: 1, value: 'cs', endpoint: { serviceName: 's', ipv4: '10.0.0.1' } }],
    binaryAnnotations: [{ key: 'lc', value: 'x' }],
  },
];
const thrift = list('struct', [
  struct({
    1: i64(1n),
    3: string('n'),
    4: i64(1n),
    6: list('struct', [struct({ 1: i64(1n), 2: string('cs') })]),
    8: list('struct', [struct({ 1: string('k'), 2: string('v'), 3: i32(6) })]),
  }),
]);

const formats = {
  'v2 JSON': {
    valid: Buffer.from(JSON.stringify(spans)),
    read: (bytes: Buffer, to: BatchBuilder) => readJsonV2(bytes, bytes.length, to, true),
  },
  'v2 protobuf': { valid: protoSpans(spans), read: (bytes: Buffer, to: BatchBuilder) => readProtoV2(new ProtoReader(bytes), to, true) },
  'v1 JSON': {
    valid: Buffer.from(JSON.stringify(v1)),
    read: (bytes: Buffer, to: BatchBuilder) => readJsonV1(bytes, bytes.length, to, true, 1n),
  },
  'v1 Thrift': { valid: binary(thrift), read: (bytes: Buffer, to: BatchBuilder) => readThriftV1(new ThriftBinaryReader(bytes), to) },
};

describe.each(Object.entries(formats))('Damaged %s', (_name, { valid, read }) => {
  const pool = new BufferPool(new MemoryLedger(64 * 1024 * 1024), { poison: true });

  /** Reads the bytes: a batch, or an error with an offset inside of them. */
  function check(bytes: Buffer): void {
    using builder = new BatchBuilder('traces', pool);
    try {
      read(bytes, builder);
      builder.finish()?.release();
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
      expect((error as WireError).byteOffset).toBeLessThanOrEqual(bytes.length);
    }
  }

  it('gives spans or an error wherever it ends', () => {
    for (let length = 0; length <= valid.length; length++) check(valid.subarray(0, length));
    expect(pool.ledger.accounted).toBe(0);
  });

  it('gives spans or an error whichever bytes are changed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 5 }),
        (changes) => {
          const bytes = Buffer.from(valid);
          for (const [at, byte] of changes) bytes[at] = byte;
          check(bytes);
        },
      ),
      { numRuns: 2000 },
    );
    expect(pool.ledger.accounted).toBe(0);
  });

  it('gives spans or an error for any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (json) => check(Buffer.from(json))),
      { numRuns: 500 },
    );
  });
});

describe('A payload of tiny spans', () => {
  it.each([
    ['v2 JSON', '{"id":"1"}', (bytes: Buffer, to: BatchBuilder) => readJsonV2(bytes, bytes.length, to, false)],
    ['v1 JSON', `{"traceId":"${id}","id":"${id}"}`, (bytes: Buffer, to: BatchBuilder) => readJsonV1(bytes, bytes.length, to, false, 1n)],
  ])('in %s is read one span at a time', (_name, span, read) => {
    const bytes = Buffer.from(`[${Array.from({ length: 1000 }, () => span).join(',')},`);
    using builder = new BatchBuilder('traces', new BufferPool(new MemoryLedger(64 * 1024 * 1024)));
    expect(() => read(bytes, builder)).toThrow(WireError);
    expect(builder.items).toBe(1000);
  });

  it('has no events for annotations without content in v2 protobuf', () => {
    using builder = new BatchBuilder('traces', new BufferPool(new MemoryLedger(64 * 1024 * 1024)));
    const span = Buffer.concat([Buffer.of(0x0a, 16), Buffer.alloc(16, 1), Buffer.of(0x1a, 8), Buffer.alloc(8, 1)]);
    const bytes = (annotation: readonly number[]): Buffer => {
      const content = Buffer.concat([span, ...Array.from({ length: 20 }, () => Buffer.from(annotation))]);
      return Buffer.concat([Buffer.of(0x0a, content.length), content]);
    };
    readProtoV2(new ProtoReader(bytes([0x52, 0])), builder, false);
    const without = builder.sizeBytes;
    readProtoV2(new ProtoReader(bytes([])), builder, false);
    expect(builder.sizeBytes).toBe(without * 2);
  });
});
