import { alphanumeric, classes, dash, letter, runStart, word } from '../characters.ts';
import { textBefore } from '../detector.ts';
import type { Detector, Match } from '../detector.ts';
import { windowOf } from '../window-search.ts';
import type { ByteWindow } from '../window-search.ts';

const dot = 0x2e;
const anyByte = new Uint8Array(256).fill(1);

/** What is no password. */
const placeholders =
  /^(?:null|nil|none|undefined|true|false|required|optional|missing|invalid|empty|expired|not|is|was|redacted|masked|hidden|\[?redacted\]?|\*+|x+|\.+|<.*|\$.*|%[sdvq].*|\{.*)$/i;
const assignment =
  /(?:^|[^a-z0-9])(?:[a-z0-9]+[_.-]?)*?(?:api[_-]?key|apikey|access[_-]?key|secret[_-]?key|secret|passw(?:or)?d|passphrase|pwd|client[_-]?secret|(?:access|auth|refresh|id|bearer|session|api|csrf|private)[_-]?token|token|credential)$/;

const assignmentWords = ['key', 'secret', 'passw', 'passphrase', 'pwd', 'token', 'credential'];
const wordWindow = (text: string): ByteWindow => windowOf(`${text}[=: '"]`, true);

/**
 * Credentials by what stands before them: the password of a URL, what follows `Bearer` and `Basic`, and the values of `password=...`,
 * `api_key: ...`, `access_token=...` in texts and query strings.
 */
export const credentials: Detector = {
  name: 'credentials',
  windows: [
    windowOf('@'),
    windowOf('earer [0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ]'),
    windowOf('asic [0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ]'),
    [anyByte, ...wordWindow('pwd')],
    ...['[iste_.-]key', 'secret', 'password', 'passwd', 'phrase', 'token', 'ential'].map(wordWindow),
  ],
  find(b: Buffer, start: number, end: number, from: number, _hint: number, match: Match): boolean {
    for (let p = from; p < end; p++) {
      const byte = b[p]!;
      if (byte === 0x40 ? urlPassword(b, start, p, from, match) : byte === 0x20 ? scheme(b, start, p, end, match) : false) return true;
      if ((byte === 0x3d || byte === 0x3a) && assigned(b, start, p, end, match)) return true;
    }
    return false;
  },
};

/** `scheme://user:password@`: the password. */
function urlPassword(b: Buffer, start: number, p: number, from: number, match: Match): boolean {
  let q = p;
  const least = Math.max(from, p - 128);
  while (q > least && b[q - 1] !== 0x3a && b[q - 1] !== 0x2f && b[q - 1]! > 0x20 && b[q - 1] !== 0x40) q--;
  if (q === p || q <= least || b[q - 1] !== 0x3a) return false;
  let user = q - 1;
  while (user > start && b[user - 1] !== 0x2f && b[user - 1]! > 0x20 && b[user - 1] !== 0x3a && b[user - 1] !== 0x40) user--;
  if (user - 3 < start || b[user - 1] !== 0x2f || b[user - 2] !== 0x2f || b[user - 3] !== 0x3a) return false;
  if (runStart(b, user - 3, start, alphanumeric) === user - 3 || placeholders.test(b.latin1Slice(q, p))) return false;
  match.start = q;
  match.end = p;
  return true;
}

const longestToken = 8192;

/** `Bearer token`, `Basic base64`. */
function scheme(b: Buffer, start: number, p: number, end: number, match: Match): boolean {
  const before = textBefore(b, start, p);
  if (!/(?:^|[^a-z0-9])(?:bearer|basic)$/.test(before)) return false;
  let q = p + 1;
  while (
    q < end &&
    q < p + longestToken &&
    ((classes[b[q]!]! & (word | dash)) !== 0 || b[q] === dot || b[q] === 0x2f || b[q] === 0x2b || b[q] === 0x3d || b[q] === 0x7e)
  )
    q++;
  const text = b.latin1Slice(p + 1, q);
  if (text.length < 12 || (/^[a-z_-]+\.?$/i.test(text) && (text.length < 24 || !/[a-z][A-Z]/.test(text)))) return false;
  match.start = p + 1;
  match.end = q;
  return true;
}

/** `name=value` and `name: value` under a name that says secret. */
function assigned(b: Buffer, start: number, p: number, end: number, match: Match): boolean {
  const quotes = b[p - 1] === 0x22 || b[p - 1] === 0x27 ? 1 : 0;
  const nameEnd = p - quotes;
  if (nameEnd - start < 3 || (classes[b[nameEnd - 1]!]! & letter) === 0) return false;
  const before = textBefore(b, start, nameEnd);
  if (!assignmentWords.some((text) => before.includes(text)) || !assignment.test(before)) return false;
  let q = p + 1;
  const isEquals = b[p] === 0x3d;
  if (q < end && b[q] === 0x3e) q++;
  while (q < end && b[q] === 0x20 && q < p + 3) q++;
  if (isEquals && q > p + 1 && b[p - 1] !== 0x20 && b[p + 1] !== 0x3e) return false;
  let valueEnd: number;
  const quote = b[q];
  if (quote === 0x22 || quote === 0x27) {
    q++;
    valueEnd = b.indexOf(quote, q);
    if (valueEnd < 0 || valueEnd > end) valueEnd = end;
  } else {
    valueEnd = q;
    while (valueEnd < end && !endsValue(b[valueEnd]!)) valueEnd++;
    // The full stop of the sentence.
    if (b[valueEnd - 1] === dot && !isEquals) valueEnd--;
  }
  const text = b.latin1Slice(q, Math.min(valueEnd, q + 256));
  if (text.length < 4 || placeholders.test(text)) return false;
  // `token: unexpected`, `secret=true`, `key: 5`.
  const looks = (isEquals || quotes === 1 || quote === 0x22 || quote === 0x27) && !/^\d{1,6}$/.test(text);
  if (!looks && !(/[0-9]/.test(text) && /[A-Za-z]/.test(text)) && !/[^\w.,/:-]/.test(text)) return false;
  if (/^(?:bearer|basic)$/i.test(text)) return false;
  match.start = q;
  match.end = valueEnd;
  return true;
}

function endsValue(byte: number): boolean {
  return (
    byte <= 0x20 ||
    byte === 0x26 ||
    byte === 0x3b ||
    byte === 0x2c ||
    byte === 0x22 ||
    byte === 0x27 ||
    byte === 0x29 ||
    byte === 0x5d ||
    byte === 0x7d ||
    byte === 0x3e
  );
}
