import { alphanumeric, classes, digit, word } from '../characters.ts';
import { hints, textBefore } from '../detector.ts';
import type { Detector, Match } from '../detector.ts';
import { windowOf } from '../window-search.ts';
import type { ByteWindow } from '../window-search.ts';

const space = 0x20;
const dash = 0x2d;
const dot = 0x2e;
const plus = 0x2b;

/** What cards, SSNs, phone numbers and IPv4 addresses consist of, seven in a row: they share the search. */
export const numeric: ByteWindow = Array.from({ length: 7 }, () => windowOf('[0123456789 .()+-]')[0]!);

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** Whether a number cannot begin at `p`, because what stands before belongs to it. */
function continues(b: Uint8Array, start: number, p: number): boolean {
  if (p === start) return false;
  const before = b[p - 1]!;
  if ((classes[before]! & word) !== 0 || before >= 0x80) return true;
  return (before === dash || before === dot || before === plus) && p - 1 > start && (classes[b[p - 2]!]! & word) !== 0;
}

/** Whether a number cannot end before `p`, because what stands there belongs to it. */
function goesOn(b: Uint8Array, p: number, end: number): boolean {
  if (p >= end) return false;
  const next = b[p]!;
  if ((classes[next]! & word) !== 0 || next >= 0x80) return true;
  return (next === dash || next === dot) && p + 1 < end && (classes[b[p + 1]!]! & alphanumeric) !== 0;
}

const notACard =
  /(?:^|[^a-z])(?:[a-z]*(?:id|ids|no|nr|num|number|order|invoice|ticket|ref|reference|trace|span|seq|sequence|serial|sku|ean|gtin|isbn|imei|batch|shipment|tracking|offset|timestamp|time|ts|nanos|hash|block|account|acct|snowflake|build|version|case|receipt|uid|pid|size|bytes|count|total|key|parcel|part|lot|epoch|index|cursor|transaction|txn))[^a-z0-9]{0,4}$/;
const aCard = /(?:card|pan|visa|amex|master|discover|diners|jcb|payment|cc|number on it)[^0-9]*$/;

/** How a card may be written in groups. */
const cardGroups = ['4-4-4-4', '4-6-5', '4-6-4', '4-4-4-4-3', '4-4-4-3'];

/** Lengths that an issuer gives out under a prefix; empty when nobody does. */
function issuedLengths(prefix: number): readonly number[] {
  const two = Math.floor(prefix / 10_000);
  const three = Math.floor(prefix / 1000);
  const four = Math.floor(prefix / 100);
  if (two >= 40 && two <= 49) return [16, 19];
  if ((two >= 51 && two <= 55) || (prefix >= 222_100 && prefix <= 272_099)) return [16];
  if (two === 34 || two === 37) return [15];
  if (four === 6011 || (three >= 644 && three <= 649) || two === 65) return [16, 19];
  if (two === 62) return [16, 17, 18, 19];
  if (four >= 3528 && four <= 3589) return [16, 19];
  if ((three >= 300 && three <= 305) || three === 309 || two === 36 || two === 38 || two === 39) return [14, 16];
  if ([5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763].includes(four)) return [16, 19];
  return [];
}

const digits = new Uint8Array(20);

function isCard(count: number): boolean {
  let prefix = 0;
  for (let i = 0; i < 6; i++) prefix = prefix * 10 + digits[i]!;
  if (!issuedLengths(prefix).includes(count)) return false;
  let sum = 0;
  let same = 0;
  for (let i = 0; i < count; i++) {
    const value = digits[count - 1 - i]!;
    const doubled = i % 2 === 1 ? value * 2 : value;
    sum += doubled > 9 ? doubled - 9 : doubled;
    if (value === digits[0]) same++;
  }
  return sum % 10 === 0 && same < count - 1;
}

const groupStarts = new Int32Array(64);

/** Card numbers: issuer's range, its length, and the check digit are right, in one piece or in the groups that are printed on cards. */
export const creditCard: Detector = {
  name: 'credit_card',
  windows: [numeric],
  leastDigits: 14,
  find(b: Buffer, start: number, end: number, from: number, hint: number, match: Match): boolean {
    for (let p = from; p < end;) {
      if (!isDigit(b[p])) {
        p++;
        continue;
      }
      // The groups of digits from here on, with one space or dash between them, all the same.
      let groups = 0;
      let q = p;
      let separator = 0;
      for (;;) {
        groupStarts[groups++] = q;
        while (q < end && isDigit(b[q])) q++;
        const mark = b[q]!;
        const isGroup = q + 1 < end && (mark === space || mark === dash) && isDigit(b[q + 1]);
        if (!isGroup || (separator !== 0 && mark !== separator) || groups === 60) break;
        separator = mark;
        q++;
      }
      if (!goesOn(b, q, end) && findCard(b, start, p, q, groups, separator, hint, match)) return true;
      p = q;
    }
    return false;
  },
};

function findCard(b: Buffer, start: number, p: number, q: number, groups: number, separator: number, hint: number, match: Match): boolean {
  const isFirstBound = !continues(b, start, p);
  groupStarts[groups] = q + 1;
  for (let i = 0; i < groups; i++) {
    if (i === 0 ? !isFirstBound : separator !== space) continue;
    let shape = '';
    let count = 0;
    for (let j = i; j < groups && j < i + 5; j++) {
      const size = groupStarts[j + 1]! - groupStarts[j]! - 1;
      if (count + size > 19) break;
      for (let k = 0; k < size; k++) digits[count++] = b[groupStarts[j]! + k]! - 0x30;
      shape += j === i ? size : `-${size}`;
      const isLast = j + 1 === groups;
      if (!isLast && separator !== space) continue;
      if (i === j) {
        if (count < 14 || (hint & hints.identifier) !== 0 || !isCard(count)) continue;
        if ((hint & hints.card) === 0 && isNumbered(b, start, groupStarts[i]!)) continue;
      } else if (!cardGroups.includes(shape) || !isCard(count)) continue;
      match.start = groupStarts[i]!;
      match.end = groupStarts[j + 1]! - 1;
      return true;
    }
  }
  return false;
}

/** Whether the text before says that a number is something else than a card. */
function isNumbered(b: Buffer, start: number, at: number): boolean {
  const before = textBefore(b, start, at);
  return !aCard.test(before) && (notACard.test(before) || before.endsWith('#') || before.endsWith('/'));
}

const aSsn = /(?:ssn|social security(?: (?:number|no\.?|num))?|soc\.? sec\.?|tax ?id|itin)[^0-9a-z]*(?:is|was|=|:|#|no\.?)?[^0-9a-z]*$/;
const notAnSsn =
  /(?:part|sku|model|order|serial|ticket|invoice|ref|lot|isbn|item|case|rma|po|version|build)[a-z]*[^a-z0-9]{0,4}(?:no|nr|num|number|id)?[^a-z0-9]{0,4}$/;

/** US social security numbers in groups of three, two and four digits, in ranges that are given out; nine digits in a row only where the text says what they are. */
export const ssn: Detector = {
  name: 'ssn',
  windows: [numeric],
  leastDigits: 9,
  find(b: Buffer, start: number, end: number, from: number, hint: number, match: Match): boolean {
    if ((hint & hints.identifier) !== 0) return false;
    for (let p = from; p < end;) {
      if (!isDigit(b[p])) {
        p++;
        continue;
      }
      let q = p;
      while (q < end && isDigit(b[q])) q++;
      const stop = q - p === 3 ? groupedSsn(b, p, end) : q - p === 9 ? q : 0;
      if (stop !== 0 && !continues(b, start, p) && !goesOn(b, stop, end) && isIssued(b, p, stop)) {
        const before = textBefore(b, start, p);
        const isNamed = (hint & hints.ssn) !== 0 || aSsn.test(before);
        if (b[p + 3] === dash ? isNamed || !notAnSsn.test(before) : isNamed) {
          match.start = p;
          match.end = stop;
          return true;
        }
      }
      p = q;
    }
    return false;
  },
};

function groupedSsn(b: Uint8Array, p: number, end: number): number {
  const mark = b[p + 3];
  if (p + 11 > end || (mark !== dash && mark !== space) || b[p + 6] !== mark) return 0;
  for (const i of [4, 5, 7, 8, 9, 10]) if (!isDigit(b[p + i])) return 0;
  return p + 11;
}

function isIssued(b: Buffer, p: number, stop: number): boolean {
  const text = b.latin1Slice(p, stop).replace(/\D/g, '');
  const area = text.slice(0, 3);
  return area !== '000' && area !== '666' && area < '900' && text.slice(3, 5) !== '00' && text.slice(5) !== '0000';
}

const aPhone =
  /(?:phone|tel|telephone|mobile|cell|fax|call|whatsapp|sms|msisdn|contact|dial|ring|handy|callback)[a-z_]*\.?["']?(?:[^0-9a-z]*(?:no\.?|nr\.?|number|num|is|at|to|on|me|us|back)){0,2}[^0-9a-z]*$/;
const notAPhone =
  /(?:id|order|part|sku|invoice|ticket|ref|serial|version|build|number of|isbn|seq|case|item|lot|model|po|rma)[^a-z0-9]{0,4}(?:no|nr|num|number|id)?[^a-z0-9]{0,4}$/;

/** Country codes: one digit, then those of two; all others have three. */
const oneDigit = '17';
const twoDigits = new Set(
  '20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'.split(
    ' ',
  ),
);
const threeDigits =
  /^(?:21[12368]|2[2-6]\d|29[0178]|35\d|37\d|38[0-35-79]|42[013]|50\d|59\d|67[02-9]|68\d|69[0-2]|800|808|85[0-36]|87[08]|88[0-36]|96\d|97[0-79]|99[2-68])/;

/**
 * Phone numbers: international ones with `+` and a country code; North American ones with separators, or with parentheses around the area;
 * others only where the text says what they are.
 */
export const phone: Detector = {
  name: 'phone',
  windows: [numeric],
  leastDigits: 7,
  find(b: Buffer, start: number, end: number, from: number, hint: number, match: Match): boolean {
    if ((hint & hints.identifier) !== 0) return false;
    for (let p = from; p < end;) {
      const byte = b[p]!;
      if (byte !== plus && byte !== 0x28 && !isDigit(byte)) {
        p++;
        continue;
      }
      const stop = phoneEnd(b, p, end);
      if (stop > p + 7 && isPhone(b, start, p, stop, end, hint)) {
        match.start = p;
        match.end = stop;
        return true;
      }
      // A number that did not fit may be followed by one that does, behind a space.
      p = isDigit(byte) || byte === plus ? nextGroup(b, p, end) : p + 1;
    }
    return false;
  },
};

function nextGroup(b: Uint8Array, p: number, end: number): number {
  p++;
  while (p < end && (classes[b[p]!]! & digit) !== 0) p++;
  return p;
}

/** The end of digits with single separators between them: space, dash, dot, parentheses. */
function phoneEnd(b: Uint8Array, p: number, end: number): number {
  let stop = p;
  let marks = 0;
  let open = 0;
  let count = 0;
  for (let q = p; q < end && q < p + 26; q++) {
    const byte = b[q]!;
    if (isDigit(byte)) {
      if (++count > 15) return 0;
      stop = q + 1;
      marks = 0;
    } else if (byte === 0x28 && open === 0) {
      open = 1;
      marks = 0;
    } else if (byte === 0x29 && open === 1) {
      open = 2;
      marks = 0;
    } else if (byte === space || byte === dash || byte === dot) {
      if (++marks > 1) break;
    } else if (byte !== plus || q !== p) break;
  }
  return open === 1 ? 0 : stop;
}

function isPhone(b: Buffer, start: number, p: number, stop: number, end: number, hint: number): boolean {
  if (goesOn(b, stop, end) || b[stop] === 0x3a) return false;
  if (continues(b, start, p) && !(b[p - 1] === dot || b[p - 1] === dash)) {
    // `%2B` is a plus sign.
    if (!(p - 3 >= start && b[p - 3] === 0x25 && b[p - 2] === 0x32 && b[p - 1] === 0x42)) return false;
    return isInternational(b.latin1Slice(p, stop).replace(/\D/g, ''));
  }
  if (continues(b, start, p)) return false;
  const text = b.latin1Slice(p, stop);
  const plain = text.replace(/\D/g, '');
  if (text.startsWith('+')) return isInternational(plain) && !/[^\d+].*[^\d+].*[^\d+].*[^\d+].*[^\d+].*[^\d+]/.test(text.slice(1));
  const before = textBefore(b, start, p);
  if ((hint & hints.phone) !== 0 || aPhone.test(before)) return plain.length >= 7 && !/^\d{4}-\d\d-\d\d/.test(text);
  if (/^1?[ .-]?(?:\([2-9]\d\d\) ?|[2-9]\d\d([.-]))[2-9]\d\d[.-]\d{4}$/.test(text) && isNorthAmerican(plain.slice(-10)))
    return !notAPhone.test(before);
  return false;
}

function isInternational(plain: string): boolean {
  if (plain.length < 8 || plain.length > 15) return false;
  if (oneDigit.includes(plain[0]!)) return plain.length === 11 && (plain[0] === '7' || isNorthAmerican(plain.slice(1)));
  return plain.length >= 9 && (twoDigits.has(plain.slice(0, 2)) || threeDigits.test(plain));
}

function isNorthAmerican(ten: string): boolean {
  return /^[2-9](?!11)\d\d[2-9](?!11)\d\d\d{4}$/.test(ten);
}
