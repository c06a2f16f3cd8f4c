import { connect, type Socket } from 'node:net';
import type { LoadCounters } from './http1-load.ts';
import {
  ackFlag,
  clientPreface,
  endHeadersFlag,
  endStreamFlag,
  frame,
  FrameReader,
  frameType,
  indexedHeader,
  initialWindow,
  largestWindow,
  literalHeader,
  settingsFrame,
  windowUpdateFrame,
  type FrameHandler,
} from './http2-frames.ts';

interface Stream {
  readonly id: number;
  readonly message: Buffer;
  started: boolean;
  sent: number;
  window: number;
  /** A response message came: without one, the trailers carry an error. */
  answered: boolean;
}

const retryAfterMs = 100;
const settingInitialWindowSize = 4;
const settingMaxFrameSize = 5;

/** One connection that sends unary calls, with a fixed number in flight. It honours flow control and ignores header contents. */
class Connection implements FrameHandler {
  readonly #socket: Socket;
  readonly #headers: Buffer;
  readonly #nextMessage: () => Buffer;
  readonly #counters: LoadCounters;
  readonly #streams = new Map<number, Stream>();
  readonly #unsent: Stream[] = [];
  #nextId = 1;
  #window = initialWindow;
  #streamWindow = initialWindow;
  #maxFrameSize = 16_384;
  #toStart: number;
  stopped = false;

  constructor(
    port: number,
    path: string,
    extraHeaders: Readonly<Record<string, string>>,
    inFlight: number,
    nextMessage: () => Buffer,
    counters: LoadCounters,
  ) {
    this.#nextMessage = nextMessage;
    this.#counters = counters;
    this.#toStart = inFlight;
    this.#headers = Buffer.concat([
      indexedHeader(3), // :method POST
      indexedHeader(6), // :scheme http
      literalHeader(':path', path),
      literalHeader(':authority', `127.0.0.1:${port}`),
      literalHeader('te', 'trailers'),
      literalHeader('content-type', 'application/grpc'),
      ...Object.entries(extraHeaders).map(([name, value]) => literalHeader(name, value)),
    ]);
    const reader = new FrameReader(this, 0);
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('connect', () =>
      this.#socket.write(
        Buffer.concat([
          clientPreface,
          settingsFrame([2, 0], [settingInitialWindowSize, largestWindow]),
          windowUpdateFrame(0, largestWindow - initialWindow),
        ]),
      ),
    );
    this.#socket.on('data', (chunk: Buffer) => {
      reader.read(chunk);
      this.#pump();
    });
    this.#socket.on('error', () => counters.failed++);
  }

  onData(streamId: number, _chunk: Buffer, _start: number, _end: number, last: boolean): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined && last) stream.answered = true;
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (type === frameType.settings && (flags & ackFlag) === 0) this.#applySettings(payload);
    else if (type === frameType.windowUpdate) {
      const increment = payload.readUInt32BE(0);
      const stream = this.#streams.get(streamId);
      if (streamId === 0) this.#window += increment;
      else if (stream !== undefined) stream.window += increment;
    } else if (type === frameType.ping && (flags & ackFlag) === 0) this.#socket.write(frame(frameType.ping, ackFlag, 0, payload));
    else if (type === frameType.headers && (flags & endStreamFlag) !== 0) this.#finish(streamId);
    else if (type === frameType.resetStream) this.#finish(streamId);
  }

  #applySettings(payload: Buffer): void {
    for (let i = 0; i < payload.length; i += 6) {
      const value = payload.readUInt32BE(i + 2);
      const identifier = payload.readUInt16BE(i);
      if (identifier === settingInitialWindowSize) {
        for (const stream of this.#streams.values()) stream.window += value - this.#streamWindow;
        this.#streamWindow = value;
      } else if (identifier === settingMaxFrameSize) this.#maxFrameSize = value;
    }
    this.#socket.write(frame(frameType.settings, ackFlag, 0, Buffer.alloc(0)));
    while (this.#toStart > 0) {
      this.#toStart--;
      this.#start();
    }
  }

  #start(): void {
    if (this.stopped) {
      if (this.#streams.size === 0) this.#socket.end();
      return;
    }
    const stream = { id: this.#nextId, message: this.#nextMessage(), started: false, sent: 0, window: this.#streamWindow, answered: false };
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    this.#unsent.push(stream);
  }

  #finish(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#streams.delete(streamId);
    const waiting = this.#unsent.indexOf(stream);
    if (waiting >= 0) this.#unsent.splice(waiting, 1);
    if (stream.answered) {
      this.#counters.acknowledged++;
      this.#start();
      return;
    }
    this.#counters.refused++;
    setTimeout(() => {
      this.#start();
      this.#pump();
    }, retryAfterMs);
  }

  /** Writes what the windows allow, one stream after the other, skipping those whose own window is spent. */
  #pump(): void {
    if (this.#unsent.length === 0) return;
    this.#socket.cork();
    let i = 0;
    while (i < this.#unsent.length) {
      const stream = this.#unsent[i]!;
      if (!stream.started) {
        stream.started = true;
        this.#socket.write(frame(frameType.headers, endHeadersFlag, stream.id, this.#headers));
      }
      while (stream.sent < stream.message.length) {
        const size = Math.min(this.#maxFrameSize, stream.message.length - stream.sent, this.#window, stream.window);
        if (size <= 0) break;
        const end = stream.sent + size === stream.message.length;
        const header = Buffer.allocUnsafe(9);
        header.writeUIntBE(size, 0, 3);
        header[3] = frameType.data;
        header[4] = end ? endStreamFlag : 0;
        header.writeUInt32BE(stream.id, 5);
        this.#socket.write(header);
        this.#socket.write(stream.message.subarray(stream.sent, stream.sent + size));
        stream.sent += size;
        stream.window -= size;
        this.#window -= size;
      }
      if (stream.sent === stream.message.length) this.#unsent.splice(i, 1);
      else if (this.#window <= 0) break;
      else i++;
    }
    this.#socket.uncork();
  }
}

/**
 * Sends prepared gRPC messages (with their 5-byte prefix) as unary calls to `path`, over `connections` connections with `inFlight` calls
 * each, for as long as the returned function is not called. A refused call is followed by the next one after 100 ms.
 */
export function startGrpcLoad(
  target: { readonly port: number; readonly path: string; readonly headers: Readonly<Record<string, string>> },
  messages: readonly Buffer[],
  connections: number,
  inFlight: number,
  counters: LoadCounters,
): () => void {
  let next = 0;
  const open = Array.from(
    { length: connections },
    () => new Connection(target.port, target.path, target.headers, inFlight, () => messages[next++ % messages.length]!, counters),
  );
  return () => {
    for (const connection of open) connection.stopped = true;
  };
}
