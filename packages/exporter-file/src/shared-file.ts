import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PipelineError } from '@millrace/api';
import type { BufferPool, Clock, Consumed, Context, ItemLedger, Logger, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import type { FileConfig } from './config.ts';
import { Chunk } from './chunk.ts';

/** Data beyond this is written at once. */
const pieceBytes = 256 * 1024;
/** With this much data waiting, senders wait for the disk. */
const boundBytes = 8 * 1024 * 1024;
/** After a failure the disk is tried again no sooner than this. */
const retryMs = 1_000;

/** The open files by absolute path: exporters of several signals and pipelines share one, so that what they write does not interleave. */
const files = new Map<string, SharedFile>();

/** The open file at a path, opened by the first exporter that joins. Rejects when it cannot be opened. */
export async function joinFile(config: FileConfig, context: Context, pool: BufferPool): Promise<SharedFile> {
  const path = resolve(config.path);
  let file = files.get(path);
  if (file === undefined) {
    file = new SharedFile(path, config, context, pool);
    files.set(path, file);
  }
  try {
    await file.join();
  } catch (error) {
    files.delete(path);
    throw error;
  }
  return file;
}

/**
 * The one writer of a file. Appending is taking responsibility: data waits in memory, up to a bound, until it is written: after
 * `flush_interval`, when there is a piece of it, or when the last exporter leaves. When the disk fails, what waits is kept and tried again,
 * and nothing new is taken.
 */
export class SharedFile {
  readonly #path: string;
  readonly #config: FileConfig;
  readonly #flushMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pool: BufferPool;
  #users = 0;
  #opening: Promise<FileHandle> | undefined;
  #handle: FileHandle | undefined;
  #filling: Chunk;
  /** Not, or not all of it, in the file yet. */
  #writing: Chunk | undefined;
  #written: Promise<void> | undefined;
  #timer: Timer | undefined;
  #failure: PipelineError | undefined;

  constructor(path: string, config: FileConfig, { clock, logger }: Context, pool: BufferPool) {
    this.#path = path;
    this.#config = config;
    this.#flushMs = durationMs(config.flush_interval);
    this.#clock = clock;
    this.#logger = logger;
    this.#pool = pool;
    this.#filling = new Chunk(pool);
  }

  /** Opens the file, for the first user. */
  async join(): Promise<void> {
    this.#users++;
    this.#opening ??= this.#open();
    this.#handle = await this.#opening;
  }

  /** Why nothing is taken now. */
  get failure(): PipelineError | undefined {
    return this.#failure;
  }

  /** Undefined when there is room, otherwise a promise to ask again after. Throws while the disk fails. */
  room(): Consumed {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#filling.length < boundBytes ? undefined : this.#written;
  }

  /** Takes responsibility for two ranges of bytes that belong together and the items in them. */
  append(first: Uint8Array, second: Uint8Array, items: number, ledger: ItemLedger): void {
    this.#filling.append(first, second, items, ledger);
    if (this.#flushMs === 0 || this.#filling.length >= pieceBytes) this.#flush();
    else this.#timer ??= this.#clock.setTimeout(() => this.#flush(), this.#flushMs);
  }

  /** Writes what waits, for the last user until all of it is written, and closes the file then. When the signal aborts, drops and counts the rest. */
  async leave(signal: AbortSignal): Promise<void> {
    const timeUp = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const last = --this.#users === 0;
    do {
      if (this.#waiting) this.#flush();
      await Promise.race([this.#written, timeUp]);
      if (!last || !this.#waiting || signal.aborted) break;
      let retry: Timer | undefined;
      const later = new Promise<void>((resolve) => (retry = this.#clock.setTimeout(resolve, retryMs)));
      await Promise.race([later, timeUp]);
      retry?.cancel();
    } while (!signal.aborted);
    if (!last) return;
    files.delete(this.#path);
    this.#timer?.cancel();
    for (const chunk of [this.#writing, this.#filling]) chunk?.drop('shutdown');
    await Promise.race([this.#close(), timeUp]);
  }

  async #close(): Promise<void> {
    await this.#written;
    await this.#handle?.close();
  }

  get #waiting(): boolean {
    return this.#writing !== undefined || this.#filling.length > 0;
  }

  async #open(): Promise<FileHandle> {
    const { create_directory, directory_permissions, append } = this.#config;
    if (create_directory) await mkdir(dirname(this.#path), { recursive: true, mode: Number.parseInt(directory_permissions ?? '0755', 8) });
    // Appending keeps the pieces whole when another process writes to the file, too.
    return open(this.#path, constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (append ? 0 : constants.O_TRUNC), 0o644);
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#written ??= this.#write().finally(() => {
      this.#written = undefined;
      if (this.#failure !== undefined && this.#users > 0)
        this.#timer ??= this.#clock.setTimeout(() => this.#flush(), Math.max(retryMs, this.#flushMs));
    });
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting) {
        if (this.#writing === undefined) {
          this.#writing = this.#filling;
          this.#filling = new Chunk(this.#pool);
        }
        await this.#writing.writeTo(this.#handle as FileHandle);
        this.#writing = undefined;
      }
      if (this.#failure !== undefined) this.#logger.info('Writing to the file works again.', { path: this.#path });
      this.#failure = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (this.#failure === undefined)
        this.#logger.error('Writing to the file failed; trying again.', { path: this.#path, error: message });
      this.#failure = new PipelineError(`writing to ${this.#path}: ${message}`, { kind: 'retryable', cause: error });
    }
  }
}
