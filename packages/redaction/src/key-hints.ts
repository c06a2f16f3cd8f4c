import type { ByteRange } from '@millrace/wire';
import { hints } from './detector.ts';
import { KeyMemory } from './key-memory.ts';

/** Last words of keys of identifiers, times, counts and versions. */
const identifierEnds = new Set(
  (
    'id ids uuid guid uid hash sha sha1 sha256 md5 digest checksum fingerprint etag revision commit version versions build timestamp timestamps time date nano nanos millis ms ns us ' +
    'count counts total size bytes length offset position sequence seq index line column port code status tokens duration latency retries attempt attempts partition generation epoch order sku serial cursor ' +
    'schema oid pid tid ppid inode sequencenumber ordernumber orderid traceid spanid requestid userid'
  ).split(' '),
);

function judge(key: string): number {
  const words = key
    .slice(-128)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '' && !/^\d+$/.test(word));
  const last = words.at(-1) ?? '';
  const before = words.at(-2) ?? '';
  const isNumber = last === 'number' || last === 'no' || last === 'num';
  const what = isNumber ? before : last;
  let bits = 0;
  if (/^(?:phone|phones|tel|telephone|mobile|cell|cellphone|fax|msisdn|whatsapp|phonenumber)$/.test(what)) bits |= hints.phone;
  if (/^(?:ssn|ssns|itin)$/.test(what) || (what === 'security' && words.includes('social'))) bits |= hints.ssn;
  if (/^(?:card|cards|creditcard|pan|cardnumber)$/.test(what)) bits |= hints.card;
  if (bits === 0 && (identifierEnds.has(last) || (isNumber && before !== '' && !/^(?:account|contact)$/.test(before))))
    bits = hints.identifier;
  return bits;
}

const memory = new KeyMemory(judge);

/** What a key says about the text under it, as bits of `hints`. */
export function hintsOf(key: string | ByteRange): number {
  return memory.ask(key);
}

/** The same for the key in the bytes `[start, end)`. */
export function hintsIn(b: Buffer, start: number, end: number): number {
  return memory.askBytes(b, start, end);
}
