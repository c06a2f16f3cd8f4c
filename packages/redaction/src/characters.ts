/** Classes of ASCII characters, as bits of `classes`. */
export const digit = 1;
export const upper = 2;
export const lower = 4;
export const underscore = 8;
/** Of a base64url text, or the local part of an address: `-`. */
export const dash = 16;
export const letter: number = upper | lower;
export const alphanumeric: number = letter | digit;
export const word: number = alphanumeric | underscore;

/** The classes of a byte; 0 for all others, those beyond ASCII included. */
export const classes: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[0-9]/.test(character)) return digit;
  if (/[A-Z]/.test(character)) return upper;
  if (/[a-z]/.test(character)) return lower;
  return character === '_' ? underscore : character === '-' ? dash : 0;
});

/** Where the run of bytes of the given classes ends that begins at `at`. */
export function runEnd(b: Uint8Array, at: number, end: number, wanted: number): number {
  while (at < end && (classes[b[at]!]! & wanted) !== 0) at++;
  return at;
}

/** Where the run of bytes of the given classes begins that ends before `at`. */
export function runStart(b: Uint8Array, at: number, start: number, wanted: number): number {
  while (at > start && (classes[b[at - 1]!]! & wanted) !== 0) at--;
  return at;
}

/** Whether the text stands at `at`. */
export function startsWith(b: Uint8Array, at: number, end: number, text: string): boolean {
  if (at + text.length > end) return false;
  for (let i = 0; i < text.length; i++) if (b[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
