import { resolve } from 'node:path';
import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Context, Host, Stage } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { joinOutput } from '@millrace/output-file';
import type { Output, OutputOptions } from '@millrace/output-file';
import { isContentKey } from '@millrace/redaction';
import { walk } from '@millrace/wire';
import type { Walk } from '@millrace/wire';
import { columnsOf } from './columns.ts';
import type { TableSignal } from './columns.ts';
import type { CsvConfig } from './config.ts';
import { CsvWriter } from './csv-writer.ts';
import { Rows } from './rows.ts';

const notRunning = new PipelineError('csv is not running', { kind: 'retryable' });
const nothing = new Uint8Array();

/** Writes a table of one signal to the file at its path, which it shares with the other exporters of that table. */
export class CsvExporter implements Stage {
  readonly #path: string;
  readonly #config: CsvConfig;
  readonly #context: Context;
  readonly #rows: Rows;
  readonly #walk: Walk;
  #failure: unknown;
  #output: Output | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: CsvConfig, context: Context) {
    this.#path = resolve(config.path.replace('*', context.signal ?? ''));
    this.#config = config;
    this.#context = context;
    this.#rows = new Rows(config);
    this.#walk = walk([this.#rows], (_, error) => {
      this.#failure = error;
      this.#rows.takeBack();
    });
  }

  async start({ pool }: Host): Promise<void> {
    const { content, attributes, resource_attributes } = this.#config;
    const dropped = [...attributes, ...resource_attributes].filter((name) => isContentKey(name));
    if (content === 'drop' && dropped.length > 0)
      this.#context.logger.warn('Columns of prompt and response content stay empty; set content: keep to write it.', {
        attributes: dropped,
      });
    const columns = columnsOf(this.#context.signal as TableSignal, resource_attributes, attributes);
    this.#output = await joinOutput(this.#path, optionsOf(this.#config, columns), this.#context, pool, this.#path);
  }

  consume(batch: Batch): Consumed {
    const output = this.#output;
    if (output === undefined || this.#stopped !== undefined) throw notRunning;
    const room = output.room();
    // The batch stays valid until the promise settles.
    if (room !== undefined) return room.then(() => this.consume(batch));
    const { items, logger } = this.#context;
    using lease = batch.pool.lease(batch.sizeBytes);
    const writer = new CsvWriter(lease);
    this.#rows.start(writer);
    this.#walk.run(batch);
    const { rows } = this.#rows;
    if (rows < batch.items) {
      items.drop(batch.items - rows, 'no_row');
      logger.error('Items could not be written as rows.', { items: batch.items - rows, error: String(this.#failure) });
    }
    if (rows > 0) output.append(this.#path, writer.out.buffer.subarray(0, writer.out.position), nothing, rows, items);
    return undefined;
  }

  refusing(): PipelineError | undefined {
    return this.#output?.failure;
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#output?.leave(this.#context, signal) ?? Promise.resolve();
    return this.#stopped;
  }
}

function optionsOf(config: CsvConfig, columns: readonly string[]): OutputOptions {
  const { append, flush_interval, create_directory, directory_permissions, rotation } = config;
  const header = new CsvWriter();
  for (const column of columns) header.text(column);
  header.endRow();
  return {
    append,
    flushMs: durationMs(flush_interval),
    createDirectory: create_directory || rotation !== undefined,
    directoryMode: Number.parseInt(directory_permissions ?? '0755', 8),
    maxOpenFiles: 1,
    header: Uint8Array.from(header.out.buffer.subarray(0, header.out.position)),
    ...(rotation !== undefined && {
      rotation: {
        maxBytes: (rotation.max_megabytes === 0 ? 100 : rotation.max_megabytes) * 1024 * 1024,
        maxDays: rotation.max_days,
        maxBackups: rotation.max_backups,
        localTime: rotation.localtime,
      },
    }),
  };
}
