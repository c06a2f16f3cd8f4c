import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { durationMs } from '@millrace/config';
import type { BatchLog, Context, LogOwner, StorageExtension } from '@millrace/api';
import type { FileStorageConfig } from './config.ts';
import type { StorageSpace } from './file-log.ts';
import { logName } from './log-name.ts';
import { openLog } from './open-log.ts';

const bytesPerMib = 1024 * 1024;

/** Keeps logs in directories below one directory. */
export class FileStorage implements StorageExtension {
  readonly #config: FileStorageConfig;
  readonly #context: Context;
  readonly #space: StorageSpace;
  readonly #logs = new Set<BatchLog>();
  #damagedSegments = 0;
  #close: (() => void) | undefined;

  constructor(config: FileStorageConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#space = { maxBytes: config.max_size_mib === 0 ? Infinity : config.max_size_mib * bytesPerMib, usedBytes: 0 };
  }

  start(): void {
    const { directory, create_directory: create } = this.#config;
    if (create) mkdirSync(directory, { recursive: true, mode: this.#mode });
    statSync(directory);
    accessSync(directory, constants.W_OK | constants.X_OK);
    this.#observe();
  }

  async openLog(owner: LogOwner): Promise<BatchLog> {
    const { recreate, fsync, segment_size_mib: segmentMib, timeout } = this.#config;
    const log = await openLog({
      directory: this.#directoryOf(owner),
      directoryMode: this.#mode,
      owner,
      logger: this.#context.logger,
      fsync,
      recreate,
      segmentBytes: segmentMib * bytesPerMib,
      space: this.#space,
      timeoutMs: durationMs(timeout),
      onDamage: () => this.#damagedSegments++,
    });
    this.#logs.add(log);
    return log;
  }

  /** The owners of the logs have closed them; one that did not, such as an exporter that failed to start, leaves no lock behind. */
  async shutdown(): Promise<void> {
    await Promise.all([...this.#logs].map((log) => log.close()));
    this.#close?.();
    this.#close = undefined;
  }

  get #mode(): number {
    return Number.parseInt(this.#config.directory_permissions, 8);
  }

  #directoryOf({ kind, id, name }: LogOwner): string {
    const path = join(this.#config.directory, logName(kind, id, name));
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isDirectory()) return path;
    this.#context.logger.warn(
      'A file stands where the directory of a queue belongs, perhaps a queue of another collector. It is left alone.',
      {
        file: path,
      },
    );
    return `${path}.millrace`;
  }

  #observe(): void {
    const { meter, id } = this.#context;
    const attributes = { extension: id };
    const size = meter.createObservableGauge('file_storage_size', { unit: 'By', description: 'Bytes of the segments of all logs.' });
    const damaged = meter.createObservableCounter('file_storage_damaged_segments', {
      unit: '{segment}',
      description: 'Number of segments that were found damaged and set aside.',
    });
    type Callback = Parameters<typeof size.addCallback>[0];
    const observeSize: Callback = (result) => result.observe(this.#space.usedBytes, attributes);
    const observeDamaged: Callback = (result) => result.observe(this.#damagedSegments, attributes);
    size.addCallback(observeSize);
    damaged.addCallback(observeDamaged);
    this.#close = () => {
      size.removeCallback(observeSize);
      damaged.removeCallback(observeDamaged);
    };
  }
}
