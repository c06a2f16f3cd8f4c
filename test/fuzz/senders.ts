import { Agent, request } from 'node:http';
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { accepts, decode } from '../../packages/wire/test/reference.ts';
import type { FuzzedSignal, Input } from './judge.ts';
import type { Answer } from './target.ts';

const answerLimitMs = 10_000;

/** An answer that may also say: not now. */
export interface SenderAnswer extends Answer {
  readonly busy: boolean;
}

const responseNames: Readonly<Record<FuzzedSignal, string>> = {
  traces: 'ExportTraceServiceResponse',
  metrics: 'ExportMetricsServiceResponse',
  logs: 'ExportLogsServiceResponse',
};

const services: Readonly<Record<FuzzedSignal, string>> = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
};

/** Throws unless the body of a success is an Export*ServiceResponse that takes everything. */
function checkSuccess(signal: FuzzedSignal, body: Buffer): void {
  if (!accepts(responseNames[signal], body) || 'rejectedSpans' in decode(responseNames[signal], body))
    throw new Error('a success with an odd body');
}

/** The message of a google.rpc.Status: `code` 1, `message` 2. Throws unless the code is InvalidArgument. */
function statusMessage(encoding: Input['encoding'], body: Buffer): string {
  if (encoding === 'json') {
    const { code, message } = JSON.parse(body.toString()) as { code: number; message: string };
    if (code !== 3 || typeof message !== 'string') throw new Error(`an odd status: ${body.toString()}`);
    return message;
  }
  if (body[0] !== 0x08 || body[1] !== 3 || body[2] !== 0x12) throw new Error(`an odd status: ${body.toString('hex')}`);
  return body.subarray(body[3]! < 128 ? 4 : 5).toString();
}

/** Sends over HTTP/1.1 connections that are kept; an answer of 400 must leave its connection usable too. */
export class HttpSender {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(port: number) {
    this.#port = port;
  }

  async send({ signal, encoding, body }: Input): Promise<SenderAnswer> {
    const contentType = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
    const { status, type, content } = await new Promise<{ status: number; type: string | undefined; content: Buffer }>(
      (resolve, reject) => {
        const sent = request(
          {
            host: '127.0.0.1',
            port: this.#port,
            agent: this.#agent,
            method: 'POST',
            path: `/v1/${signal}`,
            headers: { 'content-type': contentType, 'content-length': body.length },
            signal: AbortSignal.timeout(answerLimitMs),
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () =>
              resolve({ status: response.statusCode!, type: response.headers['content-type'], content: Buffer.concat(chunks) }),
            );
          },
        );
        sent.on('error', reject);
        sent.end(body);
      },
    );
    if (status === 429 || status === 503) return { accepted: false, busy: true, reason: String(status) };
    if (type !== contentType) throw new Error(`status ${status} of content type ${type}`);
    if (status === 400) return { accepted: false, busy: false, reason: statusMessage(encoding, content) };
    if (status !== 200) throw new Error(`status ${status}: ${content.toString()}`);
    if (encoding === 'protobuf') checkSuccess(signal, content);
    else if (content.toString() !== '{"partialSuccess":{}}') throw new Error(`a success with the body ${content.toString()}`);
    return { accepted: true, busy: false, reason: '' };
  }

  close(): void {
    this.#agent.destroy();
  }
}

function frameHeader(flags: number, length: number): Buffer {
  const header = Buffer.alloc(5, flags);
  header.writeUInt32BE(length, 1);
  return header;
}

/** Sends unary calls over one HTTP/2 connection, which must survive every request. */
export class GrpcSender {
  readonly #session: ClientHttp2Session;
  #fault: Error | undefined;

  constructor(port: number) {
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on('error', (error) => (this.#fault ??= error));
    this.#session.on('goaway', (code) => (this.#fault ??= new Error(`goaway ${code}`)));
  }

  async send({ signal, body }: Input): Promise<SenderAnswer> {
    const { code, message, content } = await this.#call(signal, Buffer.concat([frameHeader(0, body.length), body]));
    if (code === 14 || code === 8) return { accepted: false, busy: true, reason: message };
    if (code === 3 || code === 13) return { accepted: false, busy: false, reason: message };
    if (code !== 0) throw new Error(`grpc-status ${code}: ${message}`);
    if (content[0] !== 0 || content.readUInt32BE(1) !== content.length - 5) throw new Error('a broken answer frame');
    checkSuccess(signal, content.subarray(5));
    return { accepted: true, busy: false, reason: '' };
  }

  /** Sends a call whose frame is broken in the way of that number. Throws unless it is refused. */
  async sendBroken({ signal, body }: Input, way: number): Promise<void> {
    const frames = [
      [frameHeader(0, body.length + 1), body],
      [frameHeader(0, 2 ** 32 - 1), body],
      [frameHeader(1, body.length), body],
      [frameHeader(7, body.length), body],
      [frameHeader(0, 1).subarray(0, 3)],
      [],
    ];
    const { code } = await this.#call(signal, Buffer.concat(frames[way % frames.length]!));
    if (!(code > 0)) throw new Error(`grpc-status ${code} for a broken frame (way ${way % frames.length})`);
  }

  async #call(signal: FuzzedSignal, frame: Buffer): Promise<{ code: number; message: string; content: Buffer }> {
    if (this.#fault !== undefined) throw this.#fault;
    const stream = this.#session.request(
      { ':method': 'POST', ':path': `/${services[signal]}/Export`, 'content-type': 'application/grpc', te: 'trailers' },
      { signal: AbortSignal.timeout(answerLimitMs) },
    );
    return await new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let headers: IncomingHttpHeaders = {};
      // A failure may come in the headers alone.
      stream.on('response', (found) => (headers = found));
      stream.on('trailers', (found) => (headers = found));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('close', () =>
        resolve({
          code: Number(headers['grpc-status'] ?? NaN),
          message: decodeURIComponent(String(headers['grpc-message'] ?? '')),
          content: Buffer.concat(chunks),
        }),
      );
      stream.end(frame);
    });
  }

  close(): void {
    this.#session.destroy();
  }
}
