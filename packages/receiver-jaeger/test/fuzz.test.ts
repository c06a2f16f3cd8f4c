import { BatchBuilder, BufferPool, MemoryLedger, WireError } from '@millrace/wire';
import { ProtoReader, ThriftBinaryReader, ThriftCompactReader } from '@millrace/trace-format';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Batch, postSpans, postSpansRequest, thriftBatch } from '../../trace-format/test/jaeger-model.ts';
import { binary, compact, i32, i64, list, string, struct, type ThriftValue } from '../../trace-format/test/thrift-writer.ts';
import { readPostSpans } from '../src/read-proto-batch.ts';
import { readThriftBatch } from '../src/read-thrift-batch.ts';

const batch: Batch = {
  service: 'shop',
  tags: { a: 'b', n: 1n },
  spans: [
    {
      traceId: 'ff',
      spanId: '0000000000000001',
      name: 'n',
      references: [{ childOf: true, traceId: 'ff', spanId: '0000000000000002' }],
      startMicros: 1_790_000_000_000_000n,
      durationMicros: 1n,
      tags: { 'span.kind': 'client', error: true, d: 0.5, bytes: Uint8Array.of(1) },
      logs: [{ micros: 1n, fields: { event: 'e' } }],
    },
  ],
};

const formats = {
  protobuf: { valid: postSpans(batch), read: (bytes: Buffer, to: BatchBuilder) => readPostSpans(new ProtoReader(bytes), to) },
  'binary Thrift': {
    valid: binary(thriftBatch(batch)),
    read: (bytes: Buffer, to: BatchBuilder) => readThriftBatch(new ThriftBinaryReader(bytes), to),
  },
  'compact Thrift': {
    valid: compact(thriftBatch(batch)),
    read: (bytes: Buffer, to: BatchBuilder) => readThriftBatch(new ThriftCompactReader(bytes), to),
  },
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

  it('gives spans or an error for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => check(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
  });
});

describe('A payload of tiny spans', () => {
  const span = { 1: i64(1n), 2: i64(0n), 3: i64(1n), 4: i64(0n), 5: string('n'), 7: i32(0), 8: i64(0n), 9: i64(0n) };
  const spans = (last: ThriftValue): ThriftValue => list('struct', [...Array.from({ length: 100 }, () => struct(span)), last]);
  const process = struct({ 1: string('shop') });
  const processLast = (spans: ThriftValue): ThriftValue => ({
    type: 'struct',
    fields: [
      [2, spans],
      [1, process],
    ],
  });
  const cases: Readonly<Record<string, { valid: Buffer; bad: Buffer; read: (bytes: Buffer, to: BatchBuilder) => void }>> = {
    'binary Thrift': {
      valid: binary(processLast(spans(struct(span)))),
      bad: binary(processLast(spans(struct({ 1: i64(1n) })))),
      read: formats['binary Thrift'].read,
    },
    'compact Thrift': {
      valid: compact(struct({ 1: process, 2: spans(struct(span)) })),
      bad: compact(struct({ 1: process, 2: spans(struct({ 1: i64(1n) })) })),
      read: formats['compact Thrift'].read,
    },
    protobuf: {
      valid: postSpansRequest({ spans: Array.from({ length: 101 }, () => ({ operationName: 'n' })) }),
      bad: postSpansRequest({ spans: [...Array.from({ length: 100 }, () => ({ operationName: 'n' })), { spanId: Buffer.of(1) }] }),
      read: formats.protobuf.read,
    },
  };

  it.each(Object.entries(cases))('in %s is read one span at a time', (_name, { valid, bad, read }) => {
    const pool = new BufferPool(new MemoryLedger(64 * 1024 * 1024));
    using all = new BatchBuilder('traces', pool);
    read(valid, all);
    expect(all.items).toBe(101);
    using some = new BatchBuilder('traces', pool);
    expect(() => read(bad, some)).toThrow(WireError);
    expect(some.items).toBe(100);
  });
});
