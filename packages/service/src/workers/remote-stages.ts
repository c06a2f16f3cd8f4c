import type { MessagePort } from 'node:worker_threads';
import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Stage } from '@millrace/api';
import type { MainMessage, WorkerMessage } from './messages.ts';

/** A batch that the main thread works on. */
interface Sent {
  readonly batch: Batch;
  readonly resolve: () => void;
  readonly reject: (error: PipelineError) => void;
}

/**
 * A worker's doors to the stages that live on the main thread. A batch is lent across with its memory, which is shared: it is not copied,
 * and stays leased here until nothing over there refers to it.
 */
export class RemoteStages {
  readonly #port: MessagePort;
  readonly #sent = new Map<number, Sent>();
  #nextId = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** The stage of this name; its `consume` settles as the real one's does. */
  stage(name: string): Stage {
    return { consume: (batch) => this.#consume(name, batch) };
  }

  /** Takes the main thread's answers. */
  receive(message: MainMessage): void {
    if (message.kind !== 'settled' && message.kind !== 'released') return;
    const sent = this.#sent.get(message.id);
    if (sent === undefined) return;
    if (message.kind === 'settled') {
      if (message.error === undefined) sent.resolve();
      else sent.reject(received(message.error));
      if (!message.released) return;
    }
    this.#sent.delete(message.id);
    sent.batch.release();
  }

  #consume(stage: string, batch: Batch): Consumed {
    const held = batch.hold();
    const { buffer, byteOffset, length } = held.bytes;
    const id = this.#nextId++;
    const message: WorkerMessage = {
      kind: 'batch',
      id,
      stage,
      signal: held.signal,
      // The pool's buffers are shared memory.
      memory: buffer as ArrayBufferLike as SharedArrayBuffer,
      start: byteOffset,
      end: byteOffset + length,
      items: held.items,
      client: held.client,
    };
    try {
      this.#port.postMessage(message);
    } catch (error) {
      held.release();
      throw error;
    }
    return new Promise((resolve, reject) => void this.#sent.set(id, { batch: held, resolve, reject }));
  }
}

function received({
  message,
  kind,
  retryAfterMs,
  grpcCode,
}: NonNullable<Extract<MainMessage, { kind: 'settled' }>['error']>): PipelineError {
  return new PipelineError(message, {
    kind,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(grpcCode !== undefined && { grpcCode }),
  });
}
