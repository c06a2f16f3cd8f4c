import { classes, digit, upper, word } from '../characters.ts';
import type { Detector, Match } from '../detector.ts';
import { windowOf } from '../window-search.ts';

/** Length of an IBAN by country (ISO 13616 registry). */
const lengths: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 ' +
    'GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 ' +
    'NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const digits = '0123456789';
const rest = `[${letters}${digits}]`;

/** IBANs of a country's length with the right check digits, in one piece or in groups of four. */
export const iban: Detector = {
  name: 'iban',
  windows: [windowOf(`[${letters}][${letters}][${digits}][${digits}][${letters}${digits} ]${rest}${rest}${rest}`)],
  find(b: Buffer, start: number, end: number, from: number, _hint: number, match: Match): boolean {
    for (let p = from; p + 14 < end; p++) {
      if ((classes[b[p]!]! & upper) === 0 || (classes[b[p + 1]!]! & upper) === 0) continue;
      if ((classes[b[p + 2]!]! & digit) === 0 || (classes[b[p + 3]!]! & digit) === 0) continue;
      if (p > start && (classes[b[p - 1]!]! & word) !== 0) continue;
      const length = lengths.get(b.latin1Slice(p, p + 2));
      if (length === undefined) continue;
      const stop = ibanEnd(b, p, end, length);
      if (stop === 0) continue;
      match.start = p;
      match.end = stop;
      return true;
    }
    return false;
  },
};

function ibanEnd(b: Buffer, p: number, end: number, length: number): number {
  let q = p;
  let text = '';
  const isGrouped = b[p + 4] === 0x20;
  while (text.length < length) {
    if (isGrouped && text.length > 0 && text.length % 4 === 0 && b[q] === 0x20) q++;
    else if (isGrouped && text.length > 0 && text.length % 4 === 0) return 0;
    if (q >= end || (classes[b[q]!]! & (upper | digit)) === 0) return 0;
    text += String.fromCharCode(b[q++]!);
  }
  if (q < end && (classes[b[q]!]! & word) !== 0) return 0;
  let remainder = 0;
  for (const character of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1 ? q : 0;
}
