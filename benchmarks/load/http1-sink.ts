import { createServer, type Server } from 'node:net';

const response = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n');

/**
 * An HTTP/1.1 server for bodies with Content-Length or chunked coding over keep-alive connections: hands each body to `onBody` and answers
 * 200 when it returns. It reads only the headers that it needs, so that it costs far less than what is measured.
 */
export function http1Sink(onBody: (body: Buffer, encoding: string) => void): Server {
  return createServer({ noDelay: true, highWaterMark: 1 << 17 }, (socket) => {
    let unread: Buffer | undefined;
    let body: Buffer | undefined;
    let filled = 0;
    let encoding = '';
    socket.on('error', () => socket.destroy());
    const finish = (whole: Buffer): void => {
      onBody(whole, encoding);
      socket.write(response);
    };
    socket.on('data', (data: Buffer) => {
      let chunk = data;
      if (unread !== undefined) {
        chunk = Buffer.concat([unread, data]);
        unread = undefined;
      }
      let position = 0;
      while (position < chunk.length) {
        if (body === undefined) {
          const headEnd = chunk.indexOf('\r\n\r\n', position, 'latin1');
          if (headEnd < 0) {
            unread = chunk.subarray(position);
            return;
          }
          const head = chunk.latin1Slice(position, headEnd).toLowerCase();
          const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
          encoding = /\r\ncontent-encoding: *(\S+)/.exec(head)?.[1] ?? '';
          if (length === undefined) {
            const whole = head.includes('transfer-encoding: chunked') ? dechunk(chunk, headEnd + 4) : undefined;
            if (whole === undefined) {
              unread = chunk.subarray(position);
              return;
            }
            position = whole.end;
            finish(whole.body);
            continue;
          }
          position = headEnd + 4;
          const size = Number(length);
          if (chunk.length - position >= size) {
            finish(chunk.subarray(position, position + size));
            position += size;
            continue;
          }
          body = Buffer.allocUnsafeSlow(size);
          filled = 0;
        }
        const size = Math.min(body.length - filled, chunk.length - position);
        chunk.copy(body, filled, position, position + size);
        filled += size;
        position += size;
        if (filled === body.length) {
          const whole = body;
          body = undefined;
          finish(whole);
        }
      }
    });
  });
}

/** The body in chunked coding that starts at `start`, or undefined while it is incomplete. */
function dechunk(data: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const pieces: Buffer[] = [];
  let position = start;
  for (;;) {
    const lineEnd = data.indexOf('\r\n', position, 'latin1');
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(data.latin1Slice(position, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (data.length < end) return undefined;
    if (size === 0) return { body: Buffer.concat(pieces), end };
    pieces.push(data.subarray(lineEnd + 2, end - 2));
    position = end;
  }
}
