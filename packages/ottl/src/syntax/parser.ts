import { tokenize } from './lexer.ts';
import type { Token } from './lexer.ts';
import { SyntaxProblem, placeOf } from './syntax-error.ts';
import type { Argument, BooleanExpression, Call, Comparator, Expression, MathOperator, Path, Segment, Statement } from './syntax-tree.ts';
import { unquote } from './unquote.ts';

/** Reads `editor(...) where condition`. Throws a `SyntaxProblem`. */
export function parseStatement(text: string): Statement {
  return new Parser(text).statement();
}

/** Reads a condition. Throws a `SyntaxProblem`. */
export function parseCondition(text: string): BooleanExpression {
  const parser = new Parser(text);
  return parser.whole(parser.condition());
}

/** Reads an expression that yields a value. Throws a `SyntaxProblem`. */
export function parseExpression(text: string): Expression {
  const parser = new Parser(text);
  return parser.whole(parser.value());
}

const isWord = ({ kind }: Token): boolean => kind === 'upper' || kind === 'lower' || kind === 'mixed';
const startsLower = ({ text }: Token): boolean => text >= 'a' && text <= '{';

/** A parser by recursive descent; tokens are read ahead of, so that a parenthesis can be tried as arithmetic and then as a condition. */
class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #is(text: string, kind = 'sign'): boolean {
    return this.#next.text === text && this.#next.kind === kind;
  }

  #skip(text: string, kind = 'sign'): boolean {
    if (!this.#is(text, kind)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) this.#unexpected(JSON.stringify(text));
  }

  #unexpected(expected: string): never {
    const { text, offset } = this.#next;
    throw this.#problem(`unexpected token ${JSON.stringify(text)} (expected ${expected})`, offset);
  }

  #problem(message: string, offset: number): SyntaxProblem {
    return new SyntaxProblem(message, placeOf(this.#source, offset));
  }

  whole<T>(node: T): T {
    if (this.#next.kind !== 'end') this.#unexpected('the end');
    return node;
  }

  statement(): Statement {
    const first = this.#next;
    if (!isWord(first)) this.#unexpected('an editor');
    if (!startsLower(first)) throw this.#problem(`editor names must start with a lowercase letter but got '${first.text}'`, first.offset);
    const editor = this.#call();
    if (editor.keys.length > 0)
      throw this.#problem(`only paths and converters may be indexed, not editors, but got ${editor.name}`, first.offset);
    const where = this.#skip('where', 'lower') ? this.condition() : undefined;
    return this.whole({ editor, where });
  }

  condition(): BooleanExpression {
    return this.#joined('or', () => this.#joined('and', () => this.#term()));
  }

  #joined(kind: 'or' | 'and', term: () => BooleanExpression): BooleanExpression {
    const first = term();
    if (!this.#is(kind, 'keyword')) return first;
    const terms = [first];
    while (this.#skip(kind, 'keyword')) terms.push(term());
    return { kind, terms };
  }

  #term(): BooleanExpression {
    if (this.#skip('not', 'keyword')) return { kind: 'not', term: this.#test() };
    return this.#test();
  }

  #test(): BooleanExpression {
    if (!this.#is('(')) return this.#comparison();
    const start = this.#at;
    try {
      return this.#comparison();
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      const failedAt = this.#at;
      this.#at = start + 1;
      try {
        const inner = this.condition();
        this.#expect(')');
        return inner;
      } catch (second) {
        // The reading that came further says what is wrong.
        throw failedAt > this.#at ? error : second;
      }
    }
  }

  #comparison(): BooleanExpression {
    const left = this.value();
    const { kind, text } = this.#next;
    if (kind === 'comparison') {
      this.#at++;
      return { kind: 'comparison', operator: text as Comparator, left, right: this.value() };
    }
    if (left.kind === 'literal' && typeof left.value === 'boolean') return { kind: 'constant', value: left.value };
    if (left.kind === 'call') return left;
    return this.#unexpected('a comparison');
  }

  value(): Expression {
    const { kind, text, offset } = this.#next;
    if (kind === 'string') return { kind: 'literal', value: this.#string(), offset };
    if (kind === 'bytes') {
      this.#at++;
      if (text.length % 2 !== 0) throw this.#problem('encoding/hex: odd length hex string', offset);
      return { kind: 'literal', value: Uint8Array.from(Buffer.from(text.slice(2), 'hex')), offset };
    }
    if (kind === 'keyword' && (text === 'nil' || text === 'true' || text === 'false')) {
      this.#at++;
      return { kind: 'literal', value: text === 'nil' ? undefined : text === 'true', offset };
    }
    if (this.#is('[')) return this.#list();
    if (this.#is('{')) return this.#map();
    const after = this.#tokens[this.#at + 1];
    if ((kind === 'upper' || (kind === 'mixed' && !startsLower(this.#next))) && after?.text !== '(') {
      this.#at++;
      return { kind: 'name', name: text, isEnum: kind === 'upper', offset };
    }
    if (this.#isLambda()) {
      throw this.#problem('lambda expression arguments require the `ottl.functions.enableLambda` feature gate to be enabled', offset);
    }
    return this.#sum();
  }

  /** `(a, b) =>` */
  #isLambda(): boolean {
    if (!this.#is('(')) return false;
    let at = this.#at + 1;
    while (isWord(this.#tokens[at]!) || this.#tokens[at]!.text === ',') at++;
    return this.#tokens[at]!.text === ')' && this.#tokens[at + 1]!.text === '=>';
  }

  #string(): string {
    const { text, offset } = this.#next;
    this.#at++;
    const value = unquote(text);
    if (value === undefined) throw this.#problem(`invalid quoted string ${JSON.stringify(text)}: invalid syntax`, offset);
    return value;
  }

  #list(): Expression {
    const { offset } = this.#next;
    const values: Expression[] = [];
    this.#expect('[');
    while (!this.#skip(']')) {
      if (values.length > 0) this.#expect(',');
      values.push(this.value());
    }
    return { kind: 'list', values, offset };
  }

  #map(): Expression {
    const { offset } = this.#next;
    const entries: [string, Expression][] = [];
    this.#expect('{');
    while (!this.#skip('}')) {
      if (this.#next.kind !== 'string') this.#unexpected('a string or "}"');
      const key = this.#string();
      this.#expect(':');
      entries.push([key, this.value()]);
      this.#skip(',');
    }
    return { kind: 'map', entries, offset };
  }

  #sum(): Expression {
    return this.#operations(['+', '-'], () => this.#operations(['*', '/'], () => this.#operand()));
  }

  #operations(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    while (operators.includes(this.#next.text) && this.#next.kind === 'sign') {
      const { text, offset } = this.#next;
      this.#at++;
      left = { kind: 'math', operator: text as MathOperator, left, right: operand(), offset };
    }
    return left;
  }

  #operand(): Expression {
    const { offset } = this.#next;
    const isNegative = this.#skip('-');
    if (!isNegative) this.#skip('+');
    if (this.#skip('(')) {
      const inner = this.#sum();
      this.#expect(')');
      return isNegative ? { kind: 'negative', value: inner, offset } : inner;
    }
    const operand = this.#number(isNegative) ?? this.#pathOrCall();
    if (!isNegative || operand.kind === 'literal') return operand;
    return { kind: 'negative', value: operand, offset };
  }

  #number(isNegative: boolean): Expression | undefined {
    const { kind, text, offset } = this.#next;
    if (kind === 'float') {
      this.#at++;
      return { kind: 'literal', value: isNegative ? -Number(text) : Number(text), offset };
    }
    if (kind !== 'int') return undefined;
    this.#at++;
    const value = BigInt(text);
    if (value > 0x7fff_ffff_ffff_ffffn)
      throw this.#problem(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`, offset);
    return { kind: 'literal', value: isNegative ? -value : value, offset };
  }

  #pathOrCall(): Expression {
    const token = this.#next;
    if (!isWord(token)) this.#unexpected('a value');
    if (this.#tokens[this.#at + 1]!.text !== '(') {
      if (token.kind !== 'lower') this.#unexpected('a value');
      return this.#path();
    }
    if (startsLower(token))
      throw this.#problem(`converter names must start with an uppercase letter but got '${token.text}'`, token.offset);
    return this.#call();
  }

  #call(): Call {
    const { text: name, offset } = this.#next;
    this.#at++;
    this.#expect('(');
    const args: Argument[] = [];
    while (!this.#skip(')')) {
      if (args.length > 0) this.#expect(',');
      args.push(this.#argument());
    }
    return { kind: 'call', name, arguments: args, keys: this.#keys(), offset };
  }

  #argument(): Argument {
    const token = this.#next;
    if (isWord(token) && startsLower(token) && this.#tokens[this.#at + 1]!.text === '=') {
      this.#at += 2;
      return { name: token.text, value: this.value() };
    }
    return { name: undefined, value: this.value() };
  }

  #path(): Path {
    const { offset } = this.#next;
    const segments: Segment[] = [];
    do {
      if (this.#next.kind !== 'lower') this.#unexpected('a path segment');
      const { text: name } = this.#next;
      this.#at++;
      segments.push({ name, keys: this.#keys() });
    } while (this.#skip('.'));
    const last = this.#tokens[this.#at - 1]!;
    return { kind: 'path', segments, offset, text: this.#source.slice(offset, last.offset + last.text.length) };
  }

  #keys(): Expression[] {
    const keys: Expression[] = [];
    while (this.#skip('[')) {
      const { offset } = this.#next;
      keys.push(this.#next.kind === 'string' ? { kind: 'literal', value: this.#string(), offset } : this.#sum());
      this.#expect(']');
    }
    return keys;
  }
}
