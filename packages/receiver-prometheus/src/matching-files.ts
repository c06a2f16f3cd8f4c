import { globSync } from 'node:fs';

/** Files that a path with `*`, `?` and `[]` names, sorted. */
export function matchingFiles(pattern: string): string[] {
  return globSync(pattern).sort();
}
