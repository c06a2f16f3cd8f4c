import { JsonReader } from '@millrace/wire';

const quote = 0x22;
const lowerN = 0x6e;
const comma = 0x2c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** Opens a reader on the range `[0, end)`. */
export function openJson(bytes: Buffer, end: number): JsonReader {
  const reader = new JsonReader();
  reader.open(bytes, 0, end);
  return reader;
}

/** Refuses anything after the value that was read. */
export function closeJson(reader: JsonReader): void {
  if (reader.peek() !== -1) reader.fail('text after the end of the value');
}

function isNull(reader: JsonReader): boolean {
  if (reader.peek() !== lowerN) return false;
  reader.literal('null');
  return true;
}

/** Reads an object: `read` is called with each name and reads or skips its value. False, without a call, for `null`. */
export function readObject(reader: JsonReader, read: (name: string) => void): boolean {
  if (isNull(reader)) return false;
  if (reader.peek() !== openObject) reader.fail('expected an object');
  reader.position++;
  if (reader.peek() === closeObject) {
    reader.position++;
    return true;
  }
  for (;;) {
    reader.string();
    const name = tokenText(reader);
    reader.colon();
    read(name);
    const c = reader.peek();
    if (c !== comma && c !== closeObject) reader.fail("expected ',' or '}'");
    reader.position++;
    if (c === closeObject) return true;
  }
}

/** Reads an array: `read` is called for each element and reads it. `null` is an empty one. */
export function readArray(reader: JsonReader, read: () => void): void {
  if (isNull(reader)) return;
  if (reader.peek() !== openArray) reader.fail('expected an array');
  reader.position++;
  if (reader.peek() === closeArray) {
    reader.position++;
    return;
  }
  for (;;) {
    read();
    const c = reader.peek();
    if (c !== comma && c !== closeArray) reader.fail("expected ',' or ']'");
    reader.position++;
    if (c === closeArray) return;
  }
}

function tokenText(reader: JsonReader): string {
  return reader.token.toString('utf8', reader.tokenStart, reader.tokenEnd);
}

/** Reads a string; `null` is ''. */
export function readText(reader: JsonReader): string {
  if (isNull(reader)) return '';
  reader.string();
  return tokenText(reader);
}

/** Reads a string, number, boolean or `null` as text. */
export function readScalarText(reader: JsonReader): string {
  const c = reader.peek();
  if (c === quote) return readText(reader);
  if (isNull(reader)) return '';
  if (c === openObject || c === openArray) reader.fail('expected a string');
  const at = reader.position;
  reader.skipValue();
  return reader.bytes.toString('latin1', at, reader.position);
}

/** Reads a whole number, or a string of digits; `null` is 0. */
export function readInteger(reader: JsonReader): bigint {
  if (isNull(reader)) return 0n;
  const quoted = reader.peek() === quote;
  const at = reader.position;
  if (quoted) reader.string();
  else reader.number();
  const text = quoted ? tokenText(reader) : reader.bytes.toString('latin1', at, reader.position);
  if (!/^-?\d{1,19}$/.test(text)) reader.fail('expected an integer', at);
  return BigInt(text);
}
