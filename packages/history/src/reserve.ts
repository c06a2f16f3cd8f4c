import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { pageBytes } from './database.ts';

const minBytes = 1024 * 1024;
const maxBytes = 32 * 1024 * 1024;

/**
 * Some space beside a database for the day when there is none: enough for what is in the log to get into the file, which is why the log is kept
 * smaller than that.
 */
export class Reserve {
  readonly #path: string;

  constructor(file: string) {
    this.#path = `${file}.reserve`;
  }

  /** Takes the space, an eighth of what is free, when there is none yet. */
  keep(database: DatabaseSync): void {
    let sizeBytes = statSync(this.#path, { throwIfNoEntry: false })?.size;
    if (sizeBytes === undefined) {
      const { bavail, bsize } = statfsSync(dirname(this.#path));
      sizeBytes = Math.min(maxBytes, Math.max(minBytes, Math.floor((bavail * bsize) / 8)));
      try {
        writeFileSync(this.#path, new Uint8Array(sizeBytes));
      } catch {
        this.free();
        sizeBytes = minBytes;
      }
    }
    database.exec(`pragma wal_autocheckpoint = ${Math.floor(sizeBytes / 2 / pageBytes)}`);
  }

  free(): void {
    rmSync(this.#path, { force: true });
  }
}
