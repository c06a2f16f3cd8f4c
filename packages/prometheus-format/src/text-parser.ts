import { noBytes } from './buffer-methods.ts';
import type { Exemplar, FamilyType, Label } from './metric-family.ts';
import { ExpositionError } from './parsed-sample.ts';
import type { ExpositionParser, ExpositionVisitor, ParsedSample } from './parsed-sample.ts';

const newline = 0x0a;
const space = 0x20;
const tab = 0x09;
const quote = 0x22;
const hash = 0x23;
const comma = 0x2c;
const equals = 0x3d;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const types: ReadonlyMap<string, FamilyType> = new Map(
  (['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'unknown'] as const).map((type) => [type, type]),
);
const untyped: FamilyType = 'unknown';

/** Names of families whose samples may have `_created` beside them. */
const withCreated: ReadonlySet<FamilyType> = new Set(['counter', 'histogram', 'gaugehistogram', 'summary']);

/** Characters of names without quotes, by code: letters, digits, `_` and `:`. */
const nameCharacter = Uint8Array.from({ length: 256 }, (_, code) => (/[a-zA-Z0-9_:]/.test(String.fromCharCode(code)) ? 1 : 0));

/**
 * Reads text 0.0.4 and 1.0.0, or OpenMetrics, line by line. A sample costs its series' text and a number; labels and exemplars are read only
 * when they are asked for, though their structure is always checked.
 */
export class TextParser implements ExpositionParser, ParsedSample {
  series = '';
  name = '';
  value = 0;
  timestampMs: number = Number.NaN;
  createdMs: number = Number.NaN;
  isCreated = false;
  readonly histogram = undefined;
  readonly #visitor: ExpositionVisitor;
  readonly #openMetrics: boolean;
  #rest: Buffer = noBytes;
  #line = 0;
  #ended = false;
  #familyName = '';
  #familyType: FamilyType = untyped;
  #buffer: Buffer = noBytes;
  /** End of the current line. */
  #end = 0;
  #at = 0;
  /** Where braces open; -1 for none. */
  #labelsAt = -1;
  #exemplarAt = -1;

  constructor(visitor: ExpositionVisitor, openMetrics: boolean) {
    this.#visitor = visitor;
    this.#openMetrics = openMetrics;
  }

  push(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#rest.length > 0) bytes = Buffer.concat([this.#rest, bytes]);
    this.#buffer = bytes;
    let start = 0;
    for (let end = bytes.indexOf(newline, start); end >= 0; end = bytes.indexOf(newline, start)) {
      this.#readLine(start, end);
      start = end + 1;
    }
    this.#rest = start === bytes.length ? noBytes : Buffer.from(bytes.subarray(start));
    this.#buffer = this.#rest;
  }

  end(): void {
    if (this.#rest.length > 0) {
      if (this.#openMetrics && this.#rest.toString('latin1') !== '# EOF') {
        this.#line++;
        throw this.#error('the line does not end');
      }
      this.#buffer = this.#rest;
      this.#readLine(0, this.#rest.length);
    }
    if (this.#openMetrics && !this.#ended) throw new ExpositionError('data does not end with # EOF', this.#line + 1);
  }

  labels(): Label[] {
    return this.#readLabels(this.#labelsAt);
  }

  exemplar(): Exemplar | undefined {
    if (this.#exemplarAt < 0) return undefined;
    const labels = this.#readLabels(this.#exemplarAt);
    this.#at = this.#exemplarAt;
    this.#skipLabels();
    this.#skipBlanks();
    const value = this.#number('exemplar value');
    this.#skipBlanks();
    if (this.#at === this.#end) return { labels, value };
    return { labels, value, timestampMs: this.#number('exemplar timestamp') * 1000 };
  }

  #readLine(start: number, lineEnd: number): void {
    this.#line++;
    const b = this.#buffer;
    let end = lineEnd;
    if (!this.#openMetrics && end > start && b[end - 1] === 0x0d) end--;
    this.#at = start;
    this.#end = end;
    if (this.#ended) throw this.#error('unexpected data after # EOF');
    if (!this.#openMetrics) this.#skipBlanks();
    if (this.#at === end) {
      if (this.#openMetrics) throw this.#error('an empty line');
    } else if (b[this.#at] === hash) this.#comment();
    else this.#sample();
  }

  #comment(): void {
    this.#at++;
    if (this.#openMetrics && this.#buffer[this.#at] !== space) throw this.#error('expected a space after #');
    this.#skipBlanks();
    const word = this.#word();
    if (this.#openMetrics && word === 'EOF' && this.#at === this.#end) {
      this.#ended = true;
      return;
    }
    if (word !== 'HELP' && word !== 'TYPE' && (word !== 'UNIT' || !this.#openMetrics)) {
      if (this.#openMetrics) throw this.#error(`unexpected ${JSON.stringify(word)} after #`);
      return;
    }
    this.#skipBlanks();
    const name = this.#metadataName();
    if (this.#at < this.#end && !isBlank(this.#buffer[this.#at]!)) throw this.#error('expected a space after the name');
    this.#skipBlanks();
    const text = this.#buffer.utf8Slice(this.#at, this.#end);
    if (word === 'HELP') this.#visitor.help?.(name, unescapeText(text, this.#openMetrics));
    else if (word === 'UNIT') this.#visitor.unit?.(name, text);
    else {
      const type = types.get(this.#openMetrics ? text : text.trim().toLowerCase()) ?? (text.trim() === 'untyped' ? untyped : undefined);
      if (type === undefined || (this.#openMetrics && text === 'untyped')) throw this.#error(`invalid metric type ${JSON.stringify(text)}`);
      this.#familyName = name;
      this.#familyType = type;
      this.#visitor.type?.(name, type);
    }
  }

  #metadataName(): string {
    if (this.#buffer[this.#at] === quote) return this.#quoted();
    const name = this.#word();
    if (name === '') throw this.#error('expected a metric name');
    return name;
  }

  #sample(): void {
    const b = this.#buffer;
    const start = this.#at;
    this.name = '';
    this.#labelsAt = -1;
    if (b[start] !== openBrace) {
      while (nameCharacter[b[this.#at]!] === 1) this.#at++;
      if (this.#at === start || (b[start]! >= 0x30 && b[start]! <= 0x39)) throw this.#error('expected a metric name');
      this.name = b.latin1Slice(start, this.#at);
    }
    let seriesEnd = this.#at;
    if (!this.#openMetrics) this.#skipBlanks();
    if (b[this.#at] === openBrace) {
      this.#labelsAt = this.#at;
      const named = this.#skipLabels();
      if (this.name === '') this.name = named;
      else if (named !== '') throw this.#error('a second metric name in the braces');
      if (this.name === '') throw this.#error('expected a metric name');
      seriesEnd = this.#at;
    }
    this.series = b.utf8Slice(start, seriesEnd);
    if (this.#openMetrics ? b[this.#at] !== space : this.#at === seriesEnd && !isBlank(b[this.#at]!)) {
      throw this.#error('expected a space before the value');
    }
    this.#skipBlanks();
    this.value = this.#number('value');
    this.timestampMs = Number.NaN;
    this.#exemplarAt = -1;
    this.#skipBlanks();
    if (this.#at < this.#end && b[this.#at] !== hash) {
      const time = this.#number('timestamp');
      if (!this.#openMetrics && !Number.isInteger(time)) throw this.#error('expected a timestamp in whole milliseconds');
      if (!Number.isFinite(time)) throw this.#error('expected a timestamp');
      this.timestampMs = this.#openMetrics ? Math.round(time * 1000) : time;
      this.#skipBlanks();
    }
    if (this.#openMetrics && b[this.#at] === hash && this.#at < this.#end) this.#checkExemplar();
    if (this.#at < this.#end) throw this.#error(`unexpected ${JSON.stringify(b.utf8Slice(this.#at, this.#end))} at the end`);
    this.isCreated =
      this.#openMetrics &&
      this.name.endsWith('_created') &&
      this.name.length === this.#familyName.length + 8 &&
      this.name.startsWith(this.#familyName) &&
      withCreated.has(this.#familyType);
    this.createdMs = this.isCreated ? this.value * 1000 : Number.NaN;
    this.#visitor.sample(this);
  }

  #checkExemplar(): void {
    this.#at++;
    if (this.#buffer[this.#at++] !== space || this.#buffer[this.#at] !== openBrace) throw this.#error('expected the labels of an exemplar');
    this.#exemplarAt = this.#at;
    this.#skipLabels();
    this.#skipBlanks();
    this.#number('exemplar value');
    this.#skipBlanks();
    if (this.#at < this.#end) this.#number('exemplar timestamp');
    this.#skipBlanks();
  }

  /** Goes behind the brace that closes the labels; returns the metric name when that stands in the braces, else an empty text. */
  #skipLabels(): string {
    return this.#eachLabel(undefined);
  }

  #readLabels(at: number): Label[] {
    const labels: Label[] = [];
    if (at < 0) return labels;
    this.#at = at;
    this.#eachLabel(labels);
    return labels;
  }

  #eachLabel(labels: Label[] | undefined): string {
    const b = this.#buffer;
    let metricName = '';
    this.#at++;
    for (let isFirst = true; ; isFirst = false) {
      this.#skipBlanks();
      if (b[this.#at] === closeBrace) break;
      if (!isFirst) {
        if (b[this.#at] !== comma) throw this.#error('expected , or } after a label');
        this.#at++;
        this.#skipBlanks();
        if (b[this.#at] === closeBrace) break;
      }
      const isQuoted = b[this.#at] === quote;
      const start = this.#at;
      let name = '';
      if (isQuoted) name = this.#quoted();
      else {
        while (nameCharacter[b[this.#at]!] === 1) this.#at++;
        if (this.#at === start || (b[start]! >= 0x30 && b[start]! <= 0x39)) throw this.#error('expected a label name');
        if (labels !== undefined) name = b.latin1Slice(start, this.#at);
      }
      this.#skipBlanks();
      if (b[this.#at] !== equals || this.#at >= this.#end) {
        if (!isQuoted || metricName !== '') throw this.#error('expected = after a label name');
        metricName = name;
        continue;
      }
      this.#at++;
      this.#skipBlanks();
      if (b[this.#at] !== quote) throw this.#error('expected " before a label value');
      if (labels === undefined) this.#skipQuoted();
      else labels.push([name, this.#quoted()]);
    }
    this.#at++;
    return metricName;
  }

  /** Goes behind the closing quote; whether there were backslashes. */
  #skipQuoted(): boolean {
    const b = this.#buffer;
    let escapes = false;
    for (let p = this.#at + 1; p < this.#end; p++) {
      if (b[p] === backslash) {
        escapes = true;
        p++;
      } else if (b[p] === quote) {
        this.#at = p + 1;
        return escapes;
      }
    }
    throw this.#error('a text in quotes does not end');
  }

  #quoted(): string {
    const start = this.#at + 1;
    const escapes = this.#skipQuoted();
    const text = this.#buffer.utf8Slice(start, this.#at - 1);
    return escapes ? unescapeText(text, true) : text;
  }

  #number(what: string): number {
    const b = this.#buffer;
    const start = this.#at;
    let value = 0;
    // Most numbers are short whole ones.
    while (this.#at < this.#end && this.#at - start < 9 && b[this.#at]! >= 0x30 && b[this.#at]! <= 0x39)
      value = value * 10 + b[this.#at++]! - 0x30;
    if (this.#at > start && (this.#at === this.#end || isBlank(b[this.#at]!))) return value;
    while (this.#at < this.#end && !isBlank(b[this.#at]!)) this.#at++;
    const text = b.latin1Slice(start, this.#at);
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
    switch (text.toLowerCase()) {
      case 'nan':
        return Number.NaN;
      case '+inf':
      case 'inf':
      case '+infinity':
      case 'infinity':
        return Infinity;
      case '-inf':
      case '-infinity':
        return -Infinity;
      default:
        throw this.#error(`expected ${what.startsWith('e') ? 'an' : 'a'} ${what}, got ${JSON.stringify(text)}`);
    }
  }

  #word(): string {
    const start = this.#at;
    while (this.#at < this.#end && !isBlank(this.#buffer[this.#at]!)) this.#at++;
    return this.#buffer.utf8Slice(start, this.#at);
  }

  #skipBlanks(): void {
    while (this.#at < this.#end && isBlank(this.#buffer[this.#at]!)) this.#at++;
  }

  #error(message: string): ExpositionError {
    return new ExpositionError(message, this.#line);
  }
}

function isBlank(byte: number): boolean {
  return byte === space || byte === tab;
}

/** Undoes `\\`, `\n` and, where quotes are escaped, `\"`. Other backslashes stand for themselves. */
function unescapeText(text: string, quotes: boolean): string {
  if (!text.includes('\\')) return text;
  return text.replace(quotes ? /\\([\\n"])/g : /\\([\\n])/g, (_match, character: string) => (character === 'n' ? '\n' : character));
}
