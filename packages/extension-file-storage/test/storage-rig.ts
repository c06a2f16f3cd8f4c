import { join } from 'node:path';
import type { BatchLog, BufferPool, Client, StorageExtension } from '@millrace/api';
import { configOf, exampleBatch, itemNames, systemClock, type TestContext, testContext, testHost } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

export interface Opened {
  readonly storage: StorageExtension;
  readonly context: TestContext;
  readonly log: BatchLog;
  readonly pool: BufferPool;
  /** The directory of the log. */
  readonly logDirectory: string;
  /** Appends a batch of the items `first` up to `first + items`. */
  append(first: number, items?: number, client?: Client): Promise<Awaited<ReturnType<BatchLog['append']>>>;
  /** The item names of what the log recovered, a list for each batch. */
  readAll(): Promise<string[][]>;
  close(): Promise<void>;
}

/** Opens the log `traces` of an exporter in a directory. */
export async function openTraces(directory: string, settings: object = {}, name = 'traces', appendOnly = false): Promise<Opened> {
  const context = testContext({ id: 'file_storage', kind: 'extension', clock: systemClock });
  const storage = factory.create(configOf(factory, { directory, ...settings }), context) as StorageExtension;
  const host = testHost();
  await storage.start?.(host);
  const { pool } = host;
  const log = await storage.openLog({ kind: 'exporter', id: 'otlp_http/x', name, signal: 'traces', pool, appendOnly });
  return {
    storage,
    context,
    log,
    pool,
    logDirectory: join(directory, `exporter_otlp_http_x_${name}`),
    async append(first, items = 2, client) {
      using batch = exampleBatch(pool, 'traces', items, first, client);
      return await log.append(batch);
    },
    async readAll() {
      const found: string[][] = [];
      for (const stored of log.recovered) {
        using batch = await log.read(stored);
        found.push(itemNames([batch.bytes]));
      }
      return found;
    },
    async close() {
      await log.close();
      await storage.shutdown?.(new AbortController().signal);
    },
  };
}

/** The names of items `first` and `first + 1`, as `append` writes them. */
export const namesOf = (first: number, items = 2): string[] =>
  Array.from({ length: items }, (_, i) => `item-${String(first + i).padStart(8, '0')}`);
