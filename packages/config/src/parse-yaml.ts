import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { ParsedNode, Scalar, YAMLError } from 'yaml';
import { isNull, maxDepth, positionOf } from './config-node.ts';
import type { ConfigNode, MapEntry, Place, Source } from './config-node.ts';
import { isFloat, plainScalar } from './plain-scalar.ts';

/** A complaint about a text, at an offset in it. */
export interface YamlProblem {
  readonly offset: number;
  readonly message: string;
  readonly expected?: string;
}

/** What became of a text: a tree, or what is wrong with it. `moreDocuments`: the text goes on after the first document, which alone counts. */
export interface ParsedYaml {
  readonly node: ConfigNode;
  readonly problems: readonly YamlProblem[];
  readonly moreDocuments: boolean;
}

/** Values in one text, those that aliases repeat included: a bound against texts that grow without end. */
const maxNodes = 500_000;
const tooDeep = `yaml: nested deeper than ${maxDepth} levels`;

/**
 * Reads the first YAML document of a text. `placed` says where a value at an offset stands for the user (in the text itself, or at the reference
 * that brought it). Anchors, aliases and merge keys work; a key that stands twice is a problem.
 */
export function parseYaml(text: string, source: Source, placed: (offset: number) => Place): ParsedYaml {
  const nothing: ConfigNode = { kind: 'scalar', value: null, place: placed(0) };
  try {
    const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
    const moreDocuments = document.errors.some((error) => error.code === 'MULTIPLE_DOCS');
    const problems = syntaxProblems(document.errors, text);
    if (problems.length > 0) return { node: nothing, problems, moreDocuments };
    const converter = new Converter(source, placed);
    const node = converter.convert(document.contents as ParsedNode | null, 0, 0);
    return { node, problems: converter.problems, moreDocuments };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return { node: nothing, problems: [{ offset: 0, message: error.message }], moreDocuments: false };
  }
}

/** The first complaint of each line: what follows it on the line is an echo. The text itself is not quoted: it may be a secret. */
function syntaxProblems(errors: readonly YAMLError[], text: string): readonly YamlProblem[] {
  const byLine = new Map<number, YamlProblem>();
  for (const { code, message, pos } of errors) {
    if (code === 'MULTIPLE_DOCS') continue;
    const offset = Math.min(pos[0], text.length);
    const line = text.slice(0, offset).split('\n').length;
    if (byLine.has(line)) continue;
    const reference = text.slice(offset - 1, offset + 1) === '${';
    const inFlow = reference ? { expected: 'quotes around a reference that stands inside { } or [ ]' } : {};
    const complaint = message.startsWith('Maximum call stack') ? tooDeep : `yaml: ${message.replace(/: ".*$/s, '')}`;
    byLine.set(line, { offset, message: complaint, ...inFlow });
  }
  return [...byLine.values()];
}

class TooMuch extends Error {}

class Converter {
  readonly problems: YamlProblem[] = [];
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #open = new Set<ParsedNode>();
  #nodes = 0;
  readonly #source: Source;
  readonly #placed: (offset: number) => Place;

  constructor(source: Source, placed: (offset: number) => Place) {
    this.#source = source;
    this.#placed = placed;
  }

  convert(node: ParsedNode | null | undefined, offset: number, depth: number): ConfigNode {
    this.#nodes += 1;
    if (this.#nodes > maxNodes) throw new TooMuch('yaml: document contains excessive aliasing');
    if (depth > maxDepth) throw new TooMuch(tooDeep);
    if (node === null || node === undefined) return { kind: 'scalar', value: null, place: this.#placed(offset) };
    if (isAlias(node)) return this.#alias(node.source, node.range[0], depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) {
      const value = this.#scalar(node);
      const place = this.#placed(node.range[0]);
      return { kind: 'scalar', value, place, ...(typeof value === 'number' && isFloat(String(node.value)) && { isFloat: true }) };
    }
    this.#open.add(node);
    const place = this.#placed(node.range[0]);
    const converted: ConfigNode = isSeq(node)
      ? { kind: 'list', items: node.items.map((item) => this.convert(item as ParsedNode, node.range[0], depth + 1)), place }
      : { kind: 'map', entries: isMap(node) ? this.#entries(node.items, depth) : new Map(), place };
    this.#open.delete(node);
    return converted;
  }

  #alias(name: string, offset: number, depth: number): ConfigNode {
    const target = this.#anchors.get(name);
    if (target !== undefined && !this.#open.has(target)) return this.convert(target, offset, depth);
    const message = target === undefined ? `unknown anchor '${name}' referenced` : `anchor '${name}' value contains itself`;
    this.problems.push({ offset, message: `yaml: ${message}` });
    return { kind: 'scalar', value: null, place: this.#placed(offset) };
  }

  #scalar(node: Scalar.Parsed): string | number | bigint | boolean | null {
    const text = String(node.value);
    const plain = node.type === 'PLAIN' && (node.tag === undefined || node.tag === '!');
    const tagged = /^tag:yaml\.org,2002:(int|float|bool|null)$/.test(node.tag ?? '');
    return plain || tagged ? plainScalar(text) : text;
  }

  #entries(items: readonly unknown[], depth: number): Map<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    const merged: ConfigNode[] = [];
    for (const item of items) {
      if (!isPair<ParsedNode, ParsedNode | null>(item)) continue;
      const offset = item.key?.range?.[0] ?? 0;
      const key = this.convert(item.key, offset, depth + 1);
      const node = this.convert(item.value, item.key?.range?.[1] ?? offset, depth + 1);
      if (isScalar(item.key) && item.key.type === 'PLAIN' && item.key.value === '<<') merged.push(node);
      else this.#add(entries, isScalar(item.key) ? String(item.key.value) : keyText(key), offset, node);
    }
    for (const node of merged) this.#merge(entries, node);
    return entries;
  }

  #add(entries: Map<string, MapEntry>, key: string | undefined, offset: number, node: ConfigNode): void {
    const earlier = key === undefined ? undefined : entries.get(key);
    if (key === undefined) this.problems.push({ offset, message: 'yaml: a map key must be a scalar' });
    else if (earlier === undefined) entries.set(key, { place: this.#placed(offset), node });
    else this.problems.push({ offset, message: `yaml: mapping key "${key}" already defined${this.#atLine(earlier.place)}` });
  }

  #atLine(place: Place): string {
    const position = place.source === this.#source ? positionOf(place) : undefined;
    return position?.line === undefined ? '' : ` at line ${position.line}`;
  }

  /** `<<: *defaults` or `<<: [*a, *b]`: keys that stand in the map itself win, then those of the earlier map. */
  #merge(entries: Map<string, MapEntry>, node: ConfigNode): void {
    if (node.kind === 'map') for (const [key, entry] of node.entries) if (!entries.has(key)) entries.set(key, entry);
    if (node.kind === 'list') for (const item of node.items) this.#merge(entries, item);
    if (node.kind === 'scalar' && !isNull(node)) {
      this.problems.push({ offset: node.place.offset, message: 'yaml: map merge requires map or sequence of maps as the value' });
    }
  }
}

/** An alias as a key stands for the scalar it names. */
function keyText(key: ConfigNode): string | undefined {
  return key.kind === 'scalar' ? String(key.value) : undefined;
}
