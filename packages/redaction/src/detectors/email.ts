import { alphanumeric, classes, dash, letter, runStart, startsWith, word } from '../characters.ts';
import type { Detector, Match } from '../detector.ts';
import { windowOf } from '../window-search.ts';

const at = 0x40;
const dot = 0x2e;
const longestLocal = 64;
const longestDomain = 253;
const alphanumerics = '0-9A-Za-z'.replace(/(.)-(.)/g, (_, a: string, b: string) => {
  let all = '';
  for (let code = a.charCodeAt(0); code <= b.charCodeAt(0); code++) all += String.fromCharCode(code);
  return all;
});

/** Ends of file names and packages that are no top-level domains, so that `icon@2x.png` is no address. */
const noDomains = new Set(
  'png jpg jpeg gif svg webp bmp ico css scss less js mjs cjs jsx ts tsx json yaml yml xml html htm txt log map wasm jar dll exe so tgz gz bz2 lock local localhost internal test2 svc java kt cpp hpp go py rb php cs swift'.split(
    ' ',
  ),
);

/** What local parts consist of beside letters and digits. */
const localPunctuation = new Set(Array.from(".!#$%&'*+/=?^_`{|}~-", (character) => character.charCodeAt(0)));
/** Those of them that real addresses have. */
const usual = new Set(Array.from("._%+-'", (character) => character.charCodeAt(0)));

/**
 * Addresses such as `jane.doe+news@example.co.uk`, also with `%40`. The domain has a dot and ends with letters that are no file extension;
 * `git@`, which is everybody, and the user information of URLs are none.
 */
export const email: Detector = {
  name: 'email',
  windows: [windowOf('@'), windowOf(`%40[${alphanumerics}]`)],
  find(b: Buffer, start: number, end: number, from: number, _hint: number, match: Match): boolean {
    for (let p = from; p < end; p++) {
      const isEncoded = b[p] === 0x25 && startsWith(b, p, end, '%40');
      if (b[p] !== at && !isEncoded) continue;
      const domain = p + (isEncoded ? 3 : 1);
      const localStart = localFrom(b, p, Math.max(from, p - longestLocal));
      if (localStart === p) continue;
      const domainEnd = domainUntil(b, domain, end);
      if (domainEnd === 0) continue;
      if (p - localStart === 3 && startsWith(b, localStart, p, 'git')) continue;
      if (isUserInfo(b, start, localStart)) continue;
      match.start = localStart;
      match.end = domainEnd;
      return true;
    }
    return false;
  },
};

function localFrom(b: Uint8Array, p: number, start: number): number {
  let first = p;
  while (first > start) {
    const byte = b[first - 1]!;
    if ((classes[byte]! & word) === 0 && !usual.has(byte) && byte < 0x80) break;
    first--;
  }
  // Not after a percent sign that encodes what comes before (`email%3Djane%40...`), and not with a mark at an edge.
  for (let i = first; i + 2 < p; i++) {
    if (b[i] === 0x25 && (b[i + 1] === 0x33 || b[i + 1] === 0x32) && (classes[b[i + 2]!]! & alphanumeric) !== 0) first = i + 3;
  }
  while (first < p && localPunctuation.has(b[first]!) && b[first] !== 0x5f && b[first] !== 0x2b) first++;
  return first < p && b[p - 1] === dot ? p : first;
}

/** Where the domain ends, 0 when it is none. */
function domainUntil(b: Buffer, from: number, end: number): number {
  let labels = 0;
  let p = from;
  let good = 0;
  const last = Math.min(end, from + longestDomain);
  while (p < last) {
    const labelStart = p;
    let isAscii = true;
    while (p < last && ((classes[b[p]!]! & (alphanumeric | dash)) !== 0 || b[p]! >= 0x80)) {
      if (b[p]! >= 0x80) isAscii = false;
      p++;
    }
    if (p === labelStart || b[labelStart] === 0x2d || b[p - 1] === 0x2d) break;
    labels++;
    if (labels > 1 && isTopLevel(b, labelStart, p, isAscii)) good = p;
    if (b[p] !== dot || p + 1 >= last) break;
    p++;
  }
  if (good === 0) return 0;
  // `user@example.com_old`, `lib@host.name/…` of a package path: the text goes on.
  return good < end && b[good] === 0x5f ? 0 : good;
}

function isTopLevel(b: Buffer, start: number, end: number, isAscii: boolean): boolean {
  if (end - start < 2 || end - start > 24) return false;
  if (startsWith(b, start, end, 'xn--')) return true;
  for (let p = start; p < end; p++) if ((classes[b[p]!]! & letter) === 0 && b[p]! < 0x80) return false;
  return !isAscii || !noDomains.has(b.latin1Slice(start, end).toLowerCase());
}

/** Whether it is the user in `scheme://user@host` or the password in `scheme://user:password@host`. */
function isUserInfo(b: Uint8Array, start: number, local: number): boolean {
  let p = local;
  if (p > start && b[p - 1] === 0x3a) {
    p--;
    while (p > start && (classes[b[p - 1]!]! & (word | dash)) !== 0) p--;
  }
  if (p - 3 < start || b[p - 1] !== 0x2f || b[p - 2] !== 0x2f || b[p - 3] !== 0x3a) return false;
  return runStart(b, p - 3, start, alphanumeric) < p - 3;
}
