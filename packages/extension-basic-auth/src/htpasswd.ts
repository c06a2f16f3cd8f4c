import { createHash, timingSafeEqual } from 'node:crypto';
import { compare } from 'bcryptjs';
import { md5Crypt } from './md5-crypt.ts';
import { shaCrypt } from './sha-crypt.ts';

/** Whether a password is the right one. */
export type PasswordCheck = (password: string) => Promise<boolean>;

/** The users of an htpasswd text. */
export interface Htpasswd {
  readonly users: ReadonlyMap<string, PasswordCheck>;
  /** Lines that are neither empty nor comments nor understood; their users do not exist. */
  readonly unreadable: number;
}

/**
 * Crypt's work grows with the square of the password: one as long as a header may be would keep the process busy for seconds. Nobody's is
 * longer.
 */
const mostCryptCharacters = 512;

/** Reads `name:password` lines; a later line wins over an earlier one of the same name. */
export function readHtpasswd(text: string): Htpasswd {
  const users = new Map<string, PasswordCheck>();
  let unreadable = 0;
  for (const rawLine of text.split('\n')) {
    const line = rawLine.trim();
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const check = colon < 0 ? undefined : passwordCheck(line.slice(colon + 1));
    if (check === undefined) unreadable++;
    else users.set(line.slice(0, colon), check);
  }
  return { users, unreadable };
}

/** By the prefixes that Apache's htpasswd writes; anything without one is a plain password. */
function passwordCheck(encoded: string): PasswordCheck | undefined {
  if (/^\$2[abxy]\$/.test(encoded)) return encoded.length === 60 ? (password) => compare(password, encoded) : undefined;
  const md5 = /^(\$apr1\$|\$1\$)([^$]{0,8})\$/.exec(encoded);
  if (md5 !== null) return ofUsualLength((password) => sameText(md5Crypt(password, md5[1]!, md5[2]!), encoded));
  const sha = /^\$([56])\$(?:rounds=(\d{1,7})\$)?([^$]{0,16})\$([./0-9A-Za-z]+)$/.exec(encoded);
  if (sha !== null) {
    const rounds = sha[2] === undefined ? 5000 : Math.max(1000, Number(sha[2]));
    return ofUsualLength((password) => sameText(shaCrypt(password, sha[1] === '5' ? 'sha256' : 'sha512', sha[3]!, rounds), sha[4]!));
  }
  if (encoded.startsWith('{SHA}')) return async (password) => sameText(`{SHA}${sha1(password).toString('base64')}`, encoded);
  if (encoded.startsWith('{SSHA}')) {
    const bytes = Buffer.from(encoded.slice(6), 'base64');
    if (bytes.length <= 20) return undefined;
    const salt = bytes.subarray(20);
    return async (password) => timingSafeEqual(sha1(password, salt), bytes.subarray(0, 20));
  }
  // Formats that are not understood must not turn into plain passwords.
  if (encoded.startsWith('$')) return undefined;
  return async (password) => sameText(password, encoded);
}

function ofUsualLength(check: (password: string) => boolean): PasswordCheck {
  return async (password) => password.length <= mostCryptCharacters && check(password);
}

function sha1(password: string, salt?: Buffer): Buffer {
  const hash = createHash('sha1').update(password);
  return (salt === undefined ? hash : hash.update(salt)).digest();
}

/** Takes the same time wherever the texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
