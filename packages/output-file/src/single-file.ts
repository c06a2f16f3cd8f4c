import { constants } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BufferPool, ItemLedger } from '@millrace/api';
import { freeBackup, removeBackups } from './backups.ts';
import type { Rotation } from './backups.ts';
import { Chunk } from './chunk.ts';

/** How files are opened and rotated. */
export interface FileOptions {
  readonly createDirectory: boolean;
  /** Permissions of created directories, such as 0o755. */
  readonly directoryMode: number;
  readonly rotation?: Rotation;
  /** Stands at the start of every file. A file that starts otherwise is renamed as if it was rotated, and a new one takes its place. */
  readonly header?: Uint8Array;
}

/** What a file asks of its surroundings. */
export interface FileContext {
  readonly pool: BufferPool;
  /** What waits in all files together. */
  readonly backlog: { bytes: number };
  /** Milliseconds since the epoch. */
  now(): number;
  /** Old rotated files could not be deleted. */
  notDeleted(error: Error): void;
}

/** One file and what waits to be written to it. It is opened when something is written, and may be closed at any time between two writes. */
export class SingleFile {
  readonly path: string;
  readonly #options: FileOptions;
  readonly #context: FileContext;
  /** The file is emptied when it is opened for the first time. */
  #empties: boolean;
  /** Oldest first; the last one is filled, unless it is being written. */
  readonly #chunks: Chunk[] = [];
  #writing: Chunk | undefined;
  #waitingBytes = 0;
  #handle: FileHandle | undefined;
  #opening: Promise<void> | undefined;
  /** The file's size with its header when it was opened; 0 while it is closed. */
  #openedBytes = 0;
  /** The size of the last file when everything that waits is written, as far as that is known. */
  #plannedBytes = 0;
  /** The time in the name of the last backup: the next one is later, whatever the clock says. */
  #backupMs = 0;
  /** Bytes of the header that are still to be written. */
  #headerLeft = 0;

  constructor(path: string, empties: boolean, options: FileOptions, context: FileContext) {
    this.path = path;
    this.#empties = empties;
    this.#options = options;
    this.#context = context;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get isOpen(): boolean {
    return this.#handle !== undefined;
  }

  /** Takes two ranges of bytes that belong together; a rotation never parts them. */
  append(first: Uint8Array, second: Uint8Array, items: number, ledger: ItemLedger): void {
    const length = first.length + second.length;
    const rotates = this.#isFull(this.#plannedBytes, length);
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk === this.#writing || rotates) this.#chunks.push((chunk = new Chunk(this.#context.pool, rotates)));
    if (rotates) this.#plannedBytes = this.#headerBytes;
    chunk.append(first, second, items, ledger);
    this.#plannedBytes += length;
    this.#wait(length);
  }

  /** Writes everything that waits; can be tried again when it rejects. */
  async write(): Promise<void> {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const { length } = chunk;
      this.#writing = chunk;
      try {
        const handle = await this.#prepare(chunk);
        await chunk.writeTo(handle);
      } finally {
        this.#writing = undefined;
      }
      // A chunk that was dropped meanwhile is out of the list and the count.
      if (this.#chunks[0] === chunk) {
        this.#chunks.shift();
        this.#wait(-length);
      }
    }
  }

  /** Opens the file. Rejects when that is impossible. */
  async open(): Promise<void> {
    if (this.#handle !== undefined) return;
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    await this.#opening;
  }

  async #open(): Promise<void> {
    const { createDirectory, directoryMode, rotation, header } = this.#options;
    if (createDirectory) await mkdir(dirname(this.path), { recursive: true, mode: directoryMode });
    if (rotation !== undefined) await this.#removeBackups(rotation);
    let { handle, size } = await openToAppend(this.path, this.#empties);
    if (header !== undefined && size > 0 && !(await startsWith(this.path, header))) {
      await handle.close();
      await this.#rename('header');
      ({ handle, size } = await openToAppend(this.path, false));
    }
    this.#empties = false;
    this.#opened(handle, size);
  }

  /** Closes the file; what waits stays. */
  async close(): Promise<void> {
    // A file that is just being opened would stay open.
    await this.#opening?.catch(() => undefined);
    const handle = this.#handle;
    this.#handle = undefined;
    this.#plan(0);
    await handle?.close();
  }

  /** Gives up what waits and counts it. */
  drop(reason: string): void {
    for (const chunk of this.#chunks) chunk.drop(reason);
    this.#chunks.length = 0;
    this.#wait(-this.#waitingBytes);
  }

  get #headerBytes(): number {
    return this.#options.header?.length ?? 0;
  }

  #wait(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#context.backlog.bytes += bytes;
  }

  /** Whether so many more bytes are too many for a file of a size. A file with nothing but its header never is full. */
  #isFull(sizeBytes: number, moreBytes: number): boolean {
    const { rotation } = this.#options;
    return rotation !== undefined && sizeBytes > this.#headerBytes && sizeBytes + moreBytes > rotation.maxBytes;
  }

  /** The file has a size now. */
  #plan(sizeBytes: number): void {
    this.#openedBytes = sizeBytes;
    let waiting = 0;
    for (const chunk of this.#chunks.toReversed()) {
      waiting += chunk.length - chunk.writtenBytes;
      // It starts a file of its own.
      if (chunk.rotatesFirst) sizeBytes = this.#headerBytes;
      if (chunk.rotatesFirst) break;
    }
    this.#plannedBytes = sizeBytes + waiting;
  }

  async #prepare(chunk: Chunk): Promise<FileHandle> {
    if (this.#handle === undefined) {
      await this.open();
      if (chunk.writtenBytes === 0 && this.#isFull(this.#openedBytes, chunk.length)) chunk.rotatesFirst = true;
    }
    if (chunk.rotatesFirst) {
      await this.#rename('size');
      await this.open();
      chunk.rotatesFirst = false;
    }
    const handle = this.#handle as FileHandle | undefined;
    if (handle === undefined) throw new Error('the file was closed');
    const { header } = this.#options;
    while (this.#headerLeft > 0) {
      const { bytesWritten } = await handle.write(header as Uint8Array, this.#headerBytes - this.#headerLeft, this.#headerLeft);
      this.#headerLeft -= bytesWritten;
    }
    return handle;
  }

  /** The file becomes a backup. When it is not there any more there is nothing to do. */
  async #rename(reason: string): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
    const timeMs = Math.max(this.#context.now(), this.#backupMs + 1);
    const backup = await freeBackup(this.path, timeMs, this.#options.rotation?.localTime ?? false, reason);
    this.#backupMs = backup.timeMs;
    await rename(this.path, backup.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  #opened(handle: FileHandle, size: number): void {
    this.#handle = handle;
    this.#headerLeft = size === 0 ? this.#headerBytes : 0;
    this.#plan(size + this.#headerLeft);
  }

  async #removeBackups(rotation: Rotation): Promise<void> {
    await removeBackups(this.path, rotation, this.#context.now()).catch((error: Error) => this.#context.notDeleted(error));
  }
}

/** Appending keeps the pieces whole when another process writes to the file, too. */
async function openToAppend(path: string, empties: boolean): Promise<{ handle: FileHandle; size: number }> {
  const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (empties ? constants.O_TRUNC : 0);
  const handle = await open(path, flags, 0o644);
  try {
    return { handle, size: (await handle.stat()).size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function startsWith(path: string, header: Uint8Array): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(header.length), 0, header.length, 0);
    return bytesRead === header.length && buffer.equals(header);
  } finally {
    await handle.close();
  }
}
