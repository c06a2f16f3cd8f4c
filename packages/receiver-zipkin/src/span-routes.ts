import { type Batch, type Clock, type Consumer, isPermanent, lend, over } from '@millrace/api';
import { ProtoReader, ThriftBinaryReader } from '@millrace/trace-format';
import { type BodyFault, type HttpExchange, httpReply, type HttpReply, type HttpRoute, outOfMemory } from '@millrace/transport';
import { BatchBuilder, type Lease } from '@millrace/wire';
import { readJsonV1 } from './read-json-v1.ts';
import { readJsonV2 } from './read-json-v2.ts';
import { readProtoV2 } from './read-proto-v2.ts';
import { readThriftV1 } from './read-thrift-v1.ts';

/** How a body is read, and where its spans go. */
interface Format {
  read(bytes: Buffer, end: number, builder: BatchBuilder): void;
  readonly next: Consumer;
}

/** The formats of a path: the one of a media type, otherwise JSON. */
interface Formats {
  readonly mediaType: string;
  readonly typed: Format;
  readonly json: Format;
}

const plainText = 'text/plain; charset=utf-8';
const accepted = httpReply(202, plainText, '');
const wrongMethod = httpReply(405, plainText, '');
const permanentRefusal = httpReply(400, plainText, '"Bad Request"');
const temporaryRefusal = httpReply(500, plainText, '"Internal Server Error"');

/** The two paths of Zipkin's API: v1 as JSON and, with `application/x-thrift`, Thrift; v2 as JSON and, with `application/x-protobuf`, protobuf. */
export function spanRoutes(parseStringTags: boolean, next: Consumer, clock: Clock): ReadonlyMap<string, HttpRoute> {
  const v1: Formats = {
    mediaType: 'application/x-thrift',
    typed: {
      next: over(next, 'http_v1_thrift'),
      read: (bytes, end, builder) => readThriftV1(new ThriftBinaryReader(bytes, 0, end), builder),
    },
    json: {
      next: over(next, 'http_v1_json'),
      read: (bytes, end, builder) => readJsonV1(bytes, end, builder, parseStringTags, BigInt(Math.trunc(clock.now())) * 1_000_000n),
    },
  };
  const v2: Formats = {
    mediaType: 'application/x-protobuf',
    typed: {
      next: over(next, 'http_v2_proto'),
      read: (bytes, end, builder) => readProtoV2(new ProtoReader(bytes, 0, end), builder, parseStringTags),
    },
    json: {
      next: over(next, 'http_v2_json'),
      read: (bytes, end, builder) => readJsonV2(bytes, end, builder, parseStringTags),
    },
  };
  return new Map([
    ['/api/v1/spans', new SpanRoute(v1)],
    ['/api/v2/spans', new SpanRoute(v2)],
  ]);
}

class SpanRoute implements HttpRoute {
  readonly #formats: Formats;

  constructor(formats: Formats) {
    this.#formats = formats;
  }

  begin(exchange: HttpExchange): void {
    if (exchange.method !== 'POST') return exchange.reply(wrongMethod);
    const refusal = this.#formatOf(exchange).next.refusing?.();
    if (refusal !== undefined) refuse(exchange, refusal);
  }

  receive(exchange: HttpExchange, body: Lease, length: number): void {
    const format = this.#formatOf(exchange);
    let batch: Batch | undefined;
    try {
      batch = read(format, exchange, body, length);
    } catch (error) {
      return exchange.reply(text(400, (error as Error).message));
    }
    try {
      const consumed = batch === undefined ? undefined : lend(format.next, batch);
      if (consumed === undefined) exchange.reply(accepted);
      else
        consumed.then(
          () => exchange.reply(accepted),
          (error: unknown) => refuse(exchange, error),
        );
    } catch (error) {
      refuse(exchange, error);
    }
  }

  fail(exchange: HttpExchange, fault: BodyFault, detail: string): void {
    if (fault === 'no memory') exchange.reply(text(503, outOfMemory.message, 1));
    else exchange.reply(text(fault === 'too large' ? 413 : 400, detail));
  }

  #formatOf(exchange: HttpExchange): Format {
    const { mediaType, typed, json } = this.#formats;
    return exchange.contentType.split(';', 1)[0]!.trim().toLowerCase() === mediaType ? typed : json;
  }
}

function read(format: Format, exchange: HttpExchange, body: Lease, length: number): Batch | undefined {
  using builder = new BatchBuilder('traces', body.pool);
  try {
    format.read(body.buffer, length, builder);
    return builder.finish(exchange.client);
  } finally {
    body.release();
  }
}

function refuse(exchange: HttpExchange, error: unknown): void {
  exchange.reply(isPermanent(error) ? permanentRefusal : temporaryRefusal);
}

function text(status: number, message: string, retryAfterSeconds?: number): HttpReply {
  return httpReply(status, plainText, `${message}\n`, retryAfterSeconds);
}
