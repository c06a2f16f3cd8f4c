import { type Batch, type Consumer, isPermanent, isPipelineError, lend } from '@millrace/api';
import { ThriftBinaryReader } from '@millrace/trace-format';
import { type BodyFault, type HttpExchange, httpReply, type HttpReply, type HttpRoute, outOfMemory } from '@millrace/transport';
import { BatchBuilder, type Lease } from '@millrace/wire';
import { readThriftBatch } from './read-thrift-batch.ts';

const contentTypes: ReadonlySet<string> = new Set(['application/x-thrift', 'application/vnd.apache.thrift.binary']);
const accepted = httpReply(202, 'text/plain; charset=utf-8', '');
const wrongMethod = httpReply(405, 'text/plain; charset=utf-8', '');

/** `POST /api/traces`: one Batch in Thrift's binary protocol, as Jaeger's collector takes it on port 14268. */
export class ThriftRoute implements HttpRoute {
  readonly #next: Consumer;

  constructor(next: Consumer) {
    this.#next = next;
  }

  begin(exchange: HttpExchange): void {
    if (exchange.method !== 'POST') return exchange.reply(wrongMethod);
    const mediaType = exchange.contentType.split(';', 1)[0]!.trim().toLowerCase();
    if (mediaType === '') return exchange.reply(text(400, 'Cannot parse content type: mime: no media type'));
    if (!contentTypes.has(mediaType)) return exchange.reply(text(400, `Unsupported content type: ${mediaType}`));
    const refusal = this.#next.refusing?.();
    if (refusal !== undefined) refuse(exchange, refusal);
  }

  receive(exchange: HttpExchange, body: Lease, length: number): void {
    let batch: Batch | undefined;
    try {
      batch = read(exchange, body, length);
    } catch (error) {
      return exchange.reply(text(400, `Unable to process request body: ${(error as Error).message}`));
    }
    try {
      const consumed = batch === undefined ? undefined : lend(this.#next, batch);
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
    else exchange.reply(text(fault === 'too large' ? 413 : 400, `Unable to process request body: ${detail}`));
  }
}

function read(exchange: HttpExchange, body: Lease, length: number): Batch | undefined {
  using builder = new BatchBuilder('traces', body.pool);
  try {
    readThriftBatch(new ThriftBinaryReader(body.buffer, 0, length), builder);
    return builder.finish(exchange.client);
  } finally {
    body.release();
  }
}

/** 500 as Jaeger's collector says it, but 503 when sending again makes sense. */
function refuse(exchange: HttpExchange, error: unknown): void {
  const retryAfterMs = isPipelineError(error) ? error.retryAfterMs : undefined;
  const message = `Cannot submit Jaeger batch: ${error instanceof Error ? error.message : String(error)}`;
  exchange.reply(text(isPermanent(error) ? 500 : 503, message, retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000)));
}

function text(status: number, message: string, retryAfterSeconds?: number): HttpReply {
  return httpReply(status, 'text/plain; charset=utf-8', `${message}\n`, retryAfterSeconds);
}
