import { createServer, type Server } from 'node:net';
import {
  ackFlag,
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
} from './http2-frames.ts';

/** One message on its way in: 5 bytes of prefix (compressed flag, length), then the message. */
interface Incoming {
  prefix: number;
  length: number;
  compressed: boolean;
  message: Buffer | undefined;
  filled: number;
}

const responseHeaders = Buffer.concat([indexedHeader(8), literalHeader('content-type', 'application/grpc')]); // :status 200
const parts = [
  frame(frameType.headers, endHeadersFlag, 0, responseHeaders),
  frame(frameType.data, 0, 0, Buffer.alloc(5)),
  frame(frameType.headers, endHeadersFlag | endStreamFlag, 0, literalHeader('grpc-status', '0')),
];
const response = Buffer.concat(parts);
const streamIdOffsets = [5, parts[0]!.length + 5, parts[0]!.length + parts[1]!.length + 5];
const windowRefillBytes = 1 << 30;

/**
 * A gRPC server (HTTP/2 without TLS) for unary calls with any method: hands each message to `onMessage` and answers OK with an empty
 * message. It does not read headers and grants the largest windows, so that it costs far less than what is measured.
 */
export function grpcSink(onMessage: (message: Buffer, compressed: boolean) => void): Server {
  return createServer({ noDelay: true, highWaterMark: 1 << 17 }, (socket) => {
    const streams = new Map<number, Incoming>();
    let received = 0;
    let out: Buffer[] = [settingsFrame([3, 1000], [4, largestWindow], [5, 1 << 20]), windowUpdateFrame(0, largestWindow - initialWindow)];
    const reader = new FrameReader(
      {
        onData(streamId, chunk, start, end, last, endStream) {
          received += end - start;
          const stream = streams.get(streamId);
          if (stream === undefined) return;
          let position = start;
          while (stream.prefix < 5 && position < end) {
            const byte = chunk[position++]!;
            if (stream.prefix === 0) stream.compressed = byte === 1;
            else stream.length = stream.length * 256 + byte;
            stream.prefix++;
          }
          if (stream.prefix === 5 && stream.message === undefined) stream.message = Buffer.allocUnsafeSlow(stream.length);
          if (stream.message !== undefined) {
            chunk.copy(stream.message, stream.filled, position, end);
            stream.filled += end - position;
          }
          if (!last || !endStream) return;
          streams.delete(streamId);
          if (stream.message === undefined || stream.filled !== stream.length)
            throw new Error(`stream ${streamId} ended within its message`);
          onMessage(stream.message, stream.compressed);
          const bytes = Buffer.allocUnsafe(response.length);
          response.copy(bytes);
          for (const offset of streamIdOffsets) bytes.writeUInt32BE(streamId, offset);
          out.push(bytes);
        },
        onFrame(type, flags, streamId, payload) {
          if (type === frameType.headers) streams.set(streamId, { prefix: 0, length: 0, compressed: false, message: undefined, filled: 0 });
          else if (type === frameType.settings && (flags & ackFlag) === 0) out.push(frame(frameType.settings, ackFlag, 0, Buffer.alloc(0)));
          else if (type === frameType.ping && (flags & ackFlag) === 0) out.push(frame(frameType.ping, ackFlag, 0, payload));
          else if (type === frameType.resetStream) streams.delete(streamId);
        },
      },
      24,
    );
    const flush = (): void => {
      if (received > windowRefillBytes) {
        out.push(windowUpdateFrame(0, received));
        received = 0;
      }
      if (out.length === 0) return;
      socket.write(out.length === 1 ? out[0]! : Buffer.concat(out));
      out = [];
    };
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      reader.read(chunk);
      flush();
    });
    flush();
  });
}
