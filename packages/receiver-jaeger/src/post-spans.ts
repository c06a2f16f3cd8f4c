import { type Batch, type Consumer, lend } from '@millrace/api';
import { ProtoReader } from '@millrace/trace-format';
import { type GrpcCall, type GrpcMethod, type RpcStatus, statusOfError } from '@millrace/transport';
import { BatchBuilder, type Lease } from '@millrace/wire';
import { readPostSpans } from './read-proto-batch.ts';

/** jaeger.api_v2.CollectorService (jaeger-idl, proto/api_v2/collector.proto). */
export const postSpansPath = '/jaeger.api_v2.CollectorService/PostSpans';

/** Takes the spans of `PostSpans`, and answers once the pipeline took them. */
export class PostSpansMethod implements GrpcMethod {
  readonly #next: Consumer;

  constructor(next: Consumer) {
    this.#next = next;
  }

  refusing(): RpcStatus | undefined {
    const refusal = this.#next.refusing?.();
    return refusal === undefined ? undefined : statusOfError(refusal);
  }

  receive(call: GrpcCall, message: Lease, length: number): void {
    try {
      const batch = read(call, message, length);
      const consumed = batch === undefined ? undefined : lend(this.#next, batch);
      if (consumed === undefined) call.succeed();
      else
        consumed.then(
          () => call.succeed(),
          (error: unknown) => call.fail(statusOfError(error)),
        );
    } catch (error) {
      call.fail(statusOfError(error));
    }
  }
}

function read(call: GrpcCall, message: Lease, length: number): Batch | undefined {
  using builder = new BatchBuilder('traces', message.pool);
  try {
    readPostSpans(new ProtoReader(message.buffer, 0, length), builder);
    return builder.finish(call.client);
  } finally {
    message.release();
  }
}
