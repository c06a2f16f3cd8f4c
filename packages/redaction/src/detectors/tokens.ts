import { alphanumeric, classes, dash, runEnd, startsWith, word } from '../characters.ts';
import { textBefore } from '../detector.ts';
import type { Detector, Match } from '../detector.ts';
import { windowOf } from '../window-search.ts';

const lowers = 'abcdefghijklmnopqrstuvwxyz';
const uppers = lowers.toUpperCase();
const digits = '0123456789';
const anyByte = new Uint8Array(256).fill(1);
const any = `[${lowers}${uppers}${digits}_-]`;
const dot = 0x2e;

/** How keys of well-known services begin, and how many characters of `[A-Za-z0-9_-]` follow at least. */
const prefixes: readonly (readonly [prefix: string, least: number])[] = [
  ['sk-', 20],
  ['pk-lf-', 32],
  ['sk_live_', 16],
  ['sk_test_', 16],
  ['rk_live_', 16],
  ['rk_test_', 16],
  ['whsec_', 24],
  ['ghp_', 36],
  ['gho_', 36],
  ['ghu_', 36],
  ['ghs_', 36],
  ['ghr_', 36],
  ['github_pat_', 60],
  ['glpat-', 20],
  ['gldt-', 20],
  ['glrt-', 20],
  ['xoxb-', 20],
  ['xoxp-', 20],
  ['xoxa-', 20],
  ['xoxr-', 20],
  ['xoxs-', 20],
  ['xoxe-', 20],
  ['xapp-', 20],
  ['AIza', 35],
  ['ya29.', 20],
  ['GOCSPX-', 20],
  ['npm_', 36],
  ['pypi-AgE', 50],
  ['SG.', 50],
  ['hf_', 30],
  ['gsk_', 40],
  ['xai-', 60],
  ['pplx-', 40],
  ['r8_', 35],
  ['dop_v1_', 64],
  ['doo_v1_', 64],
  ['shpat_', 32],
  ['shpss_', 32],
  ['sq0atp-', 22],
  ['sq0csp-', 40],
  ['dapi', 32],
  ['hvs.', 24],
  ['hvb.', 24],
  ['ATATT3', 60],
  ['lin_api_', 32],
  ['ntn_', 40],
  ['PMAK-', 50],
  ['NRAK-', 27],
  ['NRJS-', 19],
  ['dt0c01.', 50],
  ['sntrys_', 40],
  ['dp.pt.', 40],
  ['dp.st.', 40],
  ['pscale_tkn_', 32],
  ['sbp_', 40],
  ['AGE-SECRET-KEY-1', 50],
  ['EAACEdEose0cBA', 20],
  ['key-', 32],
];

/** Prefixes whose rest is lower-case hex, so that ordinary words do not pass. */
const hexRest = new Set(['key-', 'dapi', 'dop_v1_', 'doo_v1_', 'shpat_', 'shpss_', 'sbp_']);
const dotted = new Set(['SG.', 'ya29.', 'dt0c01.', 'hvs.', 'hvb.', 'dp.pt.', 'dp.st.', 'dp.st.']);
const byFirst = new Map<number, (readonly [string, number])[]>();
for (const entry of prefixes) {
  const first = entry[0].charCodeAt(0);
  byFirst.set(first, [...(byFirst.get(first) ?? []), entry]);
}

/** Keys of well-known services by their prefixes: OpenAI, Anthropic, GitHub, GitLab, Slack, Stripe, Google, npm, PyPI, SendGrid, Hugging Face and others. */
export const apiKey: Detector = {
  name: 'api_key',
  windows: prefixes.map(([prefix]) => (prefix.length > 4 ? windowOf(prefix) : [anyByte, ...windowOf(`${prefix}${any}`)])),
  find(b: Buffer, start: number, end: number, from: number, _hint: number, match: Match): boolean {
    for (let p = from; p < end; p++) {
      const entries = byFirst.get(b[p]!);
      if (entries === undefined) continue;
      // `%3D` and the like may stand before it; other letters and digits may not.
      if (p > start && (classes[b[p - 1]!]! & word) !== 0 && b[p - 3] !== 0x25) continue;
      for (const [prefix, least] of entries) {
        if (!startsWith(b, p, end, prefix)) continue;
        const stop = tokenEnd(b, p + prefix.length, end, dotted.has(prefix));
        if (stop - p - prefix.length < least || !isRandom(b, p + prefix.length, stop, hexRest.has(prefix))) continue;
        match.start = p;
        match.end = stop;
        return true;
      }
    }
    return false;
  },
};

function tokenEnd(b: Uint8Array, p: number, end: number, withDots: boolean): number {
  let stop = runEnd(b, p, end, word | dash);
  if (!withDots) return stop;
  while (b[stop] === dot && stop + 1 < end) {
    const next = runEnd(b, stop + 1, end, word | dash);
    if (next === stop + 1) break;
    stop = next;
  }
  return stop;
}

/** Whether it has letters and digits mixed as in a key, not as in `sk-some-dashed-name-of-a-thing`. */
function isRandom(b: Buffer, start: number, end: number, isHex: boolean): boolean {
  const text = b.latin1Slice(start, end);
  if (isHex) return /^[0-9a-f]+$/.test(text);
  const counts = [/[0-9]/g, /[A-Z]/g, /[a-z]/g].map((kind) => text.match(kind)?.length ?? 0);
  const [numbers = 0, capitals = 0, smalls = 0] = counts;
  if (numbers === 0) return text.length >= 20 && capitals > 3 && smalls > 3 && !/[a-z]{9}/.test(text);
  // Words with a number in them.
  return !/^(?:[a-z]+|[0-9]{1,4})(?:[_-](?:[a-z]+|v?[0-9]{1,4}))+$/i.test(text) || (numbers >= 6 && capitals >= 3 && smalls >= 3);
}

/** Access key ids of AWS, and secret access keys where the text says what they are. */
export const awsKey: Detector = {
  name: 'aws_key',
  windows: [
    ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((prefix) => windowOf(`${prefix}[${uppers}${digits}][${uppers}${digits}]`)),
    windowOf('secret', true),
  ],
  find(b: Buffer, start: number, end: number, from: number, _hint: number, match: Match): boolean {
    for (let p = from; p < end;) {
      const stop = runEnd(b, p, end, alphanumeric);
      if (
        stop - p === 20 &&
        b[p] === 0x41 &&
        /^A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}$/.test(b.latin1Slice(p, stop)) &&
        !isInWord(b, start, p, stop, end)
      ) {
        match.start = p;
        match.end = stop;
        return true;
      }
      const secretEnd = base64End(b, p, end);
      if (secretEnd - p === 40 && (p === start || base64[b[p - 1]!] === 0) && isNamedSecret(b, start, p)) {
        match.start = p;
        match.end = secretEnd;
        return true;
      }
      p = Math.max(p + 1, base64End(b, p, end));
    }
    return false;
  },
};

function isInWord(b: Uint8Array, start: number, p: number, stop: number, end: number): boolean {
  return (p > start && (classes[b[p - 1]!]! & word) !== 0) || (stop < end && (classes[b[stop]!]! & word) !== 0);
}

const base64 = Uint8Array.from({ length: 256 }, (_, byte) => (/[A-Za-z0-9/+]/.test(String.fromCharCode(byte)) && byte < 0x80 ? 1 : 0));

function base64End(b: Uint8Array, p: number, end: number): number {
  while (p < end && base64[b[p]!] === 1) p++;
  return p;
}

function isNamedSecret(b: Buffer, start: number, p: number): boolean {
  return /(?:aws_?secret(?:_access)?_?key|secret_?access_?key|aws_?secret)["']?\s*[=:]>?\s*["']?$/.test(textBefore(b, start, p));
}

/** JSON web tokens: three parts, of which the first is a header with an algorithm. */
export const jwt: Detector = {
  name: 'jwt',
  windows: [windowOf(`eyJ${any}${any}`)],
  find(b: Buffer, start: number, end: number, from: number, _hint: number, match: Match): boolean {
    for (let p = b.indexOf('eyJ', from, 'latin1'); p >= 0 && p < end; p = b.indexOf('eyJ', p + 3, 'latin1')) {
      if (p > start && (classes[b[p - 1]!]! & (word | dash)) !== 0 && b[p - 3] !== 0x25) continue;
      const header = runEnd(b, p, end, word | dash);
      if (b[header] !== dot || header >= end) continue;
      const payload = runEnd(b, header + 1, end, word | dash);
      if (payload - header < 8 || header - p > 4096) continue;
      if (!/"(?:alg|enc)"\s*:/.test(Buffer.from(b.latin1Slice(p, header), 'base64url').toString('latin1'))) continue;
      let stop = payload;
      for (let parts = 0; parts < 3 && stop + 1 < end && b[stop] === dot && (classes[b[stop + 1]!]! & (word | dash)) !== 0; parts++)
        stop = runEnd(b, stop + 1, end, word | dash);
      match.start = p;
      match.end = stop;
      return true;
    }
    return false;
  },
};

const longestLabel = 40;

/** Private keys in PEM, to their end or to the end of the text. */
export const privateKey: Detector = {
  name: 'private_key',
  windows: [windowOf('PRIVATE KEY')],
  find(b: Buffer, _start: number, end: number, from: number, _hint: number, match: Match): boolean {
    for (let p = b.indexOf('-----BEGIN', from, 'latin1'); p >= 0 && p < end; p = b.indexOf('-----BEGIN', p + 10, 'latin1')) {
      if (!/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----/.test(b.latin1Slice(p, Math.min(end, p + longestLabel + 24)))) continue;
      const last = b.indexOf('-----END', p, 'latin1');
      match.start = p;
      match.end = end;
      if (last > 0 && last < end) {
        const closing = b.indexOf('-----', last + 8, 'latin1');
        match.end = closing > 0 && closing + 5 <= end ? closing + 5 : end;
      }
      return true;
    }
    return false;
  },
};
