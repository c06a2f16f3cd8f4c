import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configOf, exporterContract, itemNames } from '@millrace/api/testing';
import type { ExporterExample } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import type { FileConfig } from '../src/config.ts';
import { factory } from '../src/index.ts';

async function open(format: string): Promise<ExporterExample<FileConfig>> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-file-'));
  const path = join(directory, 'out');
  return {
    config: configOf(factory, { path, format }),
    receivedItems: async () => itemNames([await readFile(path)]).length,
    close: () => rm(directory, { recursive: true }),
  };
}

describe.each(['json', 'proto'])('with format %s', (format) => {
  exporterContract({ describe, it, expect }, factory, () => open(format));
});
