import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, inflateSync } from 'node:zlib';
import { type DecodedSpan, decodeMsgpack, decodeSeries, decodeSketches, decodeTraces } from '../../datadog-format/test/decode.ts';

/** A request that the intake took. */
export interface Taken {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Datadog's intake on a local port. */
export class Intake {
  readonly taken: Taken[] = [];
  /** Requests to these paths, in order, get these statuses instead of 202; with 413, bodies above so many bytes. */
  refusals: { readonly path: string; readonly status: number; readonly headers?: Record<string, string> }[] = [];
  maxBytes = Infinity;
  isKeyValid = true;
  requests = 0;
  #waiting: (() => void)[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.requests++;
      this.#answer({ path: request.url!, headers: request.headers, body: plain(Buffer.concat(chunks), request.headers) }, response);
      const woken = this.#waiting;
      this.#waiting = [];
      for (const wake of woken) wake();
    });
  });

  async listen(): Promise<this> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Settings that point here. */
  get settings(): object {
    const endpoint = { endpoint: this.url };
    return {
      api: { key: 'f00d' },
      hostname: 'here',
      metrics: endpoint,
      traces: endpoint,
      logs: endpoint,
      host_metadata: { enabled: false },
    };
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  bodies(path: string): Buffer[] {
    return this.taken.filter((request) => request.path === path).map(({ body }) => body);
  }

  get spans(): DecodedSpan[] {
    return this.bodies('/api/v0.2/traces').flatMap((body) =>
      decodeTraces(body).tracerPayloads.flatMap(({ chunks }) => chunks.flatMap(({ spans }) => spans)),
    );
  }

  get series(): ReturnType<typeof decodeSeries>[number][] {
    return this.bodies('/api/v2/series').flatMap(decodeSeries);
  }

  get sketches(): ReturnType<typeof decodeSketches>[number][] {
    return this.bodies('/api/beta/sketches').flatMap(decodeSketches);
  }

  get records(): { readonly message: string; readonly [field: string]: unknown }[] {
    return this.bodies('/api/v2/logs').flatMap((body) => JSON.parse(body.toString()) as { message: string }[]);
  }

  get stats(): { readonly [field: string]: unknown; readonly Stats: readonly { readonly [field: string]: unknown }[] }[] {
    return this.bodies('/api/v0.2/stats').map((body) => decodeMsgpack(body) as { Stats: [] });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: Taken, response: ServerResponse): void {
    if (request.path === '/api/v1/validate') {
      this.taken.push(request);
      response.writeHead(this.isKeyValid ? 200 : 403).end(JSON.stringify({ valid: this.isKeyValid }));
      return;
    }
    const index = this.refusals.findIndex(({ path }) => path === request.path);
    if (index >= 0) {
      const [{ status, headers }] = this.refusals.splice(index, 1) as [(typeof this.refusals)[number]];
      response.writeHead(status, headers).end('refused');
    } else if (request.body.length > this.maxBytes) response.writeHead(413).end();
    else {
      this.taken.push(request);
      response.writeHead(202).end('{}');
    }
  }
}

function plain(body: Buffer, headers: IncomingHttpHeaders): Buffer {
  if (headers['content-encoding'] === 'gzip') return gunzipSync(body);
  return headers['content-encoding'] === 'deflate' ? inflateSync(body) : body;
}
