import { glob } from 'node:fs/promises';
import { matchesGlob, resolve } from 'node:path';

/** The paths, absolute and in order, that match one of the patterns and none of the exclusions. */
export async function findFiles(include: readonly string[], exclude: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for await (const path of glob([...include])) found.add(resolve(path));
  const excluded = exclude.map((pattern) => resolve(pattern));
  return [...found].filter((path) => !excluded.some((pattern) => matchesGlob(path, pattern))).toSorted();
}
