import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configOf, exporterContract, itemNames } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

exporterContract({ describe, it, expect }, factory, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-csv-'));
  const path = join(directory, 'out.csv');
  return {
    config: configOf(factory, { path, attributes: ['name'] }),
    receivedItems: async () => itemNames([await readFile(path)]).length,
    close: () => rm(directory, { recursive: true }),
  };
});
