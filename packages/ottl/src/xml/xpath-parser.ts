/** A parsed XPath expression. */
export type XPath =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'root' }
  | { readonly kind: 'context' }
  | { readonly kind: 'step'; readonly input: XPath; readonly axis: string; readonly test: NodeTest; readonly predicates: readonly XPath[] }
  | { readonly kind: 'filter'; readonly input: XPath; readonly predicates: readonly XPath[] }
  | { readonly kind: 'operator'; readonly operator: string; readonly left: XPath; readonly right: XPath }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly XPath[] };

/** Which nodes of an axis a step takes. */
export interface NodeTest {
  /** `principal`: attributes on their axis, elsewhere elements. */
  readonly type: 'principal' | 'text' | 'comment' | 'node';
  /** Undefined for any. */
  readonly name: { readonly prefix: string; readonly local: string } | undefined;
}

const axes = new Set([
  'ancestor',
  'ancestor-or-self',
  'attribute',
  'child',
  'descendant',
  'descendant-or-self',
  'following',
  'following-sibling',
  'parent',
  'preceding',
  'preceding-sibling',
  'self',
]);

const anyNode: NodeTest = { type: 'node', name: undefined };
const nameForm = String.raw`[\p{L}_][\p{L}\p{M}\p{N}_.·-]*`;
const token = new RegExp(
  String.raw`\s*(?:(?<number>\d+(?:\.\d*)?|\.\d+)|(?<string>"[^"]*"|'[^']*')|(?<axis>${nameForm})\s*::|(?<name>${nameForm}(?::(?:${nameForm}|\*))?)|(?<symbol>\/\/|\.\.|!=|<=|>=|[,/@.()[\]*+\-=<>|$]))`,
  'uy',
);

/** Operators from the loosest to the tightest. */
const levels: readonly (readonly string[])[] = [['or'], ['and'], ['=', '!='], ['<', '>', '<=', '>='], ['+', '-'], ['*', 'div', 'mod']];
const maxDepth = 200;

/** Parses an XPath expression. Throws an Error that says what is wrong. */
export function parseXPath(expression: string): XPath {
  if (expression === '') throw new Error('expr expression is nil');
  return new Parser(expression).expression();
}

interface Token {
  readonly kind: 'number' | 'string' | 'axis' | 'name' | 'symbol' | 'end';
  readonly text: string;
}

class Parser {
  readonly #text: string;
  #at = 0;
  #token!: Token;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#next();
  }

  expression(): XPath {
    if (++this.#depth > maxDepth) throw new Error('the xpath query is too complex(depth > 200)');
    const parsed = this.#binary(0);
    this.#depth--;
    return parsed;
  }

  #next(): void {
    token.lastIndex = this.#at;
    const groups = token.exec(this.#text)?.groups;
    if (groups === undefined) {
      if (/\S/.test(this.#text.slice(this.#at))) throw new Error(`${this.#text} has an invalid token.`);
      this.#token = { kind: 'end', text: '' };
      return;
    }
    this.#at = token.lastIndex;
    const [kind, text] = Object.entries(groups).find(([, text]) => text !== undefined)! as [Token['kind'], string];
    this.#token = { kind, text };
  }

  #is(symbol: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.text === symbol;
  }

  #skip(symbol: string): void {
    if (!this.#is(symbol)) throw new Error(`${this.#text} has an invalid token`);
    this.#next();
  }

  /** Whether a parenthesis follows the token. */
  #isCall(): boolean {
    return this.#token.kind === 'name' && /^\s*\(/.test(this.#text.slice(this.#at));
  }

  #binary(level: number): XPath {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    while (operators.includes(this.#token.text) && this.#token.kind !== 'string') {
      const operator = this.#token.text;
      this.#next();
      left = { kind: 'operator', operator, left, right: this.#binary(level + 1) };
    }
    return left;
  }

  #unary(): XPath {
    let isNegative = false;
    for (; this.#is('-'); this.#next()) isNegative = !isNegative;
    let parsed = this.#path();
    while (this.#is('|')) {
      this.#next();
      parsed = { kind: 'operator', operator: '|', left: parsed, right: this.#path() };
    }
    return isNegative ? { kind: 'operator', operator: '*', left: parsed, right: { kind: 'number', value: -1 } } : parsed;
  }

  #path(): XPath {
    const isFunction = this.#isCall() && !/^(?:node|text|processing-instruction|comment)$/.test(this.#token.text);
    if (isFunction || this.#token.kind === 'number' || this.#token.kind === 'string' || this.#is('$') || this.#is('(')) {
      const primary = this.#predicated(this.#primary());
      if (this.#is('/')) {
        this.#next();
        return this.#steps(primary);
      }
      return this.#is('//') ? this.#steps(this.#descendants(primary)) : primary;
    }
    if (this.#is('//')) return this.#steps(this.#descendants({ kind: 'root' }));
    if (!this.#is('/')) return this.#steps({ kind: 'context' });
    this.#next();
    const isStep = this.#token.kind === 'name' || this.#token.kind === 'axis' || ['.', '..', '@', '*'].some((symbol) => this.#is(symbol));
    return isStep ? this.#steps({ kind: 'root' }) : { kind: 'root' };
  }

  #descendants(input: XPath): XPath {
    this.#next();
    return { kind: 'step', input, axis: 'descendant-or-self', test: anyNode, predicates: [] };
  }

  #steps(start: XPath): XPath {
    for (let input = start; ;) {
      input = this.#step(input);
      if (this.#is('//')) input = this.#descendants(input);
      else if (this.#is('/')) this.#next();
      else return input;
    }
  }

  #step(input: XPath): XPath {
    if (this.#is('.') || this.#is('..')) {
      const axis = this.#is('.') ? 'self' : 'parent';
      this.#next();
      return { kind: 'step', input, axis, test: anyNode, predicates: this.#predicates() };
    }
    if (this.#is('(')) return this.#sequence(input);
    let axis = 'child';
    if (this.#is('@')) {
      axis = 'attribute';
      this.#next();
    } else if (this.#token.kind === 'axis') {
      axis = this.#token.text;
      if (!axes.has(axis)) throw new Error(`unknown axe type: ${axis}`);
      this.#next();
    }
    const test = this.#test();
    return { kind: 'step', input, axis, test, predicates: this.#predicates() };
  }

  /** Several steps in parentheses, of which each counts. */
  #sequence(input: XPath): XPath {
    this.#skip('(');
    let all = this.#step(input);
    while (this.#is(',')) {
      this.#next();
      all = { kind: 'operator', operator: '|', left: all, right: this.#step(input) };
    }
    this.#skip(')');
    return all;
  }

  #test(): NodeTest {
    if (this.#is('*')) {
      this.#next();
      return { type: 'principal', name: undefined };
    }
    if (this.#token.kind !== 'name') throw new Error('expression must evaluate to a node-set');
    const { text } = this.#token;
    if (!this.#isCall()) {
      this.#next();
      const colon = text.indexOf(':');
      return { type: 'principal', name: { prefix: text.slice(0, Math.max(0, colon)), local: text.slice(colon + 1) } };
    }
    this.#next();
    this.#skip('(');
    if (text === 'processing-instruction') {
      const target = this.#stringHere();
      if (target !== undefined) this.#next();
      this.#skip(')');
      return { type: 'principal', name: target === undefined ? undefined : { prefix: '', local: target } };
    }
    this.#skip(')');
    return { type: text as 'text' | 'comment' | 'node', name: undefined };
  }

  /** The string that the token is, if it is one. */
  #stringHere(): string | undefined {
    return this.#token.kind === 'string' ? this.#token.text.slice(1, -1) : undefined;
  }

  #predicates(): XPath[] {
    const predicates: XPath[] = [];
    while (this.#is('[')) {
      this.#next();
      predicates.push(this.expression());
      this.#skip(']');
    }
    return predicates;
  }

  #predicated(input: XPath): XPath {
    const predicates = this.#predicates();
    return predicates.length === 0 ? input : { kind: 'filter', input, predicates };
  }

  #primary(): XPath {
    const { kind, text } = this.#token;
    if (kind === 'symbol' && text === '$') throw new Error(`undeclared variable in XPath expression: ${this.#text}`);
    this.#next();
    if (kind === 'number') return { kind, value: Number(text) };
    if (kind === 'string') return { kind, value: text.slice(1, -1) };
    if (text === '(') {
      const inner = this.expression();
      this.#skip(')');
      return { kind: 'filter', input: inner, predicates: [] };
    }
    return this.#call(text);
  }

  #call(name: string): XPath {
    this.#skip('(');
    const list: XPath[] = [];
    if (!this.#is(')')) {
      list.push(this.expression());
      while (this.#is(',')) {
        this.#next();
        list.push(this.expression());
      }
    }
    this.#skip(')');
    return { kind: 'call', name, arguments: list };
  }
}
