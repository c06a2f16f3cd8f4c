import type { Batch, BufferPool, Clock, Logger, LogLevel, Plain, Timer } from '@millrace/api';
import type { TelemetryProcessorConfig } from '@millrace/config';
import { BatchBuilder } from '@millrace/wire';
import type { LogRecord } from '../logger.ts';
import type { OtlpClient, OtlpContext } from './otlp-client.ts';
import type { OwnResource } from './own-resource.ts';
import { scopeName } from './own-resource.ts';

const defaultDelayMs = 1_000;
/** `SeverityNumber` of the logs data model. */
const severities: Readonly<Record<LogLevel, number>> = { debug: 5, info: 9, warn: 13, error: 17 };

/** Sends own log records by one of `service::telemetry::logs::processors`. What does not fit into its queue, or is not taken, is dropped and counted. */
export class OwnLogs {
  readonly #settings: { delayMs: number; maxQueued: number; maxBatch: number };
  readonly #config: TelemetryProcessorConfig;
  readonly #resource: OwnResource;
  readonly #queue: LogRecord[] = [];
  #send: ((records: readonly LogRecord[]) => Promise<void>) | undefined;
  #client: OtlpClient | undefined;
  #clock: Clock | undefined;
  #logger: Logger | undefined;
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  /** The record is about this object's own failure. */
  #complaining = false;
  /** Records given up. */
  dropped = 0;

  constructor(config: TelemetryProcessorConfig, resource: OwnResource) {
    const { batch } = config;
    this.#config = config;
    this.#resource = resource;
    this.#settings = {
      delayMs: batch === undefined ? 0 : (batch.schedule_delay ?? defaultDelayMs),
      maxQueued: batch?.max_queue_size ?? 2_048,
      maxBatch: batch?.max_export_batch_size ?? 1,
    };
  }

  /** From here on records are sent; those of before wait. */
  async start(pool: BufferPool, context: OtlpContext & { readonly stdout: (text: string) => void }): Promise<void> {
    this.#clock = context.clock;
    this.#logger = context.logger;
    const { otlp } = (this.#config.batch ?? this.#config.simple)!.exporter;
    if (otlp === undefined) {
      this.#send = async (records) => {
        for (const record of records) context.stdout(`${JSON.stringify(record)}\n`);
      };
    } else {
      const { createOtlpClient } = await import('./otlp-client.ts');
      const client = createOtlpClient(otlp, 'logs', context);
      this.#client = client;
      this.#send = async (records) => {
        using batch = logsBatch(records, this.#resource, pool);
        if (batch !== undefined) await client.send(batch, this.#config.batch?.export_timeout);
      };
    }
    if (this.#queue.length > 0) this.#schedule();
  }

  emit(record: LogRecord): void {
    if (this.#complaining) return;
    if (this.#queue.length >= this.#settings.maxQueued) {
      this.dropped++;
      return;
    }
    this.#queue.push(record);
    if (this.#send !== undefined) this.#schedule();
  }

  /** Sends what is left and closes the connection. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#sending;
    if (this.#send !== undefined) await this.#sendAll();
    this.#send = undefined;
    await this.#client?.close();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#sending !== undefined) return;
    const { delayMs, maxBatch } = this.#settings;
    this.#timer = this.#clock?.setTimeout(
      () => {
        this.#timer = undefined;
        this.#sending = this.#sendAll().finally(() => {
          this.#sending = undefined;
          if (this.#queue.length > 0 && this.#send !== undefined) this.#schedule();
        });
      },
      this.#queue.length >= maxBatch ? 0 : delayMs,
    );
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const records = this.#queue.splice(0, this.#settings.maxBatch);
      try {
        await this.#send?.(records);
      } catch (error) {
        this.dropped += records.length;
        this.#complain(records.length, error);
      }
    }
  }

  #complain(records: number, error: unknown): void {
    this.#complaining = true;
    this.#logger?.error('failed to export own logs', {
      dropped_log_records: records,
      error: error instanceof Error ? error.message : String(error),
    });
    this.#complaining = false;
  }
}

/** Own log records as an OTLP request; undefined without records. */
export function logsBatch(records: readonly LogRecord[], resource: OwnResource, pool: BufferPool): Batch | undefined {
  using builder = new BatchBuilder('logs', pool);
  const parent = builder.resource(resource.attributes, resource.schemaUrl);
  for (const { timeMs, level, message, component, attributes, traceId, spanId } of records) {
    const timeUnixNano = BigInt(timeMs) * 1_000_000n;
    parent.scope(scopeName, resource.version, plainAttributes(component)).log({
      timeUnixNano,
      observedTimeUnixNano: timeUnixNano,
      severityNumber: severities[level],
      severityText: level,
      body: message,
      attributes: plainAttributes(attributes),
      ...(traceId !== undefined && spanId !== undefined && { traceId, spanId }),
    });
  }
  return builder.finish();
}

function plainAttributes(fields: Readonly<Record<string, unknown>>): Record<string, Plain> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, plainOf(value)]])),
  );
}

/** A value of JSON; numbers without a fraction are integers. */
function plainOf(value: unknown): Plain {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.filter((inner) => inner !== null).map(plainOf);
  if (typeof value === 'object' && value !== null) return plainAttributes(value as Record<string, unknown>);
  return value as Plain;
}
