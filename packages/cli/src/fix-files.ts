import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fixConfig } from '@millrace/config';
import { components, unsupportedHint } from '@millrace/distribution';
import { catalogOf } from '@millrace/service';
import type { Terminal } from './terminal.ts';

/** Rewrites old names and forms in every location that is a file, and prints what changed. Other locations cannot be written. */
export async function fixFiles(locations: readonly string[], terminal: Terminal): Promise<void> {
  const paths = locations.map((location) => pathOf(location, terminal.cwd));
  const texts = await Promise.all(paths.map(async (path) => (path === undefined ? '' : readFile(path, 'utf8'))));
  const fixed = await fixConfig(texts, catalogOf(components, unsupportedHint));
  for (const [i, location] of locations.entries()) {
    const path = paths[i];
    const { text, changes } = fixed[i]!;
    if (path === undefined) terminal.stdout(`${location.split(':', 1)[0]}: locations are not rewritten\n`);
    else if (text !== texts[i]) await replaceFile(path, text);
    for (const change of changes) terminal.stdout(`${location}: ${change}\n`);
  }
}

/** Whole or not at all, with the permissions that the file has. */
async function replaceFile(path: string, text: string): Promise<void> {
  const { mode } = await stat(path);
  await writeFile(`${path}.new`, text, { mode });
  await rename(`${path}.new`, path);
}

/** The file of a location; undefined when it is none. */
function pathOf(location: string, cwd: string): string | undefined {
  const scheme = /^([a-z]{2,}):/.exec(location)?.[1];
  if (scheme !== undefined && scheme !== 'file') return undefined;
  return resolve(cwd, scheme === undefined ? location : location.slice('file:'.length));
}
