import { PipelineError } from '@millrace/api';
import type { BufferPool, Consumed, Context, ItemLedger, Timer } from '@millrace/api';
import { SingleFile } from './single-file.ts';
import type { FileContext, FileOptions } from './single-file.ts';

/** Data beyond this is written at once. */
const pieceBytes = 256 * 1024;
/** With this much data waiting, senders wait for the disk. */
const boundBytes = 8 * 1024 * 1024;
/** With data for this many files waiting, senders wait, too. */
const mostDirty = 1_000;
/** After a failure the disk is tried again no sooner than this. */
const retryMs = 1_000;
/** Paths beyond this many are never emptied, so that the memory of which ones were is bounded. */
const mostEmptied = 10_000;

/** What is wrong with a path, and will be. */
const pathCodes = new Set(['ENAMETOOLONG', 'EEXIST', 'EISDIR', 'ENOTDIR', 'ELOOP', 'EINVAL', 'EILSEQ', 'ENXIO', 'ERR_INVALID_ARG_VALUE']);

/** How the files of an output are written. */
export interface OutputOptions extends FileOptions {
  /** Whether to keep what is in a file at the start. Files that are rotated keep it in every case. */
  readonly append: boolean;
  /** How long data waits to be written in larger pieces, in milliseconds; 0 writes at once. */
  readonly flushMs: number;
  /** Files that are open at the same time. */
  readonly maxOpenFiles: number;
}

/** The outputs by name: exporters of several signals and pipelines share one, so that what they write does not interleave. */
const outputs = new Map<string, Output>();

/**
 * The output of a name (an absolute path, or the pattern of paths), made by the first exporter that joins; its options hold for all.
 * Opens the file `path` when that is given. Rejects when it cannot be opened, and when the header is another one than that of the others.
 */
export async function joinOutput(name: string, options: OutputOptions, context: Context, pool: BufferPool, path?: string): Promise<Output> {
  let output = outputs.get(name);
  if (output === undefined) outputs.set(name, (output = new Output(name, options, context, pool)));
  await output.join(options, context, path);
  return output;
}

/**
 * The one writer of a file, or of a group of files. Appending is taking responsibility: data waits in memory, up to a bound, until it is
 * written: after `flushMs`, when there is a piece of it, or when the last exporter leaves. When the disk fails, what waits is kept and
 * tried again, and nothing new is taken. Files are written one after the other.
 */
export class Output {
  readonly #name: string;
  readonly #options: OutputOptions;
  readonly #context: Context;
  readonly #fileContext: FileContext;
  readonly #users = new Set<Context>();
  readonly #files = new Map<string, SingleFile>();
  /** Files with data that waits. */
  readonly #dirty = new Set<SingleFile>();
  /** The one that was written longest ago first. */
  readonly #open = new Set<SingleFile>();
  readonly #emptied = new Set<string>();
  #opening: Promise<void> | undefined;
  #written: Promise<void> | undefined;
  #timer: Timer | undefined;
  #failure: PipelineError | undefined;
  #toldBadPath = false;

  /** For `joinOutput` only. */
  constructor(name: string, options: OutputOptions, context: Context, pool: BufferPool) {
    this.#name = name;
    this.#options = options;
    this.#context = context;
    this.#fileContext = {
      pool,
      backlog: { bytes: 0 },
      now: () => context.clock.now(),
      notDeleted: ({ message }) => context.logger.warn('Old rotated files could not be deleted.', { path: name, error: message }),
    };
  }

  /** For `joinOutput` only. */
  async join({ header }: OutputOptions, context: Context, path: string | undefined): Promise<void> {
    if (Buffer.compare(header ?? Buffer.alloc(0), this.#options.header ?? Buffer.alloc(0)) !== 0)
      throw new Error(`${this.#name} is written with other columns already`);
    this.#users.add(context);
    try {
      if (path !== undefined) await (this.#opening ??= this.#openFirst(this.#fileAt(path)));
    } catch (error) {
      this.#users.delete(context);
      outputs.delete(this.#name);
      throw error;
    }
  }

  async #openFirst(file: SingleFile): Promise<void> {
    await file.open();
    this.#open.add(file);
  }

  /** Why nothing is taken now. */
  get failure(): PipelineError | undefined {
    return this.#failure;
  }

  /** Undefined when there is room, otherwise a promise to ask again after. Throws while the disk fails. */
  room(): Consumed {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#fileContext.backlog.bytes < boundBytes && this.#dirty.size < mostDirty) return undefined;
    this.#flush();
    return this.#written;
  }

  /** Takes responsibility for two ranges of bytes that belong together in the file at a path, and for the items in them. */
  append(path: string, first: Uint8Array, second: Uint8Array, items: number, ledger: ItemLedger): void {
    const file = this.#fileAt(path);
    file.append(first, second, items, ledger);
    this.#dirty.add(file);
    const { flushMs } = this.#options;
    if (flushMs === 0 || this.#fileContext.backlog.bytes >= pieceBytes) this.#flush();
    else this.#timer ??= this.#context.clock.setTimeout(() => this.#flush(), flushMs);
  }

  /** Writes what waits, for the last user until all of it is written, and closes the files then. When the signal aborts, drops and counts the rest. */
  async leave(context: Context, signal: AbortSignal): Promise<void> {
    const timeUp = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#users.delete(context);
    const last = this.#users.size === 0;
    do {
      if (this.#dirty.size > 0) this.#flush();
      await Promise.race([this.#written, timeUp]);
      if (!last || this.#dirty.size === 0 || signal.aborted) break;
      let retry: Timer | undefined;
      const later = new Promise<void>((resolve) => (retry = this.#context.clock.setTimeout(resolve, retryMs)));
      await Promise.race([later, timeUp]);
      retry?.cancel();
    } while (!signal.aborted);
    // Somebody may have joined meanwhile.
    if (this.#users.size > 0) return;
    outputs.delete(this.#name);
    this.#timer?.cancel();
    for (const file of this.#dirty) file.drop('shutdown');
    await Promise.race([this.#close(), timeUp]);
  }

  async #close(): Promise<void> {
    await this.#written;
    for (const file of this.#open) await file.close();
  }

  #fileAt(path: string): SingleFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      const { append, rotation } = this.#options;
      const empties = !append && rotation === undefined && this.#emptied.size < mostEmptied && !this.#emptied.has(path);
      if (empties) this.#emptied.add(path);
      file = new SingleFile(path, empties, this.#options, this.#fileContext);
      this.#files.set(path, file);
    }
    return file;
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#written ??= this.#write().finally(() => {
      this.#written = undefined;
      if (this.#failure !== undefined && this.#users.size > 0)
        this.#timer ??= this.#context.clock.setTimeout(() => this.#flush(), Math.max(retryMs, this.#options.flushMs));
    });
  }

  async #write(): Promise<void> {
    // A file that gets more data meanwhile comes to the end of the set.
    for (const file of this.#dirty) {
      try {
        if (!file.isOpen) await this.#closeOthers();
        await file.write();
      } catch (error) {
        if (file.isOpen) this.#open.add(file);
        if (!this.#isGroup || file.isOpen || !pathCodes.has((error as NodeJS.ErrnoException).code ?? '')) {
          this.#fail(error as Error);
          return;
        }
        this.#giveUp(file, error as Error);
      }
      this.#dirty.delete(file);
      this.#open.delete(file);
      if (file.isOpen) this.#open.add(file);
      if (file.waitingBytes > 0) this.#dirty.add(file);
    }
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#context.logger.info('Writing to the file works again.', { path: this.#name });
    for (const user of this.#users) user.report('OK');
  }

  get #isGroup(): boolean {
    return this.#opening === undefined;
  }

  /** Makes place for one more open file. */
  async #closeOthers(): Promise<void> {
    for (const file of this.#open) {
      if (this.#open.size < this.#options.maxOpenFiles) return;
      this.#open.delete(file);
      if (file.waitingBytes === 0) this.#files.delete(file.path);
      await file.close();
    }
  }

  #fail(error: Error): void {
    const failure = new PipelineError(`writing to ${this.#name}: ${error.message}`, { kind: 'retryable', cause: error });
    if (this.#failure === undefined) {
      this.#context.logger.error('Writing to the file failed; trying again.', { path: this.#name, error: error.message });
      for (const user of this.#users) user.report('RecoverableError', failure);
    }
    this.#failure = failure;
  }

  /** Nothing will ever be written to this file. */
  #giveUp(file: SingleFile, { message }: Error): void {
    file.drop('unwritable_path');
    this.#files.delete(file.path);
    if (this.#toldBadPath) return;
    this.#toldBadPath = true;
    this.#context.logger.error('A file of the group cannot be written; its items are dropped. More of these are counted only.', {
      path: file.path.slice(0, 256),
      error: message.slice(0, 512),
    });
  }
}
