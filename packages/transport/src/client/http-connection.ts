import type { Socket } from 'node:net';
import type { buildConnector, Dispatcher } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
import { HttpCall } from './http-call.ts';

/** One connection of the pool. It tells each call on which socket it travels. */
export class HttpConnection extends Client {
  #socket: Socket | undefined;

  constructor(origin: URL, settings: object, connector: buildConnector.connector) {
    super(origin, {
      ...settings,
      connect: (options: buildConnector.Options, callback: buildConnector.Callback) => {
        connector(options, (error, socket) => {
          if (error !== null) return callback(error, null);
          this.#socket = socket;
          callback(null, socket);
        });
      },
    });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (handler instanceof HttpCall) handler.connection = this;
    return super.dispatch(options, handler);
  }

  /**
   * Ends the connection when bytes of a request still wait to be written: their memory is free for others from then on. It happens when a
   * server answers before it has read everything.
   */
  abandonUnsent(): void {
    if (this.#socket !== undefined && this.#socket.writableLength > 0) this.#socket.destroy();
  }
}
