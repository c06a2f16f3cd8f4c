import { createHash } from 'node:crypto';

const longestName = 200;

/**
 * The directory of a log, as the Collector names its files: `<kind>_<type>_<name>_<storage name>`, unsafe characters as `~` and their code
 * point in hexadecimal. A name that is too long for a file is its SHA-256 instead.
 */
export function logName(kind: string, id: string, name: string): string {
  const slash = id.indexOf('/');
  const type = slash < 0 ? id : id.slice(0, slash);
  const instance = slash < 0 ? '' : id.slice(slash + 1);
  let safe = '';
  for (const character of `${kind}_${type}_${instance}${name === '' ? '' : `_${name}`}`) {
    safe += /[A-Za-z0-9._-]/.test(character) ? character : `~${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return safe.length <= longestName ? safe : createHash('sha256').update(safe).digest('hex');
}
