/**
 * A child process that keeps a server busy with prebuilt requests over raw sockets, so that the client costs the measured process nothing.
 * Arguments: `http|grpc`, port, connections, requests in flight per connection, path, content encoding or ''. The body comes on stdin.
 */
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

const [protocol, portText, connectionsText, depthText, path, encoding] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const port = Number(portText);
const depth = Number(depthText);
const gzip = encoding === 'gzip';

function httpLoad(body: Buffer): void {
  const head =
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: millrace-load\r\nContent-Type: application/x-protobuf\r\n` +
    `${gzip ? 'Content-Encoding: gzip\r\n' : ''}Content-Length: ${body.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), body]);
  const socket = open(() => {
    for (let i = 0; i < depth; i++) socket.write(request);
  });
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.latin1Slice();
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!rest.startsWith('HTTP/1.1 200')) throw new Error(rest.slice(0, 200));
      const length = Number(/content-length: (\d+)/i.exec(rest.slice(0, end))?.[1] ?? 0);
      if (rest.length < end + 4 + length) return;
      rest = rest.slice(end + 4 + length);
      socket.write(request);
    }
  });
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);
}

/** Speaks just enough HTTP/2: 16 KiB frames, flow control by connection, no HPACK table. */
function grpcLoad(body: Buffer): void {
  const fields = [
    Buffer.from([0x83, 0x86]),
    literal(':path', path),
    literal(':authority', `127.0.0.1:${port}`),
    literal('te', 'trailers'),
    literal('content-type', 'application/grpc'),
    literal('user-agent', 'millrace-load'),
    literal('grpc-timeout', '4999871u'),
  ];
  if (gzip) fields.push(literal('grpc-encoding', 'gzip'));
  const headers = Buffer.concat(fields);
  const prefix = Buffer.alloc(5);
  prefix[0] = gzip ? 1 : 0;
  prefix.writeUInt32BE(body.length, 1);
  const message = Buffer.concat([prefix, body]);
  const pieces = [frame(1, 4, 1, headers)];
  for (let at = 0; at < message.length; at += 16_384) {
    pieces.push(frame(0, at + 16_384 >= message.length ? 1 : 0, 1, message.subarray(at, at + 16_384)));
  }
  let stream = 1;
  let credit = 65_535;
  let waiting = 0;
  const send = (): void => {
    waiting++;
    while (waiting > 0 && credit >= message.length) {
      credit -= message.length;
      waiting--;
      for (const piece of pieces) piece.writeUInt32BE(stream, 5);
      socket.write(Buffer.concat(pieces));
      stream += 2;
    }
    if (waiting > 0) (waiting--, queued++);
  };
  let queued = 0;
  const socket = open(() => {
    const settings = Buffer.alloc(12);
    settings.writeUInt16BE(2, 0);
    settings.writeUInt16BE(4, 6);
    settings.writeUInt32BE(2 ** 31 - 1, 8);
    const window = Buffer.alloc(4);
    window.writeUInt32BE(2 ** 30);
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, settings), frame(8, 0, 0, window)]));
  });
  let rest: Buffer = Buffer.alloc(0);
  let ready = false;
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    let done = 0;
    while (rest.length - at >= 9) {
      const length = rest.readUIntBE(at, 3);
      if (rest.length - at < 9 + length) break;
      const type = rest[at + 3];
      const flags = rest[at + 4]!;
      if (type === 4 && (flags & 1) === 0) {
        socket.write(frame(4, 1, 0, Buffer.alloc(0)));
        if (!ready) setTimeout(() => Array.from({ length: depth }, send), 100);
        ready = true;
      } else if (type === 8 && rest.readUInt32BE(at + 5) === 0) credit += rest.readUInt32BE(at + 9);
      else if (type === 6 && (flags & 1) === 0) socket.write(frame(6, 1, 0, Buffer.from(rest.subarray(at + 9, at + 17))));
      else if (type === 1 && (flags & 1) === 1) {
        if (!rest.latin1Slice(at, at + 9 + length).includes('grpc-status') && length > 12) throw new Error('no grpc-status');
        done++;
      } else if (type === 3 || type === 7) throw new Error(`frame of type ${type}: ${rest.latin1Slice(at + 9, at + 9 + length)}`);
      at += 9 + length;
    }
    rest = rest.subarray(at);
    const again = done + queued;
    queued = 0;
    for (let i = 0; i < again; i++) send();
  });
}

function open(onConnect: () => void): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }, onConnect);
  socket.on('close', () => process.exit(0));
  socket.on('error', () => process.exit(0));
  return socket;
}

const input: Buffer[] = [];
for await (const chunk of process.stdin) input.push(chunk as Buffer);
const body = gzip ? gzipSync(Buffer.concat(input)) : Buffer.concat(input);
for (let i = 0; i < Number(connectionsText); i++) (protocol === 'http' ? httpLoad : grpcLoad)(body);
