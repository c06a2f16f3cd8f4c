import { ByteWriter } from '@millrace/wire';
import type { ByteRange, Lease } from '@millrace/wire';

const quote = 0x22;
const comma = 0x2c;
const apostrophe = 0x27;

/** 1: the cell must be quoted. */
const quoted = new Uint8Array(256);
for (const c of ',"\r\n') quoted[c.charCodeAt(0)] = 1;

/** 1: a spreadsheet may take a cell that begins so for a formula, or skip the character and look at the next one. */
const formulaStart = new Uint8Array(256);
for (const c of '=+-@\t\r\n') formulaStart[c.charCodeAt(0)] = 1;

/** Second and third bytes of the full-width forms of = + - @, which begin with 0xef. */
const wide = new Set([0xbc9d, 0xbc8b, 0xbc8d, 0xbca0]);

/**
 * Writes rows as RFC 4180 says: cells between commas, rows ended by CRLF, quotes around cells that need them. A text that a spreadsheet
 * would take for a formula gets an apostrophe in front; numbers stay as they are.
 */
export class CsvWriter {
  readonly out: ByteWriter;
  #isFirst = true;

  constructor(lease?: Lease) {
    this.out = new ByteWriter(lease);
  }

  /** A cell without a value. */
  empty(): void {
    this.#begin();
  }

  /** A number, time, id or word of our own: text that needs no care. */
  plain(text: string): void {
    this.#begin();
    this.out.text(text);
  }

  text(text: string): void {
    const { out } = this;
    this.#begin();
    const start = out.position;
    out.text(text);
    this.#protect(start);
  }

  /** Text as bytes. Those that are no UTF-8 stay. */
  bytes({ buffer, start, end }: ByteRange): void {
    const { out } = this;
    this.#begin();
    const from = out.position;
    out.bytes(buffer.subarray(start, end));
    this.#protect(from);
  }

  /** Cells that another writer made. */
  cells(cells: Uint8Array): void {
    this.#begin();
    this.out.bytes(cells);
  }

  endRow(): void {
    this.out.byte(0x0d);
    this.out.byte(0x0a);
    this.#isFirst = true;
  }

  /** Takes back what was written from a position on, where a row starts. */
  rewind(position: number): void {
    this.out.position = position;
    this.#isFirst = true;
  }

  #begin(): void {
    if (!this.#isFirst) this.out.byte(comma);
    this.#isFirst = false;
  }

  /** Quotes and neutralizes the cell that starts at `start`, where that is needed. */
  #protect(start: number): void {
    const { out } = this;
    const end = out.position;
    if (start === end) return;
    const b = out.buffer;
    const isWide = end - start >= 3 && b[start] === 0xef;
    const isFormula = formulaStart[b[start]] === 1 || (isWide && wide.has(b[start + 1] * 256 + b[start + 2]));
    let needsQuotes = false;
    let quotes = 0;
    for (let i = start; i < end; i++) {
      if (quoted[b[i]] === 0) continue;
      needsQuotes = true;
      if (b[i] === quote) quotes++;
    }
    if (!isFormula && !needsQuotes) return;
    const added = (isFormula ? 1 : 0) + (needsQuotes ? quotes + 2 : 0);
    out.room(added);
    const to = out.buffer;
    out.position = end + added;
    // From behind, so that nothing is overwritten before it is moved.
    let at = out.position;
    if (needsQuotes) to[--at] = quote;
    for (let i = end - 1; i >= start; i--) {
      to[--at] = to[i];
      if (to[at] === quote) to[--at] = quote;
    }
    if (isFormula) to[--at] = apostrophe;
    if (needsQuotes) to[--at] = quote;
  }
}
