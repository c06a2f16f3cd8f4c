import { RE2JS } from 're2js';
import { isLinear } from './backtracking.ts';
import { byteWindows } from './byte-windows.ts';
import type { ByteSet } from './byte-windows.ts';
import { OwnEngine } from './own-engine.ts';
import { parse } from './parse.ts';
import { compileProgram } from './program.ts';
import { requiredLiteral } from './required-literal.ts';
import { parseTemplate } from './template.ts';
import type { Template } from './template.ts';
import { toV8 } from './to-v8.ts';

/** Where an expression matched. Indexes are in UTF-16 units. */
export interface RegexMatch {
  readonly index: number;
  readonly end: number;
  /** The whole match, then each group; undefined for a group that took no part. */
  readonly groups: readonly (string | undefined)[];
}

/** How an expression is compiled. */
export interface RegexOptions {
  /** The expression must match the whole text, and `.` is any character: as Prometheus reads `regex`. Default false. */
  readonly whole?: boolean;
}

/** What every engine can do: find the next match at or after an index. */
type Find = (text: string, from: number) => RegexMatch | undefined;

/** A regular expression with the syntax and the meaning of RE2, as Go has it, that takes time linear in the text. */
export class Regex {
  readonly pattern: string;
  /** Whether V8 runs it; otherwise the own engine does, or re2js what that does not take. */
  readonly runsOnV8: boolean;
  /** Names of the groups, by number from 1 on; undefined for those without. */
  readonly groupNames: readonly (string | undefined)[];
  /**
   * Sets of bytes in rows: the UTF-8 bytes of every match contain one of the rows, that is, somewhere a byte of each of its sets in turn. For a
   * search over many texts at once that comes before the match. Undefined when nothing is in every match.
   */
  readonly byteWindows: readonly (readonly ByteSet[])[] | undefined;
  readonly #find: Find;
  readonly #findRanges: (text: string) => readonly number[] | undefined;
  readonly #literal: string;
  readonly #test: (text: string) => boolean;

  /** Throws an Error in the words of Go, such as ``error parsing regexp: missing closing ): `(` ``. */
  constructor(pattern: string, { whole = false }: RegexOptions = {}) {
    this.pattern = pattern;
    const source = whole ? `^(?s:${pattern})$` : pattern;
    // Alone first: `a)(b` must not become valid by what is put around it.
    if (whole) RE2JS.compile(pattern);
    const re2 = RE2JS.compile(source);
    const names = re2.namedGroups();
    this.groupNames = Array.from({ length: re2.groupCount() }, (_, i) => Object.keys(names).find((name) => names[name] === i + 1));
    const tree = parse(source);
    this.#literal = tree === undefined ? '' : requiredLiteral(tree);
    this.byteWindows = tree === undefined ? undefined : byteWindows(tree);
    this.runsOnV8 = tree !== undefined && isLinear(tree);
    if (this.runsOnV8) {
      const compiled = toV8(tree!);
      const sticky = new RegExp(compiled, 'gu');
      const plain = new RegExp(compiled, 'u');
      this.#test = (text) => plain.test(text);
      this.#find = (text, from) => findWithV8(sticky, text, from);
      let indexed: RegExp | undefined;
      this.#findRanges = (text) => rangesWithV8((indexed ??= new RegExp(compiled, 'du')), text);
    } else {
      let own: OwnEngine | undefined;
      let isCompiled = tree === undefined;
      // Compiled when first needed: of many expressions few may ever see a text that has their literal.
      const ownFor = (text: string): OwnEngine | undefined => {
        if (!isCompiled) {
          isCompiled = true;
          const program = compileProgram(tree!);
          own = program && new OwnEngine(program);
        }
        return own?.takes(text) === true ? own : undefined;
      };
      this.#test = (text) => ownFor(text)?.test(text) ?? re2.matcher(text).find();
      this.#find = (text, from) => {
        const engine = ownFor(text);
        return engine === undefined ? findWithRe2(re2, text, from) : findWithOwn(engine, text, from);
      };
      this.#findRanges = (text) => {
        const engine = ownFor(text);
        if (engine === undefined) return rangesWithRe2(re2, text);
        const ranges = engine.search(text, 0);
        return ranges && Array.from(ranges);
      };
    }
  }

  /** Whether it matches somewhere in the text. */
  test(text: string): boolean {
    return this.#mayMatch(text) && this.#test(text);
  }

  /** The first match at or after an index. */
  exec(text: string, from = 0): RegexMatch | undefined {
    return this.#mayMatch(text) ? this.#find(text, from) : undefined;
  }

  /** Where the first match and each of its groups begin and end, by turns; -1 for a group that took no part. */
  ranges(text: string): readonly number[] | undefined {
    return this.#mayMatch(text) ? this.#findRanges(text) : undefined;
  }

  /** Every match that does not overlap the one before, as Go's `FindAll` finds them. */
  *matches(text: string): Generator<RegexMatch> {
    if (!this.#mayMatch(text)) return;
    let from = 0;
    let lastEnd = -1;
    while (from <= text.length) {
      const match = this.#find(text, from);
      if (match === undefined) return;
      // An empty match right behind the one before does not count.
      if (match.end > match.index || match.index !== lastEnd) {
        yield match;
        lastEnd = match.end;
      }
      from = match.end > match.index ? match.end : match.end + (text.codePointAt(match.end)! > 0xffff ? 2 : 1);
    }
  }

  /** Replaces every match by a template as Go's `ReplaceAllString` does (`$1`, `${name}`, `$$`). */
  replaceAll(text: string, template: string | Template): string {
    let replaced = '';
    let at = 0;
    const parts = typeof template === 'string' ? parseTemplate(template) : template;
    for (const match of this.matches(text)) {
      replaced += text.slice(at, match.index) + this.expand(match, parts);
      at = match.end;
    }
    return at === 0 ? (replaced === '' ? text : replaced + text) : replaced + text.slice(at);
  }

  /** Fills a template with the groups of a match. A group that is not there, or took no part, is empty. */
  expand({ groups }: RegexMatch, template: string | Template): string {
    let text = '';
    for (const part of typeof template === 'string' ? parseTemplate(template) : template) {
      if (typeof part === 'string') text += part;
      else text += groups[typeof part.group === 'number' ? part.group : this.groupNames.indexOf(part.group) + 1 || Infinity] ?? '';
    }
    return text;
  }

  #mayMatch(text: string): boolean {
    return this.#literal === '' || text.includes(this.#literal);
  }
}

function findWithV8(regex: RegExp, text: string, from: number): RegexMatch | undefined {
  regex.lastIndex = from;
  const match = regex.exec(text);
  return match === null ? undefined : { index: match.index, end: match.index + match[0].length, groups: match };
}

function findWithOwn(engine: OwnEngine, text: string, from: number): RegexMatch | undefined {
  const slots = engine.search(text, from);
  if (slots === undefined) return undefined;
  const groups: (string | undefined)[] = [];
  for (let i = 0; i < slots.length; i += 2) groups.push(slots[i]! < 0 ? undefined : text.slice(slots[i], slots[i + 1]));
  return { index: slots[0]!, end: slots[1]!, groups };
}

function findWithRe2(regex: RE2JS, text: string, from: number): RegexMatch | undefined {
  const matcher = regex.matcher(text);
  if (!matcher.find(from)) return undefined;
  const groups: (string | undefined)[] = [];
  for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? undefined);
  return { index: matcher.start(), end: matcher.end(), groups };
}

function rangesWithV8(regex: RegExp, text: string): readonly number[] | undefined {
  const indices = regex.exec(text)?.indices;
  return indices && Array.from(indices, (range: readonly [number, number] | undefined) => range ?? [-1, -1]).flat();
}

function rangesWithRe2(regex: RE2JS, text: string): readonly number[] | undefined {
  const matcher = regex.matcher(text);
  if (!matcher.find()) return undefined;
  return Array.from({ length: matcher.groupCount() + 1 }, (_, i) => [matcher.start(i), matcher.end(i)]).flat();
}
