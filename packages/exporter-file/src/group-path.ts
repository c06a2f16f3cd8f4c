import { posix } from 'node:path';

/**
 * The path of a group: the pattern with its `*` replaced. It always starts with what stands before the `*`; a segment that would lead
 * elsewhere is taken as if that was the root.
 */
export function groupPath(pattern: string, segment: string): string {
  const star = pattern.indexOf('*');
  const prefix = clean(pattern.slice(0, star)) + (pattern[star - 1] === '/' && star > 1 ? '/' : '');
  const rest = segment.startsWith('./') ? segment.slice(1) : segment.startsWith('../') ? segment.slice(2) : segment;
  const name = rest + pattern.slice(star + 1);
  const path = clean(prefix + name);
  return path.startsWith(prefix) ? path : clean(posix.join(prefix, posix.join('/', name)));
}

/** Normalized, without a slash at the end. */
function clean(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
