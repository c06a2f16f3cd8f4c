import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { countItems } from './count-items.ts';
import { grpcSink } from './grpc-sink.ts';
import { http1Sink } from './http1-sink.ts';
import type { Workload } from './workload.ts';

/** What a sink has seen since it started. */
export interface SinkCounters {
  requests: number;
  /** Bytes of bodies as they were sent, compressed where they were. */
  wireBytes: number;
  /** Bytes of bodies after decompression. */
  bodyBytes: number;
  items: number;
}

/**
 * The destination's process: `sink.ts PROTOCOL SIGNAL`, with an IPC channel. It sends the port it listens on, then answers each `'sample'`
 * with its SinkCounters so far. Every body is decompressed and its items are counted.
 */
const [protocol, signal] = process.argv.slice(2) as [Workload['protocol'], Workload['signal']];
const counters: SinkCounters = { requests: 0, wireBytes: 0, bodyBytes: 0, items: 0 };

function accept(body: Buffer, encoding: string): void {
  const plain = encoding === 'gzip' ? gunzipSync(body) : encoding === 'zstd' ? zstdDecompressSync(body) : body;
  counters.requests++;
  counters.wireBytes += body.length;
  counters.bodyBytes += plain.length;
  counters.items += countItems(signal, plain);
}

const server = protocol === 'http' ? http1Sink(accept) : grpcSink((message, compressed) => accept(message, compressed ? 'gzip' : ''));
process.on('message', (message) => {
  if (message === 'sample') process.send!({ ...counters });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send!((server.address() as { port: number }).port));
