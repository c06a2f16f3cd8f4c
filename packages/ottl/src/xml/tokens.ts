import { OttlError } from '../ottl-error.ts';

/** A name; `space` is the URI of its namespace, or its prefix where that is not declared. */
export interface XmlName {
  readonly space: string;
  readonly local: string;
}

/** An attribute of an element. */
export interface XmlTokenAttribute {
  readonly name: XmlName;
  readonly value: string;
}

/** What XML text consists of. An empty element (`<a/>`) is a start and an end. */
export type XmlToken =
  | { readonly kind: 'start'; readonly name: XmlName; readonly prefix: string; readonly attributes: readonly XmlTokenAttribute[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'text' | 'cdata' | 'comment' | 'directive'; readonly text: string }
  | { readonly kind: 'instruction'; readonly target: string; readonly text: string };

/** Deeper elements are refused, before they exhaust the stack. */
export const maxXmlDepth = 2000;

const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
const entities: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };
const namePattern = /[\p{L}\p{Nl}_:][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Lm}_:.·-]*/uy;
// oxlint-disable-next-line no-control-regex
const forbidden = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Reads XML strictly, with errors in the words of Go's encoding/xml. */
export class XmlReader {
  readonly #text: string;
  #at = 0;
  readonly #open: { readonly name: XmlName; readonly namespaces: ReadonlyMap<string, string> }[] = [];
  #namespaces: ReadonlyMap<string, string> = new Map();
  #needsEnd = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether everything was read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#text.length && !this.#needsEnd;
  }

  /** The next token; undefined at the end. Throws an `OttlError`. */
  next(): XmlToken | undefined {
    if (this.#needsEnd) {
      this.#needsEnd = false;
      this.#namespaces = this.#open.pop()!.namespaces;
      return { kind: 'end' };
    }
    if (this.#at >= this.#text.length) {
      if (this.#open.length > 0) throw this.#error('unexpected EOF');
      return undefined;
    }
    if (this.#text[this.#at] !== '<') return { kind: 'text', text: this.#characters() };
    this.#at++;
    switch (this.#text[this.#at]) {
      case undefined:
        throw this.#error('unexpected EOF');
      case '/':
        return this.#end();
      case '?':
        return this.#instruction();
      case '!':
        return this.#markup();
      default:
        return this.#start();
    }
  }

  #error(problem: string): OttlError {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    return new OttlError(`XML syntax error on line ${line}: ${problem}`);
  }

  /** The character here, which must be there. */
  #must(): string {
    const character = this.#text[this.#at];
    if (character === undefined) throw this.#error('unexpected EOF');
    return character;
  }

  #space(): void {
    while (' \r\n\t'.includes(this.#text[this.#at] ?? '-')) this.#at++;
  }

  #name(problem: string): string {
    this.#must();
    namePattern.lastIndex = this.#at;
    const name = namePattern.exec(this.#text)?.[0];
    if (name === undefined || name.split(':').length > 2) throw this.#error(problem);
    this.#at += name.length;
    return name;
  }

  /** The text up to a mark, and past it. */
  #until(mark: string, problem = 'unexpected EOF'): string {
    const end = this.#text.indexOf(mark, this.#at);
    if (end === -1) {
      this.#at = this.#text.length;
      throw this.#error(problem);
    }
    const text = this.#text.slice(this.#at, end);
    this.#at = end + mark.length;
    return text;
  }

  #end(): XmlToken {
    this.#at++;
    const name = qualified(this.#name('expected element name after </'));
    this.#space();
    if (this.#must() !== '>') throw this.#error(`invalid characters between </${name.local} and >`);
    this.#at++;
    const open = this.#open.pop();
    if (open === undefined) throw this.#error(`unexpected end element </${name.local}>`);
    if (open.name.local !== name.local) throw this.#error(`element <${open.name.local}> closed by </${name.local}>`);
    if (open.name.space !== name.space) {
      const space = name.space || '""';
      throw this.#error(`element <${open.name.local}> in space ${open.name.space} closed by </${name.local}> in space ${space}`);
    }
    this.#namespaces = open.namespaces;
    return { kind: 'end' };
  }

  #instruction(): XmlToken {
    this.#at++;
    const target = this.#name('expected target name after <?');
    this.#space();
    const text = this.#until('?>');
    const version = target === 'xml' ? /version=(?:"([^"]*)"|'([^']*)')/.exec(text) : null;
    const number = version?.[1] ?? version?.[2] ?? '1.0';
    if (number !== '1.0') throw new OttlError(`xml: unsupported version ${JSON.stringify(number)}; only version 1.0 is supported`);
    return { kind: 'instruction', target, text };
  }

  #markup(): XmlToken {
    this.#at++;
    if (this.#must() === '-') {
      this.#at++;
      if (this.#must() !== '-') throw this.#error('invalid sequence <!- not part of <!--');
      this.#at++;
      const text = this.#until('--');
      if (this.#must() !== '>') throw this.#error('invalid sequence "--" not allowed in comments');
      this.#at++;
      return { kind: 'comment', text };
    }
    if (this.#must() === '[') {
      if (!this.#text.startsWith('[CDATA[', this.#at)) throw this.#error('invalid <![ sequence');
      this.#at += '[CDATA['.length;
      return { kind: 'cdata', text: this.#allowed(withLineFeeds(this.#until(']]>', 'unexpected EOF in CDATA section'))) };
    }
    return { kind: 'directive', text: this.#directive() };
  }

  /** `<!DOCTYPE ...>`: angle brackets nest, those in quotes do not count, a comment becomes a space. */
  #directive(): string {
    let text = '';
    let quote = '';
    for (let depth = 0; ; this.#at++) {
      const character = this.#must();
      if (quote === '' && character === '>' && depth === 0) break;
      if (quote === '' && this.#text.startsWith('<!--', this.#at)) {
        this.#at += 4;
        this.#until('-->');
        this.#at--;
        text += ' ';
        continue;
      }
      text += character;
      if (character === quote) quote = '';
      else if (quote !== '') continue;
      else if (character === '"' || character === "'") quote = character;
      else if (character === '>') depth--;
      else if (character === '<') depth++;
    }
    this.#at++;
    return text;
  }

  #start(): XmlToken {
    const name = qualified(this.#name('expected element name after <'));
    const attributes: XmlTokenAttribute[] = [];
    for (;;) {
      this.#space();
      const character = this.#must();
      if (character === '>') break;
      if (character === '/') {
        this.#at++;
        if (this.#must() !== '>') throw this.#error('expected /> in element');
        this.#needsEnd = true;
        break;
      }
      attributes.push(this.#attribute());
    }
    this.#at++;
    if (this.#open.length >= maxXmlDepth) throw new OttlError(`exceeded maximum XML nesting depth of ${maxXmlDepth}`);
    this.#open.push({ name, namespaces: this.#namespaces });
    this.#declare(attributes);
    return {
      kind: 'start',
      name: this.#translated(name, true),
      prefix: name.space,
      attributes: attributes.map((attribute) => ({ name: this.#translated(attribute.name, false), value: attribute.value })),
    };
  }

  #attribute(): XmlTokenAttribute {
    const name = qualified(this.#name('expected attribute name in element'));
    this.#space();
    if (this.#must() !== '=') throw this.#error('attribute name without = in element');
    this.#at++;
    this.#space();
    const quote = this.#must();
    if (quote !== '"' && quote !== "'") throw this.#error('unquoted or missing attribute value in element');
    this.#at++;
    return { name, value: this.#characters(quote) };
  }

  #declare(attributes: readonly XmlTokenAttribute[]): void {
    for (const { name, value } of attributes) {
      const isDefault = name.space === '' && name.local === 'xmlns';
      if (name.space === 'xmlns' || isDefault) this.#namespaces = new Map(this.#namespaces).set(isDefault ? '' : name.local, value);
    }
  }

  #translated(name: XmlName, isElement: boolean): XmlName {
    if (name.space === 'xmlns' || (name.space === '' && (!isElement || name.local === 'xmlns'))) return name;
    const space = name.space === 'xml' ? xmlNamespace : name.space;
    return { space: this.#namespaces.get(space) ?? space, local: name.local };
  }

  /** Text up to the next `<`, or up to a quote and past it. */
  #characters(quote = ''): string {
    let text = '';
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) break;
      if (character === '<') {
        if (quote !== '') throw this.#error('unescaped < inside quoted string');
        break;
      }
      if (character === quote) break;
      if (character === '&') {
        text += this.#reference();
        continue;
      }
      const start = this.#at;
      while (this.#at < this.#text.length && !'<&'.includes(this.#text[this.#at]!) && this.#text[this.#at] !== quote) this.#at++;
      const plain = this.#text.slice(start, this.#at);
      const end = quote === '' ? plain.indexOf(']]>') : -1;
      if (end !== -1) {
        this.#at = start + end + 3;
        throw this.#error('unescaped ]]> not in CDATA section');
      }
      text += withLineFeeds(plain);
    }
    if (quote !== '' && this.#text[this.#at] === quote) this.#at++;
    return this.#allowed(text);
  }

  #allowed(text: string): string {
    const character = forbidden.exec(text)?.[0];
    if (character === undefined) return text;
    throw this.#error(`illegal character code U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`);
  }

  #reference(): string {
    const [all, name, decimal, hex] = /^&(?:([^\s&;<#"'/>=]+)|#(\d+)|#x([\da-fA-F]+))?;?/.exec(this.#text.slice(this.#at, this.#at + 64))!;
    this.#at += all.length;
    if (this.#at >= this.#text.length && !all.endsWith(';')) throw this.#error('unexpected EOF');
    if (all.endsWith(';')) {
      if (name !== undefined && Object.hasOwn(entities, name)) return entities[name]!;
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      if (code <= 0x10ffff) return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code);
    }
    throw this.#error(`invalid character entity ${all}${all.endsWith(';') ? '' : ' (no semicolon)'}`);
  }
}

function qualified(name: string): XmlName {
  const colon = name.indexOf(':');
  if (colon <= 0 || colon === name.length - 1) return { space: '', local: name };
  return { space: name.slice(0, colon), local: name.slice(colon + 1) };
}

function withLineFeeds(text: string): string {
  return text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
}
