import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchLog, Host, StorageExtension } from '@millrace/api';
import { configOf, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { factory as fileStorage } from '@millrace/extension-file-storage';

/** What a test does to a log instead of what the log does. */
export type Meddle = (log: BatchLog) => Partial<BatchLog>;

/** A new folder for a storage. */
export const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-aggregate-'));

/** A host with a storage in a folder. `close` ends the storage as the end of a process does: nothing more is written. */
export async function hostOf(directory: string, meddle: Meddle = () => ({})): Promise<{ host: Host; close: () => Promise<void> }> {
  const extension = fileStorage.create(
    configOf(fileStorage, { directory }),
    testContext({ id: 'file_storage', kind: 'extension' }),
  ) as StorageExtension;
  const storage: StorageExtension = {
    async openLog(owner) {
      const log = await extension.openLog(owner);
      return {
        recovered: log.recovered,
        append: (batch) => log.append(batch),
        read: (stored) => log.read(stored),
        acknowledge: (stored) => log.acknowledge(stored),
        close: () => log.close(),
        ...meddle(log),
      };
    },
  };
  const host = testHost(1 << 28, new Map([['file_storage', storage]]));
  await extension.start?.(host);
  return { host, close: async () => extension.shutdown?.(noDeadline()) };
}
