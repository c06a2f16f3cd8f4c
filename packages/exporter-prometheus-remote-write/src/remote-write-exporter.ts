import { type Batch, type BufferPool, type Context, isPermanent, PipelineError, type Stage } from '@millrace/api';
import { createExporter, type PushResult } from '@millrace/exporter-helper';
import { createHttpClient, type HttpClient, httpClientOptions } from '@millrace/transport';
import { BatchBuilder, ByteWriter, walk } from '@millrace/wire';
import { messageNames } from './config.ts';
import type { RemoteWriteConfig } from './config.ts';
import { EncoderV1 } from './encoder-v1.ts';
import { EncoderV2 } from './encoder-v2.ts';
import type { WriteRequest } from './pieces.ts';
import { readResult, readWritten, type RequestResult } from './read-result.ts';
import { openInstruments } from './remote-write-instruments.ts';
import { exporterSettings } from './settings.ts';
import { type Translation, Translator, unsent } from './translator.ts';

const headersOf = {
  v1: { 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' },
  v2: { 'content-type': `application/x-protobuf;proto=${messageNames.v2}`, 'x-prometheus-remote-write-version': '2.0.0' },
} as const;

/** What a batch is refused with in which nothing can be sent. */
const notStarted = new PipelineError('prometheus remote write exporter not started', { kind: 'retryable' });

/** Writes batches, one after the other; connections are made as requests need them. */
export function createRemoteWriteExporter(config: RemoteWriteConfig, context: Context): Stage {
  const destination = config.http ?? config;
  const url = new URL(destination.endpoint);
  const { hostname, port, pathname, protocol } = url;
  const endpoint = protocol + '//' + url.host + pathname;
  const version = config.protobuf_message === messageNames.v2 ? 'v2' : 'v1';
  const parallelism = config.max_batch_request_parallelism ?? config.remote_write_queue.num_consumers;
  const instruments = openInstruments(context, endpoint, parallelism);
  context.items.label({
    'server.address': hostname,
    'server.port': port === '' ? (protocol === 'https:' ? '443' : '80') : port,
    'url.path': pathname,
  });
  let client: HttpClient | undefined;
  let pool: BufferPool | undefined;
  let translator: Translator<Buffer, Buffer> | Translator<number, number> | undefined;
  let saidSilent = false;
  /** What a point took lately, so that the next batch fits without being moved. */
  let bytesPerItem = 256;

  const send = async ({ body, samples, histograms }: WriteRequest, signal: AbortSignal, from: Batch['client']): Promise<RequestResult> => {
    try {
      const response = await client!.send(body, signal, from);
      instruments.sent();
      if (version === 'v1') return readResult(response, context.clock, undefined);
      const result = readResult(response, context.clock, { samples, histograms });
      instruments.written(readWritten(response));
      if (result.error === undefined && Number.isNaN(result.missing) && !saidSilent) {
        saidSilent = true;
        context.logger.warn(
          "X-Prometheus-Remote-Write-Samples-Written header is missing from the response, suggesting that the endpoint doesn't support RW2 and might be silently dropping data.",
          { url: endpoint },
        );
      }
      return result;
    } catch (error) {
      const message = `failed to make an HTTP request: Post ${JSON.stringify(endpoint)}: ${(error as Error).message}`;
      return { error: new PipelineError(message, { kind: 'retryable', cause: error }) };
    }
  };

  return createExporter({
    context,
    config: exporterSettings(config),
    start: (host) => {
      client = createHttpClient(httpClientOptions({ ...destination, compression: 'snappy' }, url, headersOf[version], context, host));
      pool = host.pool;
      translator =
        version === 'v2'
          ? new Translator(config, () => new EncoderV2(), host.memory)
          : new Translator(config, () => new EncoderV1(), host.memory);
    },
    push: async (batch, signal): Promise<PushResult> => {
      if (client === undefined || pool === undefined || translator === undefined) throw notStarted;
      const writer = new ByteWriter(pool.lease(batch.sizeBytes + batch.items * bytesPerItem));
      try {
        const translation = translator.translate(batch, writer);
        const { requests, refused, refusal } = translation;
        bytesPerItem = Math.max(Math.ceil(writer.position / batch.items), Math.floor(bytesPerItem * 0.9));
        instruments.translated(requests.reduce((sum, { samples, histograms }) => sum + samples + histograms, 0));
        if (refused > 0) instruments.translationFailed();
        if (refused > 0 && refused === batch.items) throw new PipelineError(refusal, { kind: 'permanent' });
        const results = await inLanes(requests, (request) => send(request, signal, batch.client));
        return conclude(batch, translation, results, pool);
      } finally {
        writer.lease!.release();
      }
    },
    shutdown: async () => {
      translator?.stop();
      await client?.close();
    },
  });
}

/** Sends the requests of each lane one after the other, the lanes at the same time. After a failure that may pass a lane goes no further. */
async function inLanes(
  requests: readonly WriteRequest[],
  send: (request: WriteRequest) => Promise<RequestResult>,
): Promise<RequestResult[]> {
  if (requests.length === 1) return [await send(requests[0]!)];
  const results: RequestResult[] = [];
  const runLane = async (lane: number): Promise<void> => {
    let failed: RequestResult | undefined;
    for (const [index, request] of requests.entries()) {
      if (request.lane !== lane) continue;
      const result = failed ?? (await send(request));
      results[index] = result;
      if (result.error !== undefined && !isPermanent(result.error)) failed = result;
    }
  };
  await Promise.all([...new Set(requests.map(({ lane }) => lane))].map(runLane));
  return results;
}

/** How a batch ended, its requests taken together. Throws when all failed. */
function conclude(batch: Batch, translation: Translation, results: readonly RequestResult[], pool: BufferPool): PushResult {
  const { requests, refused, refusal } = translation;
  const failures = results.filter(({ error }) => error !== undefined);
  const worst = failures.find(({ error }) => !isPermanent(error)) ?? failures[0];
  if (worst !== undefined) {
    if (failures.length === results.length) {
      if (worst.isTooLarge === true) return { tooLarge: worst.error! };
      throw worst.error!;
    }
    const remainder = failedItems(batch, translation, results, pool);
    if (remainder !== undefined) return { remainder, error: worst.error! };
  }
  let rejectedItems = refused;
  let message = refusal;
  for (const [index, { missing = 0, message: explanation = '' }] of results.entries()) {
    const { items, samples, histograms } = requests[index]!;
    if (!(missing > 0)) continue;
    // Of a point with several series, a part may be missing: it counts when it makes up a point.
    rejectedItems += Math.min(items, Math.ceil((missing * items) / (samples + histograms)));
    if (message === '') message = explanation === '' ? 'the destination did not write all samples' : explanation;
  }
  return rejectedItems === 0 ? undefined : { rejectedItems, message };
}

/** The items that are in requests that failed, and those that cannot be sent, which the last attempt accounts for; undefined when there is none. */
function failedItems(batch: Batch, { requestOf }: Translation, results: readonly RequestResult[], pool: BufferPool): Batch | undefined {
  const builder = new BatchBuilder('metrics', pool);
  let item = 0;
  const visitor = {
    onDataPoint: (point: Parameters<BatchBuilder['copy']>[0]): void => {
      const request = requestOf[item++]!;
      if (request === unsent || results[request]!.error !== undefined) builder.copy(point);
    },
  };
  walk([visitor], (_visitor, error) => {
    throw error;
  }).run(batch);
  return builder.finish(batch.client);
}
