import { classes, digit, letter, lower, upper, word } from '../characters.ts';
import { hints, textBefore } from '../detector.ts';
import type { Detector, Match } from '../detector.ts';
import { windowOf } from '../window-search.ts';
import { numeric } from './digits.ts';

const colon = 0x3a;
const dot = 0x2e;
const slash = 0x2f;
const hex = '[0123456789abcdefABCDEF]';

/** Words for a number with dots that is no address. */
const aVersion =
  /(?:v|version|ver|release|build|revision|rev|section|chapter|clause|figure|oid|sdk|runtime|driver|firmware|assembly|package|upgrade(?:d)?(?: (?:to|from))?|@|\^|~|==|>=|<=|[a-z]-|nuget|clr|java|python|node|chrome|edge|windows(?: nt)?)[^a-z0-9]{0,3}$/;
const anAddress =
  /(?:ip|ipv4|addr|address|host|peer|client|server|remote|local|from|dns|proxy|gateway|resolver|nameserver|for|by)[^a-z0-9]{0,3}$/;

/**
 * IPv4 addresses, and IPv6 addresses of the ranges that are in use: global, unique local, link-local, multicast. Not the loopback, unspecified
 * and broadcast addresses and netmasks, which name nobody, and not what is a version by the words before it.
 */
export const ip: Detector = {
  name: 'ip',
  windows: [numeric, windowOf(`[23fF]${hex}${hex}${hex}:[0123456789abcdefABCDEF:]`)],
  find(b: Buffer, start: number, end: number, from: number, hint: number, match: Match): boolean {
    if ((hint & hints.identifier) !== 0) return false;
    for (let p = from; p < end;) {
      const kind = classes[b[p]!]!;
      if ((kind & (digit | letter)) === 0) {
        p++;
        continue;
      }
      // Only at the start of a word.
      if (p > start && ((classes[b[p - 1]!]! & word) !== 0 || b[p - 1]! >= 0x80)) {
        p = wordEnd(b, p, end);
        continue;
      }
      let stop = 0;
      if ((kind & digit) !== 0) stop = ipv4End(b, start, p, end);
      if (stop === 0 && isHex(b[p]!)) stop = ipv6End(b, start, p, end);
      if (stop !== 0) {
        match.start = p;
        match.end = stop;
        return true;
      }
      p = wordEnd(b, p, end);
    }
    return false;
  },
};

function wordEnd(b: Uint8Array, p: number, end: number): number {
  p++;
  while (p < end && ((classes[b[p]!]! & word) !== 0 || b[p]! >= 0x80)) p++;
  return p;
}

function isHex(byte: number): boolean {
  const kind = classes[byte]!;
  return (kind & digit) !== 0 || ((kind & (lower | upper)) !== 0 && (byte | 0x20) <= 0x66);
}

const octets = new Uint8Array(4);

function ipv4End(b: Buffer, start: number, p: number, end: number): number {
  if (p > start && (b[p - 1] === dot || (b[p - 1] === 0x2d && p - 1 > start && (classes[b[p - 2]!]! & word) !== 0))) return 0;
  let q = p;
  for (let i = 0; i < 4; i++) {
    let value = 0;
    const first = q;
    while (q < end && q < first + 3 && (classes[b[q]!]! & digit) !== 0) value = value * 10 + b[q++]! - 0x30;
    if (q === first || value > 255 || (b[first] === 0x30 && q > first + 1)) return 0;
    octets[i] = value;
    if (i === 3) break;
    if (b[q] !== dot || q + 1 >= end) return 0;
    q++;
  }
  if (q < end) {
    const next = b[q]!;
    if ((classes[next]! & word) !== 0) return 0;
    if ((next === dot || next === 0x2d || next === 0x2b) && q + 1 < end && (classes[b[q + 1]!]! & word) !== 0) return 0;
  }
  return isNobody() || isVersion(b, start, p, q, end) ? 0 : q;
}

/** Whether no machine has the address, or every one. */
function isNobody(): boolean {
  const [a, , , d] = octets;
  return a === 0 || a === 127 || a === 255 || (octets[1] === 0 && octets[2] === 0 && d === 0);
}

function isVersion(b: Buffer, start: number, p: number, q: number, end: number): boolean {
  const before = textBefore(b, start, p);
  // `Chrome/120.0.6099.71`; but `localhost/10.1.2.3:80` is how Java writes addresses.
  const isProduct = b[p - 1] === slash && p - 1 > start && b[p - 2] !== slash && b[p - 2] !== colon;
  if (isProduct && b[q] !== colon && !/(?:host|ip-[\d-]+|\.(?:internal|local|net|com))\/$/.test(before)) return true;
  if (aVersion.test(before)) return true;
  // `1.2.3.4` is a version or a section, unless the text says otherwise.
  if (octets.every((octet) => octet < 10))
    return !(
      anAddress.test(before) ||
      b[q] === colon ||
      octets.every((octet) => octet === octets[0]) ||
      (q === end && p === start && octets[0]! > 3)
    );
  return false;
}

/** The end of an IPv6 address, 0 when there is none or it names nobody. */
function ipv6End(b: Buffer, start: number, p: number, end: number): number {
  if (p > start && (b[p - 1] === colon || b[p - 1] === dot)) return 0;
  let groups = 0;
  let isShort = false;
  let hasDigit = false;
  let q = p;
  let stop = p;
  while (groups < 8) {
    const first = q;
    while (q < end && q < first + 5 && isHex(b[q]!)) if ((classes[b[q++]!]! & digit) !== 0) hasDigit = true;
    if (q - first > 4) return 0;
    if (q === first) break;
    if (groups === 0 && !isUsed(b, first, q)) return 0;
    groups++;
    stop = q;
    if (b[q] !== colon) break;
    q++;
    if (b[q] === colon) {
      if (isShort) return 0;
      isShort = true;
      q++;
      stop = q;
    }
  }
  if (!hasDigit || (isShort ? groups > 7 || groups < 1 : groups !== 8)) return 0;
  if (stop < end && ((classes[b[stop]!]! & word) !== 0 || b[stop] === colon)) return 0;
  return stop;
}

function isUsed(b: Uint8Array, first: number, q: number): boolean {
  if (q - first !== 4) return false;
  const high = b[first]! | 0x20;
  if (b[first] === 0x32 || b[first] === 0x33) return true;
  const second = b[first + 1]! | 0x20;
  return (
    high === 0x66 &&
    (second === 0x63 || second === 0x64 || second === 0x66 || (second === 0x65 && /[89abAB]/.test(String.fromCharCode(b[first + 2]!))))
  );
}
