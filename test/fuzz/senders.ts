import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
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

const methodOf = (signal: FuzzedSignal): string => `/${services[signal]}/Export`;

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

/** An answer over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly type: string | undefined;
  readonly content: Buffer;
}

/** An answer over gRPC: `code` NaN without a status. */
export interface GrpcAnswer {
  readonly code: number;
  readonly message: string;
  readonly content: Buffer;
}

/** Sends over HTTP/1.1 connections that are kept; an answer of 400 must leave its connection usable too. */
export class HttpSender {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(port: number) {
    this.#port = port;
  }

  async send({ signal, encoding, coding, sent }: Input): Promise<SenderAnswer> {
    const contentType = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
    const { status, type, content } = await this.post(`/v1/${signal}`, contentType, coding, sent);
    if (status === 429 || status === 503) return { accepted: false, busy: true, reason: String(status) };
    if (type !== contentType) throw new Error(`status ${status} of content type ${type}`);
    if (status === 400) return { accepted: false, busy: false, reason: statusMessage(encoding, content) };
    if (status !== 200) throw new Error(`status ${status}: ${content.toString()}`);
    if (encoding === 'protobuf') checkSuccess(signal, content);
    else if (content.toString() !== '{"partialSuccess":{}}') throw new Error(`a success with the body ${content.toString()}`);
    return { accepted: true, busy: false, reason: '' };
  }

  /** Posts a body as it is, whatever the answer. Rejects without one in time. */
  post(path: string, contentType: string, coding: string | undefined, body: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          agent: this.#agent,
          method: 'POST',
          path,
          headers: {
            'content-type': contentType,
            'content-length': body.length,
            ...(coding === undefined ? {} : { 'content-encoding': coding }),
          },
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
    });
  }

  /** Leaves within a request, one byte before the end of its body. */
  async abandon({ signal, encoding, coding, sent }: Input): Promise<void> {
    const socket = connectSocket(this.#port, '127.0.0.1');
    const contentType = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
    const head = `POST /v1/${signal} HTTP/1.1\r\nHost: a\r\nContent-Type: ${contentType}\r\nContent-Encoding: ${coding ?? ''}\r\nContent-Length: ${sent.length + 1}\r\n\r\n`;
    socket.write(head);
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.write(sent, () => resolve());
    });
    socket.destroy();
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

  async send({ signal, coding, sent }: Input): Promise<SenderAnswer> {
    const { code, message, content } = await this.call(methodOf(signal), coding, sent);
    if (code === 8 && /larger than max/.test(message)) return { accepted: false, busy: false, reason: message };
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
    const { code } = await this.#call(methodOf(signal), undefined, Buffer.concat(frames[way % frames.length]!));
    if (!(code > 0)) throw new Error(`grpc-status ${code} for a broken frame (way ${way % frames.length})`);
  }

  /** Calls a method with one message, whatever the answer. Rejects without one in time. */
  call(path: string, coding: string | undefined, message: Buffer): Promise<GrpcAnswer> {
    return this.#call(path, coding, Buffer.concat([frameHeader(coding === undefined ? 0 : 1, message.length), message]));
  }

  /** Cancels a call, one byte before the end of its message. */
  async abandon({ signal, sent }: Input): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    const stream = this.#session.request({ ':method': 'POST', ':path': methodOf(signal), 'content-type': 'application/grpc' });
    stream.on('error', () => undefined);
    stream.write(Buffer.concat([frameHeader(0, sent.length + 1), sent]), () => stream.close(constants.NGHTTP2_CANCEL));
    await once(stream.resume(), 'close');
  }

  async #call(path: string, coding: string | undefined, frame: Buffer): Promise<GrpcAnswer> {
    if (this.#fault !== undefined) throw this.#fault;
    const stream = this.#session.request(
      {
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...(coding === undefined ? {} : { 'grpc-encoding': coding }),
      },
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
