import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { contentAt } from './file-content.ts';

/** Looks after which a file that is gone is forgotten. */
const looksToForget = 3;
/** Files that are kept open between looks, so that what is written just before they are renamed is still read. */
const mostOpen = 256;

/** A file that was seen. It is known again by its place on the disk, its first bytes and those before the offset, whatever its name. */
export interface TrackedFile {
  readonly path: string;
  readonly isGzip: boolean;
  /** Device and inode. */
  readonly id: string;
  readonly fingerprint: Buffer;
  /** Size and time of change, now and when it was last read to its end. */
  readonly state: string;
  readState: string;
  /** Behind the last line that was taken, in unpacked bytes, and some of the bytes before that, as they were read. */
  offset: number;
  tail: Buffer;
  /** A last line without newline: since when (ms of the clock), and the state of the file then. */
  rest: { readonly sinceMs: number; readonly state: string } | undefined;
  handle: FileHandle | undefined;
  /** Looks since it was at none of the paths. */
  goneLooks: number;
}

/** Knows files again when they are renamed, copied, truncated or replaced. */
export class TrackedFiles {
  readonly #fingerprintBytes: number;
  readonly #isGzip: (path: string) => boolean;
  #files: readonly TrackedFile[] = [];

  constructor(fingerprintBytes: number, isGzip: (path: string) => boolean) {
    this.#fingerprintBytes = fingerprintBytes;
    this.#isGzip = isGzip;
  }

  /**
   * The files to read: those at the paths, each once, and those that were there lately and are not any more. `failed` hears of paths that
   * cannot be read; files that changed before `notBeforeMs` and empty ones are left out.
   */
  async look(paths: readonly string[], notBeforeMs: number, failed: (path: string, error: Error) => void): Promise<readonly TrackedFile[]> {
    const known = new Set(this.#files);
    // A place may have been that of several files, one after the other: the present one comes first.
    const byId = new Map(this.#files.toReversed().map((file) => [file.id, file]));
    const seen = new Map<string, TrackedFile>();
    for (const path of paths) {
      try {
        const file = await this.#inspect(path, byId, notBeforeMs);
        if (file !== undefined && !seen.has(file.id)) seen.set(file.id, file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failed(path, error as Error);
      }
    }
    const unmatched: TrackedFile[] = [];
    for (const file of seen.values()) {
      const old = byId.get(file.id);
      if (old === undefined) unmatched.push(file);
      else if (await continues(old, file)) {
        known.delete(old);
        file.handle = old.handle;
        adopt(file, old);
      } else {
        // What is in this place now is another file. The old one may be met elsewhere, as a copy.
        await release(old);
        unmatched.push(file);
      }
    }
    for (const file of unmatched) {
      for (const old of known) {
        if (!(await continues(old, file))) continue;
        known.delete(old);
        await release(old);
        adopt(file, old);
        break;
      }
    }
    const gone: TrackedFile[] = [];
    for (const old of known) {
      if (++old.goneLooks <= looksToForget) gone.push(old);
      else await release(old);
    }
    this.#files = [...seen.values(), ...gone];
    return this.#files;
  }

  /** The open file, opened now or at an earlier look; undefined when there is another one at its path by now. */
  async open(file: TrackedFile): Promise<FileHandle | undefined> {
    if (file.goneLooks === 0) file.handle ??= await openSame(file);
    return file.handle;
  }

  /** The file was read. Closes it when too many are open. */
  async done(file: TrackedFile): Promise<void> {
    if (this.#files.filter((each) => each.handle !== undefined).length > mostOpen) await release(file);
  }

  async close(): Promise<void> {
    for (const file of this.#files) await release(file);
    this.#files = [];
  }

  async #inspect(path: string, known: ReadonlyMap<string, TrackedFile>, notBeforeMs: number): Promise<TrackedFile | undefined> {
    const found = await stat(path);
    if (found.mtimeMs < notBeforeMs || found.size === 0 || !found.isFile()) return undefined;
    const isGzip = this.#isGzip(path);
    let id = idOf(found);
    let state = stateOf(found);
    const old = known.get(id);
    let fingerprint = old?.state === state ? old.fingerprint : undefined;
    if (fingerprint === undefined) {
      const handle = await open(path, 'r');
      try {
        // By now another file may be at this path.
        const opened = await handle.stat();
        id = idOf(opened);
        state = stateOf(opened);
        fingerprint = await contentAt(handle, 0, this.#fingerprintBytes, isGzip);
      } finally {
        await handle.close();
      }
      if (fingerprint.length === 0) return undefined;
    }
    const unread = { offset: 0, tail: Buffer.alloc(0), rest: undefined, handle: undefined, goneLooks: 0 };
    return { path, isGzip, id, fingerprint, state, readState: '', ...unread };
  }
}

/** What changes when a file is written. */
export function stateOf({ size, mtimeMs }: Stats): string {
  return `${size}:${mtimeMs}`;
}

function idOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

/** Opens a file by its path; undefined when that is impossible, or another file is there by now. */
async function openSame(file: TrackedFile): Promise<FileHandle | undefined> {
  const handle = await open(file.path, 'r').catch(() => undefined);
  if (handle === undefined || idOf(await handle.stat()) === file.id) return handle;
  await handle.close();
  return undefined;
}

/** Whether a file holds what was read of an old one. */
async function continues(old: TrackedFile, file: TrackedFile): Promise<boolean> {
  if (old.id === file.id && old.state === file.state) return true;
  if (!file.fingerprint.subarray(0, old.fingerprint.length).equals(old.fingerprint)) return false;
  if (old.offset === 0) return true;
  const handle = old.id === file.id && old.handle !== undefined ? old.handle : await openSame(file);
  if (handle === undefined) return old.id === file.id;
  try {
    return (await contentAt(handle, old.offset - old.tail.length, old.tail.length, file.isGzip)).equals(old.tail);
  } finally {
    if (handle !== old.handle) await handle.close();
  }
}

function adopt(file: TrackedFile, old: TrackedFile): void {
  file.offset = old.offset;
  file.tail = old.tail;
  file.readState = old.readState;
  file.rest = old.rest;
}

async function release(file: TrackedFile): Promise<void> {
  const { handle } = file;
  file.handle = undefined;
  await handle?.close();
}
