import type { Dispatcher } from 'undici';
import type { HttpResponse } from './http-client.ts';
import type { HttpConnection } from './http-connection.ts';
import { plainError } from './plain-error.ts';

/** What is kept of a response's body. */
const maxBodyBytes = 64 * 1024;

const noBody: Buffer = Buffer.alloc(0);

/** One request on its way: collects the response and settles once, after the connection has finished with the request's bytes. */
export class HttpCall implements Dispatcher.DispatchHandler {
  /** Where the request travels; set when it leaves the pool's queue. */
  connection: HttpConnection | undefined;
  readonly #signal: AbortSignal;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (reason: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: HttpResponse['headers'] = {};
  #body: Buffer = noBody;

  constructor(signal: AbortSignal, resolve: (response: HttpResponse) => void, reject: (reason: unknown) => void) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', this);
  }

  /** The request's signal aborted. One that still waits for a connection is over at once; it never starts. */
  handleEvent(): void {
    if (this.#controller === undefined) this.#fail(this.#signal.reason);
    else this.#controller.abort(this.#signal.reason as Error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) controller.abort(this.#signal.reason as Error);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: HttpResponse['headers']): void {
    this.#status = statusCode;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const room = maxBodyBytes - this.#body.length;
    const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.#body = this.#body.length === 0 ? Buffer.from(kept) : Buffer.concat([this.#body, kept]);
    if (chunk.length > room) controller.abort(new Error('the response is too long'));
  }

  onResponseEnd(): void {
    this.#succeed();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#signal.aborted) this.#fail(this.#signal.reason);
    // A refusal counts even when its explanation breaks off, and so does a response that was cut off for its length.
    else if (this.#status >= 300 || this.#body.length === maxBodyBytes) this.#succeed();
    else this.#fail(plainError(error));
  }

  #succeed(): void {
    this.#signal.removeEventListener('abort', this);
    this.connection?.abandonUnsent();
    this.#resolve({ status: this.#status, headers: this.#headers, body: this.#body });
  }

  #fail(reason: unknown): void {
    this.#signal.removeEventListener('abort', this);
    this.#reject(reason);
  }
}
