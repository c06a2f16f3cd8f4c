import zlib from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compress } from 'snappyjs';
import { request } from 'undici';
import { eventually, RawClient, serve, type TestServer } from './http-harness.ts';
import { createCompressor } from '@millrace/transport';
import { blockBomb, chunk, identifier } from './snappy-encoder.ts';

let open: TestServer[] = [];
const started = async (...args: Parameters<typeof serve>): Promise<TestServer> => {
  const test = await serve(...args);
  open.push(test);
  return test;
};
afterEach(async () => {
  for (const test of open) {
    await test.close();
    expect(test.pool.ledger.accounted).toBe(0);
  }
  open = [];
});

async function send(test: TestServer, encoding: string, body: Buffer): Promise<[number, string]> {
  const answer = await request(test.url, { method: 'POST', body, headers: encoding === '' ? {} : { 'content-encoding': encoding } });
  return [answer.statusCode, await answer.body.text()];
}

const snappy = (body: Buffer): Buffer => compress(body);
const framedSnappy = (body: Buffer): Buffer => {
  const chunks: Buffer[] = [identifier];
  for (let at = 0; at < body.length; at += 65_536) {
    const piece = body.subarray(at, at + 65_536);
    chunks.push(chunk(0, snappy(piece), piece));
  }
  return Buffer.concat(chunks);
};

const encoders: readonly [string, (body: Buffer) => Buffer][] = [
  ['gzip', (body) => zlib.gzipSync(body)],
  ['GZIP', (body) => zlib.gzipSync(body)],
  ['zlib', (body) => zlib.deflateSync(body)],
  ['deflate', (body) => zlib.deflateSync(body)],
  ['zstd', (body) => zlib.zstdCompressSync(body)],
  ['snappy', snappy],
  ['snappy', framedSnappy],
  ['x-snappy-framed', framedSnappy],
  ['lz4', (body) => lz4(body)],
];

const lz4 = createCompressor('lz4') as (body: Buffer) => Buffer;

/** Text that compresses somewhat, and does not repeat as a whole. */
const text = (sizeBytes: number): Buffer => {
  const lines: string[] = [];
  for (let i = 0, length = 0; length < sizeBytes; i++) {
    const line = `item ${(i * 7919) % 10_007} of ${i} `;
    lines.push(line);
    length += line.length;
  }
  return Buffer.from(lines.join('').slice(0, sizeBytes));
};

describe('A compressed body', () => {
  it.each(encoders)('is decompressed when it is %s, small and large', async (encoding, encode) => {
    const test = await started({ maxRequestBodyBytes: 10_000_000 });
    for (const body of [text(1), text(50_000), text(3_000_000)]) {
      expect(await send(test, encoding, encode(body))).toEqual([200, 'taken']);
      expect(test.route.bodies.pop()!.equals(body)).toBe(true);
    }
  });

  it.each(encoders)('may be as large as the limit and no larger when it is %s', async (encoding, encode) => {
    const test = await started({ maxRequestBodyBytes: 100_000 });
    expect(await send(test, encoding, encode(text(100_000)))).toEqual([200, 'taken']);
    expect(await send(test, encoding, encode(text(100_001)))).toEqual([400, 'too large: http: request body too large']);
  });

  it.each([
    ['gzip', zlib.gzipSync(Buffer.alloc(60_000_000))],
    ['zlib', zlib.deflateSync(Buffer.alloc(60_000_000))],
    ['zstd', zlib.zstdCompressSync(Buffer.alloc(60_000_000))],
    ['snappy', blockBomb(20_000_001)],
    ['lz4', (createCompressor('lz4') as (body: Buffer) => Buffer)(Buffer.alloc(60_000_000))],
    ['snappy', Buffer.concat([identifier, ...Array.from({ length: 400 }, () => chunk(0, blockBomb(65_536), Buffer.alloc(65_536, 'a')))])],
  ])('that is a %s bomb costs no more than the limit', async (encoding, bomb) => {
    const test = await started({ maxRequestBodyBytes: 20_000_000 }, 100_000_000);
    expect(await send(test, encoding, bomb)).toEqual([400, 'too large: http: request body too large']);
    expect(test.pool.freeBytes).toBeLessThan(80_000_000);
  });

  it.each([
    ['gzip', zlib.gzipSync(Buffer.alloc(9_000_000))],
    ['zstd', zlib.zstdCompressSync(text(1_000_000))],
    ['snappy', blockBomb(9_000_000)],
    ['lz4', (createCompressor('lz4') as (body: Buffer) => Buffer)(Buffer.alloc(9_000_000))],
  ])('that outgrows the memory budget as %s is refused', async (encoding, body) => {
    const test = await started({ maxRequestBodyBytes: 20_000_000 }, 900_000);
    expect(await send(test, encoding, body)).toEqual([503, 'no memory: ']);
  });

  it.each([
    ['gzip', 'incorrect header check', Buffer.from('no gzip at all')],
    ['gzip', 'unexpected end of file', zlib.gzipSync(text(1000)).subarray(0, 100)],
    ['gzip', 'unexpected end of file', Buffer.alloc(0)],
    ['gzip', 'incorrect header check', Buffer.alloc(300_000, 'x')],
    ['zlib', 'incorrect header check', zlib.deflateRawSync(text(1000))],
    ['zstd', '', Buffer.from('no zstd at all')],
    ['zstd', '', Buffer.alloc(300_000, 'x')],
    ['snappy', 'corrupt input', Buffer.from([5])],
    ['snappy', 'corrupt input', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['snappy', 'corrupt input', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61])],
    ['snappy', 'corrupt input', Buffer.from([4, 0, 0x61, 2, 2, 0])],
    ['snappy', 'corrupt input', Buffer.concat([identifier, chunk(2, Buffer.alloc(4))])],
    ['snappy', 'corrupt input', Buffer.concat([identifier, chunk(1, Buffer.from('abc'), Buffer.from('abd'))])],
    ['snappy', 'corrupt input', Buffer.concat([identifier, chunk(1, Buffer.from('abc'), Buffer.from('abc')).subarray(0, 9)])],
    ['snappy', 'corrupt input', Buffer.concat([identifier, chunk(1, Buffer.alloc(70_000), Buffer.alloc(70_000))])],
    ['snappy', 'corrupt input', Buffer.concat([identifier, chunk(0xff, Buffer.from('sNaPpX'))])],
    ['snappy', 'corrupt input', Buffer.concat([identifier, Buffer.from([0, 1])])],
  ])('that is no %s is refused: %s', async (encoding, detail, body) => {
    const test = await started();
    const [status, message] = await send(test, encoding, body);
    expect(status).toBe(400);
    expect(message).toMatch(new RegExp(`^malformed: ${encoding}: .*${detail}`, 'i'));
  });

  it('is refused when its coding is unknown or not configured', async () => {
    const test = await started({ compressionAlgorithms: ['', 'gzip'] });
    expect(await send(test, 'br', Buffer.from('x'))).toEqual([400, 'malformed: unsupported Content-Encoding: br']);
    expect(await send(test, 'zstd', Buffer.from('x'))).toEqual([400, 'malformed: unsupported Content-Encoding: zstd']);
    expect((await send(test, 'gzip', zlib.gzipSync('x')))[0]).toBe(200);
  });

  it('may consist of several gzip members', async () => {
    const test = await started();
    await send(test, 'gzip', Buffer.concat([zlib.gzipSync('one '), zlib.gzipSync('two')]));
    expect(test.route.bodies.map(String)).toEqual(['one two']);
  });

  it('may have snappy chunks that are skipped or not compressed', async () => {
    const test = await started();
    const plain = Buffer.from('plain');
    await send(
      test,
      'snappy',
      Buffer.concat([identifier, chunk(0xfe, Buffer.alloc(9)), chunk(1, plain, plain), identifier, chunk(1, plain, plain)]),
    );
    expect(test.route.bodies.map(String)).toEqual(['plainplain']);
  });

  it('is dropped when the client leaves while a thread decompresses it', async () => {
    const test = await started({ maxRequestBodyBytes: 40_000_000 });
    const body = zlib.gzipSync(Buffer.alloc(30_000_000, text(300_000)), { level: 1 });
    expect(body.length).toBeGreaterThan(128 * 1024);
    const client = await RawClient.open(test.port);
    const { ledger } = test.pool;
    const add = ledger.add.bind(ledger);
    let seen = false;
    ledger.add = (bytes) => {
      add(bytes);
      const growing = bytes > 0 && ledger.accounted > 2 * body.length + 2_000_000;
      if (growing && !seen) client.socket.resetAndDestroy();
      seen ||= growing;
    };
    client.send(`POST /in HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`).send(body);
    await eventually(() => seen && ledger.accounted === 0);
    expect(test.route.bodies).toEqual([]);
  });
});

describe('Garbage', () => {
  it.each(['gzip', 'zlib', 'deflate', 'zstd', 'snappy', 'x-snappy-framed', 'lz4'])(
    'that claims to be %s is refused or read, and never more',
    async (encoding) => {
      const test = await started({ maxRequestBodyBytes: 100_000 });
      const encode = encoders.find(([name]) => name === encoding)![1];
      const whole = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
      const original = encode(text(2000));
      const mutated = fc
        .array(fc.tuple(fc.nat({ max: original.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 })
        .map((edits) => {
          const body = Buffer.from(original);
          for (const [at, byte] of edits) body[at] = byte;
          return body;
        });
      const cut = fc.nat({ max: original.length }).map((length) => original.subarray(0, length));
      await fc.assert(
        fc.asyncProperty(fc.oneof(whole, mutated, cut), async (body) => {
          const [status] = await send(test, encoding, body);
          expect([200, 400]).toContain(status);
          for (const read of test.route.bodies.splice(0)) expect(read.length).toBeLessThanOrEqual(100_000);
        }),
        { numRuns: 100 },
      );
      expect((await send(test, encoding, original))[0]).toBe(200);
    },
  );
});

describe('The lz4 decoder', () => {
  /** What `lz4 -BD -B4 -BX`, `lz4 -BI -B6 --no-frame-crc` and `lz4 -9 --content-size` of lz4 1.9.4 make of this. */
  const plain = Buffer.from(`${'abcdefgh'.repeat(10_000)}end`);
  const frames = [
    [
      'linked blocks of 64 KiB, with checksums of blocks and content',
      'BCJNGFRArhIBAACPYWJjZGVmZ2gIAP/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////gUGRlZmdowbSE+EoAAACPYWJjZGVmZ2gIAP//////////////////////////////////////////////////////////////////////////m1BnaGVuZIh96YEAAAAAyXQIBA==',
    ],
    [
      'independent blocks of 1 MiB, without checksums',
      'BCJNGGBQ+0sBAACPYWJjZGVmZ2gIAP////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////+cUGdoZW5kAAAAAA==',
    ],
    [
      'the size of the content in the header',
      'BCJNGGxQgzgBAAAAAACgSwEAAI9hYmNkZWZnaAgA/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////5xQZ2hlbmQAAAAAyXQIBA==',
    ],
  ] as const;

  it.each(frames)('reads frames of the reference program: %s', async (_name, base64) => {
    const test = await started();
    expect(await send(test, 'lz4', Buffer.from(base64, 'base64'))).toEqual([200, 'taken']);
    expect(test.route.bodies.pop()!.equals(plain)).toBe(true);
  });

  it('reads frames one after the other and skips what is marked so', async () => {
    const test = await started();
    const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    await send(test, 'lz4', Buffer.concat([lz4(Buffer.from('one ')), skipped, lz4(Buffer.from('two'))]));
    expect(test.route.bodies.map(String)).toEqual(['one two']);
  });

  it('finds a wrong checksum of the header, of a block and of the content', async () => {
    const test = await started();
    const frame = Buffer.from(frames[0][1], 'base64');
    for (const at of [6, 12, frame.length - 1]) {
      const wrong = Buffer.from(frame);
      wrong[at]! ^= 1;
      expect(await send(test, 'lz4', wrong)).toEqual([400, 'malformed: lz4: corrupt input']);
    }
  });

  it('undoes what the encoder makes of any bytes', async () => {
    const test = await started();
    const bytes = fc.uint8Array({ maxLength: 3000 }).map((array) => Buffer.from(array));
    const repetitive = fc
      .array(fc.constantFrom('abc', 'abcabcd', 'xxxxxxxx', 'é', 'y'.repeat(300)), { maxLength: 300 })
      .map((parts) => Buffer.from(parts.join('')));
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, repetitive), async (body) => {
        expect(await send(test, 'lz4', lz4(body))).toEqual([200, 'taken']);
        expect(test.route.bodies.pop()!.equals(body)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('The snappy decoder', () => {
  it('undoes what the reference encoder makes of any bytes', async () => {
    const test = await started();
    const bytes = fc.uint8Array({ maxLength: 3000 }).map((array) => Buffer.from(array));
    const repetitive = fc
      .array(fc.constantFrom('abc', 'abcabcd', 'xxxxxxxx', 'é'), { maxLength: 500 })
      .map((parts) => Buffer.from(parts.join('')));
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, repetitive), async (body) => {
        expect(await send(test, 'snappy', snappy(body))).toEqual([200, 'taken']);
        expect(test.route.bodies.pop()!.equals(body)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('survives any mutation of its input', async () => {
    const test = await started();
    const original = snappy(text(2000));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: original.length - 1 }), fc.nat({ max: 255 }), async (at, byte) => {
        const body = Buffer.from(original);
        body[at] = byte;
        const [status] = await send(test, 'snappy', body);
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 200 },
    );
  });
});
