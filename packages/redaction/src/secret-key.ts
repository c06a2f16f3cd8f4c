import type { ByteRange } from '@millrace/wire';
import { KeyTest } from './key-test.ts';
import { windowOf } from './window-search.ts';
import type { ByteWindow } from './window-search.ts';

/** Words that make a key secret when they end it. A word may be written as two: `api_key`, `apiKey` and `apikey` are one. */
const secretWords = new Set([
  'apikey',
  'apikeys',
  'password',
  'passwords',
  'passwordhash',
  'passwd',
  'passphrase',
  'secret',
  'secrets',
  'secretkey',
  'privatekey',
  'accesskey',
  'token',
  'authtoken',
  'accesstoken',
  'refreshtoken',
  'credential',
  'credentials',
  'authorization',
  'cookie',
  'cookies',
  'creditcard',
  'creditcards',
  'ssn',
  'ssns',
  'email',
  'emails',
]);

/** Words behind a secret word that leave it one: `email.address`, `credit_card_number`, `x-api-key.0`. */
const sameThing = new Set(['value', 'values', 'text', 'string', 'raw', 'plain', 'number', 'numbers', 'address', 'addresses', 'header']);

/** Before `token`, a language model's: `time_per_output_token`, `cost_per_token`. */
const countedTokens = new Set(['input', 'output', 'prompt', 'completion', 'reasoning', 'cached', 'per', 'first', 'last', 'max', 'total']);

/** Only the end of a key decides. */
const decidingLength = 256;

function judge(key: string): boolean {
  const words = key
    .slice(-decidingLength)
    .replace(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  for (let last = words.length - 1; last >= 0; last--) {
    const word = words[last];
    const before = last > 0 ? words[last - 1] : '';
    if (secretWords.has(word) || secretWords.has(before + word)) return word !== 'token' || !countedTokens.has(before);
    if (!sameThing.has(word) && !/^\d+$/.test(word)) return false;
  }
  return false;
}

const test = new KeyTest(judge);

/**
 * Whether what stands under a key is a secret or names a person: api_key, password, secret, token, credit_card, ssn, email, and the headers,
 * keys and credentials that carry those. Keys are read as words, in any spelling (`x-auth-token`, `userEmail`, `DB_PASSWORD`), and the last
 * words decide: `max_tokens`, `gen_ai.usage.input_tokens`, `gen_ai.token.type`, `token_type` and `secret_name` are no secrets.
 */
export function isSecretKey(key: string | ByteRange): boolean {
  return test.ask(key);
}

const bytesBut = (excluded: RegExp): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (excluded.test(String.fromCharCode(byte)) ? 0 : 1));
const anyByte = bytesBut(/[^]{2}/);
const sign = bytesBut(/[A-Za-z0-9]/);
/** What stands behind the end of a word, be it the field that follows a key; or the `s` of a plural. */
const behind = bytesBut(/[a-rt-z]/);

/**
 * Every secret key, with a byte before and after it, contains one of these, in any spelling whose words are split where people split them. For
 * `WindowSearch`.
 */
export const secretKeyWindows: readonly ByteWindow[] = [
  ...['token', 'secret', 'passw', 'passph', 'credential', 'cookie', 'authoriz', 'credit', 'email'].map((text) => windowOf(text, true)),
  [...windowOf('[ise]key', true), behind],
  [sign, ...windowOf('key', true), behind],
  [...windowOf('pass', true), sign, ...windowOf('[wp]', true)],
  [...windowOf('e', true), sign, ...windowOf('mail', true)],
  [anyByte, ...windowOf('ssn', true), behind],
];
