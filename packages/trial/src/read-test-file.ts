import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { readYaml } from '@millrace/config';
import type { YamlFile } from '@millrace/config';
import { testSchema } from './test-schema.ts';
import type { TestFile } from './test-schema.ts';

/** A file of tests and where in it things stand. */
export interface ReadTestFile {
  readonly path: string;
  readonly file: TestFile;
  readonly positionOf: YamlFile['positionOf'];
}

/** Reads a file of tests. Throws a `ConfigError` with every problem in it, or an Error when it cannot be read. */
export async function readTestFile(path: string, cwd: string): Promise<ReadTestFile> {
  const shown = relative(cwd, path);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${shown}: ${error.code}`);
  });
  const { value, positionOf } = readYaml(text, shown, testSchema);
  return { path, file: value as TestFile, positionOf };
}
