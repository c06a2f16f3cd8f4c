import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A request as it arrived, its body unpacked. */
export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An HTTP destination on a local port that keeps what it accepts. */
export class Destination {
  readonly accepted: Received[] = [];
  behave: (request: Received, response: ServerResponse) => void = (request, response) => this.accept(request, response);
  readonly #server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const packed = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(packed) : packed;
      this.behave({ url: request.url!, headers: request.headers, body }, response);
    });
  });

  accept(request: Received, response: ServerResponse): void {
    this.accepted.push(request);
    response.writeHead(202).end();
  }

  /** Answers every request with a status. */
  refuse(status: number, headers: Record<string, string> = {}): void {
    this.behave = (_request, response) => response.writeHead(status, headers).end('no');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
