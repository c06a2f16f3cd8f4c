import { pipeline } from 'node:stream';
import type { Writable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import type { ZlibOptions } from 'node:zlib';
import type { Logger } from '@millrace/api';
import { acceptsGzip, ByteSink, createWriter, negotiate } from '@millrace/prometheus-format';
import type { Registry } from '@millrace/prometheus-format';
import type { HttpExchange } from '@millrace/transport';
import { writeRegistry } from './scrape.ts';
import type { Turns } from './turns.ts';

/** How scrapes are answered. */
export interface ScrapeOptions {
  readonly sendTimestamps: boolean;
  readonly openMetrics: boolean;
  readonly logger: Logger;
  /** Sinks that are not in use; a scrape takes one and gives it back. */
  readonly sinks: ByteSink[];
  readonly turns: Turns;
}

/** More free sinks than this are left to the garbage collector. */
const keptSinks = 2;

/**
 * Pieces are large: each of them takes a round of the event loop or two until it is packed and sent, and rounds are long when much is being
 * received.
 */
const chunkBytes = 1024 * 1024;
const pieceBytes = 2 * chunkBytes;
const packedChunkBytes = 256 * 1024;

/** As fast as it packs, and so that the next piece can be written while one is being packed. */
const gzipOptions: ZlibOptions & { readonly highWaterMark: number } = {
  level: constants.Z_BEST_SPEED,
  chunkSize: packedChunkBytes,
  highWaterMark: 2 * pieceBytes,
};

/** How long a scrape works on its answer at first, which is enough for most. */
const firstMs = 4;

/**
 * Answers a scrape with all that a registry exposes, in the format that the scraper prefers. The answer is written in slices of time and only
 * as fast as the scraper reads, so that it takes little memory and holds nothing up.
 */
export function answerScrape(exchange: HttpExchange, registry: Registry, options: ScrapeOptions): void {
  const format = negotiate(exchange.header('accept'), { openMetrics: options.openMetrics });
  const sink = options.sinks.pop() ?? new ByteSink(chunkBytes);
  const steps = writeRegistry(registry, createWriter(format, sink), options.sendTimestamps);
  const gzip = acceptsGzip(exchange.header('accept-encoding'));
  const headers = ['Content-Type', format.contentType];
  const done = slice(steps, sink, firstMs);
  if (done && !gzip) {
    const chunks = sink.take();
    const body = Buffer.concat(chunks);
    for (const chunk of chunks) sink.recycle(chunk);
    keep(sink, options.sinks);
    exchange.reply({ status: 200, headers: [...headers, 'Content-Length', String(body.length)], body });
    return;
  }
  const response = exchange.replyInPieces(200, gzip ? [...headers, 'Content-Encoding', 'gzip'] : headers);
  if (response === undefined) return;
  let out: Writable = response;
  if (gzip) {
    const packer = createGzip(gzipOptions);
    // A scraper that goes away is its own business.
    pipeline(packer, response, () => undefined);
    out = packer;
  }
  void send(steps, sink, out, options.turns, done)
    .then(() => keep(sink, options.sinks))
    .catch((error: unknown) => {
      if (!out.destroyed) options.logger.error('Answering a scrape failed', { error: String(error) });
      out.destroy();
    });
}

function keep(sink: ByteSink, sinks: ByteSink[]): void {
  if (sinks.length < keptSinks) sinks.push(sink);
}

/** Goes on writing for a while; true when everything is written. */
function slice(steps: Generator<void>, sink: ByteSink, durationMs: number): boolean {
  const end = performance.now() + durationMs;
  do {
    if (steps.next().done === true) return true;
  } while (sink.ready < pieceBytes && performance.now() < end);
  return false;
}

async function send(steps: Generator<void>, sink: ByteSink, out: Writable, turns: Turns, isDone: boolean): Promise<void> {
  for (let done = isDone; ; done = await turns.take((durationMs) => slice(steps, sink, durationMs))) {
    if (done || sink.ready >= pieceBytes) {
      let free = true;
      for (const chunk of sink.take()) free = out.write(chunk, () => sink.recycle(chunk));
      if (!free && !out.destroyed) await drained(out);
    }
    if (out.destroyed) throw new Error('the scraper has gone away');
    if (done) break;
  }
  out.end();
}

/** Until the stream takes more, or is closed. */
function drained(out: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      out.off('drain', done);
      out.off('close', done);
      resolve();
    };
    out.on('drain', done);
    out.on('close', done);
  });
}
