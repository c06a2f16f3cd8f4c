import type { BufferPool, Clock, Context, Logger } from '@millrace/api';
import type { PrometheusReaderConfig, ReaderConfig, TelemetryExporterConfig } from '@millrace/config';
import type { OwnResource } from './own-resource.ts';
import type { TelemetrySnapshot } from './snapshot.ts';

/** Takes own metrics somewhere, from `start` to `stop`. */
export interface Reader {
  start(): Promise<void> | void;
  stop(): Promise<void>;
}

/** What readers read, and what they need. */
export interface ReaderSource {
  /** The metrics of the whole process now. */
  readonly read: () => Promise<TelemetrySnapshot>;
  readonly resource: OwnResource;
  readonly program: Context['program'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pool: BufferPool;
  readonly stdout: (text: string) => void;
}

interface Sender {
  send(snapshot: TelemetrySnapshot): Promise<void> | void;
  close(): Promise<void>;
}

/** Makes one of `service::telemetry::metrics::readers`, after loading its code. */
export async function createReader({ pull, periodic }: ReaderConfig, source: ReaderSource): Promise<Reader> {
  if (pull !== undefined) return pullReader(pull.exporter.prometheus, source);
  const { PeriodicReader } = await import('./periodic-reader.ts');
  const { interval, timeout, exporter } = periodic!;
  const { read, clock, logger } = source;
  const { send, close } = await createSender(exporter, source);
  return new PeriodicReader({
    intervalMs: interval,
    timeoutMs: timeout,
    clock,
    run: async () => send(await read()),
    onError: (error) => logger.error('failed to upload metrics', { error: error instanceof Error ? error.message : String(error) }),
    close,
  });
}

async function pullReader(config: PrometheusReaderConfig, { read, resource, logger }: ReaderSource): Promise<Reader> {
  const { PullReader } = await import('./pull-reader.ts');
  const { Exposition } = await import('./exposition.ts');
  const reader = new PullReader(config, new Exposition(config, resource), read);
  return {
    start: async () => logger.info('Serving own metrics', { endpoint: await reader.start() }),
    stop: () => reader.stop(),
  };
}

async function createSender({ otlp }: TelemetryExporterConfig, source: ReaderSource): Promise<Sender> {
  const { resource, pool } = source;
  if (otlp === undefined) {
    const print = (snapshot: TelemetrySnapshot): void =>
      source.stdout(`${JSON.stringify({ resource: resource.attributes, ...snapshot }, bigintsAsNumbers)}\n`);
    return { send: print, close: async () => {} };
  }
  const { createOtlpClient } = await import('./otlp-client.ts');
  const { metricsBatch } = await import('./metrics-batch.ts');
  const client = createOtlpClient(otlp, 'metrics', source);
  const send = async (snapshot: TelemetrySnapshot): Promise<void> => {
    using batch = metricsBatch(snapshot, resource, pool);
    if (batch !== undefined) await client.send(batch);
  };
  return { send, close: () => client.close() };
}

function bigintsAsNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
