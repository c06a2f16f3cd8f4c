import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FuzzedSignal } from './judge.ts';
import type { Target } from './target.ts';

/** An OTLP/HTTP destination on 127.0.0.1 that takes everything. */
export async function startSink(arrived: Target['arrived']): Promise<{ port: number; close(): void }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      arrived(request.url!.replace('/v1/', '') as FuzzedSignal, Buffer.concat(chunks), undefined);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
