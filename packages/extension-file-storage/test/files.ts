import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty directory. */
export const newDirectory = (): string => mkdtempSync(join(tmpdir(), 'millrace-storage-'));

/** Files of a log, the lock left out. */
export const filesOf = (logDirectory: string): string[] =>
  readdirSync(logDirectory)
    .filter((name) => name !== 'lock')
    .sort();
