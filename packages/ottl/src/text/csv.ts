import { OttlError } from '../ottl-error.ts';

/**
 * The fields of a text that is one row: what follows a line break goes on with the last field. `lazyQuotes` allows quotes inside fields. Errors are
 * in the words of Go's encoding/csv.
 */
export function readCsvRow(text: string, delimiter: string, lazyQuotes: boolean): string[] {
  if (/["\r\n\ufffd]/.test(delimiter)) throw new OttlError('read csv line: csv: invalid field or comment delimiter');
  const reader = new CsvReader(text, delimiter, lazyQuotes);
  let row: string[] | undefined;
  for (let record = reader.record(); record !== undefined; record = reader.record()) {
    const { fields, problem } = record;
    // A problem behind the first field only ends the record.
    if (problem !== undefined && fields.length === 0) throw new OttlError(`read csv line: ${problem}`);
    if (row === undefined) row = fields;
    else row.push(`${row.pop()}\n${fields[0] ?? ''}`, ...fields.slice(1));
  }
  if (row === undefined) throw new OttlError('no csv lines found');
  return row;
}

interface CsvRecord {
  readonly fields: string[];
  readonly problem: string | undefined;
}

class CsvReader {
  readonly #lines: string[];
  readonly #delimiter: string;
  readonly #lazyQuotes: boolean;
  #line = 0;

  constructor(text: string, delimiter: string, lazyQuotes: boolean) {
    this.#lines = text.match(/[^\n]*\n|[^\n]+$/g)?.map((line) => line.replace(/\r\n$|\r$/, (end) => (end === '\r' ? '' : '\n'))) ?? [];
    this.#delimiter = delimiter;
    this.#lazyQuotes = lazyQuotes;
  }

  record(): CsvRecord | undefined {
    while (this.#lines[this.#line] === '\n') this.#line++;
    if (this.#line >= this.#lines.length) return undefined;
    const start = this.#line;
    const fields: string[] = [];
    let rest = this.#lines[this.#line++]!;
    let column = 1;
    const failed = (at: number, problem: string): CsvRecord => {
      const first = start + 1 === this.#line ? '' : `record on line ${start + 1}; `;
      return { fields, problem: `${first}parse error on line ${this.#line}, column ${at}: ${problem}` };
    };
    for (;;) {
      if (!rest.startsWith('"')) {
        const end = rest.indexOf(this.#delimiter);
        const field = end === -1 ? rest.replace(/\n$/, '') : rest.slice(0, end);
        const quote = field.indexOf('"');
        if (quote !== -1 && !this.#lazyQuotes)
          return failed(column + Buffer.byteLength(field.slice(0, quote)), 'bare " in non-quoted field');
        fields.push(field);
        if (end === -1) return { fields, problem: undefined };
        column += Buffer.byteLength(field + this.#delimiter);
        rest = rest.slice(end + this.#delimiter.length);
        continue;
      }
      rest = rest.slice(1);
      column++;
      let field = '';
      for (;;) {
        const quote = rest.indexOf('"');
        if (quote === -1) {
          // The field goes on in the next line.
          field += rest;
          column += Buffer.byteLength(rest);
          const next = this.#lines[this.#line];
          if (next !== undefined) {
            this.#line++;
            rest = next;
            column = 1;
            continue;
          }
          if (!this.#lazyQuotes) return failed(column, 'extraneous or missing " in quoted-field');
          fields.push(field);
          return { fields, problem: undefined };
        }
        field += rest.slice(0, quote);
        column += Buffer.byteLength(rest.slice(0, quote)) + 1;
        rest = rest.slice(quote + 1);
        if (rest === '' || rest === '\n') {
          fields.push(field);
          return { fields, problem: undefined };
        }
        if (rest.startsWith(this.#delimiter)) {
          rest = rest.slice(this.#delimiter.length);
          column += Buffer.byteLength(this.#delimiter);
          break;
        }
        if (!rest.startsWith('"') && !this.#lazyQuotes) return failed(column - 1, 'extraneous or missing " in quoted-field');
        field += '"';
        if (rest.startsWith('"')) {
          rest = rest.slice(1);
          column++;
        }
      }
      fields.push(field);
    }
  }
}
