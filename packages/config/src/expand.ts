import { maxDepth, positionOf } from './config-node.ts';
import type { ConfigNode, MapEntry, Place, Source } from './config-node.ts';
import { parseYaml } from './parse-yaml.ts';
import type { Notice, Problem, Warning } from './problem.ts';
import { bareVariables, findReference, unescapeDollars } from './reference.ts';
import type { Reference } from './reference.ts';
import { RetrieveError } from './retriever.ts';
import type { Retrieved, Retriever } from './retriever.ts';

/** References inside references inside references, and references that stand beside each other in one text. */
const maxChain = 1000;
const maxReferences = 100_000;
const maxTextLength = 16 * 1024 * 1024;
const tooMany = 'too many recursive expansions';

/** Where an expansion is: the keys that lead there, the place to name, and how many references have led here. */
interface Spot {
  readonly path: readonly (string | number)[];
  readonly place: Place;
  readonly chain: number;
}

/** Replaces references by what they name. Problems and warnings are collected; a value with a problem becomes null. */
export class Expander {
  readonly problems: Problem[] = [];
  readonly warnings: Warning[] = [];
  readonly #retriever: Retriever;
  readonly #isSet: (name: string) => boolean;
  #references = 0;
  /** Expansion has no end; one problem says so. */
  #exhausted = false;

  /** `isSet` tells whether a variable exists, for the advice about a bare `$NAME`. */
  constructor(retriever: Retriever, isSet: (name: string) => boolean) {
    this.#retriever = retriever;
    this.#isSet = isSet;
  }

  /** A merged configuration without references, `$$` unescaped. */
  async expand(root: ConfigNode): Promise<ConfigNode> {
    return unescaped(await this.#node(root, [], 0));
  }

  async #node(node: ConfigNode, path: Spot['path'], chain: number): Promise<ConfigNode> {
    if (path.length > maxDepth) return this.#exhaust({ path, place: node.place, chain }, `nested deeper than ${maxDepth} levels`);
    if (node.kind === 'scalar') {
      if (typeof node.value !== 'string') return node;
      this.#warnOfBareVariables(node.value, { path, place: node.place, chain });
      return isWithoutReference(node.value) ? node : this.#text(node.value, { path, place: node.place, chain });
    }
    if (node.kind === 'list') {
      const items: ConfigNode[] = [];
      for (const [index, item] of node.items.entries()) items.push(await this.#node(item, [...path, index], chain));
      return { ...node, items };
    }
    const entries = new Map<string, MapEntry>();
    for (const [key, entry] of node.entries) entries.set(key, { ...entry, node: await this.#node(entry.node, [...path, key], chain) });
    return { ...node, entries };
  }

  async #text(original: string, spot: Spot): Promise<ConfigNode> {
    let text = original;
    for (let chain = spot.chain; ; chain++) {
      const reference = findReference(text);
      if (this.#exhausted) return this.#fail(spot);
      if (reference === undefined) return { kind: 'scalar', value: text, place: spot.place };
      if (typeof reference === 'string') return this.#fail(spot, reference);
      this.#references += 1;
      if (chain >= maxChain || this.#references > maxReferences) return this.#exhaust(spot, tooMany);
      const retrieved = await this.#retrieve(reference, spot);
      if (retrieved === undefined) return this.#fail(spot);
      if (reference.start === 0 && reference.end === text.length) {
        const node = this.#value(retrieved, spot.place);
        if (node.kind !== 'scalar' || typeof node.value !== 'string')
          return this.#withOriginal(node, retrieved.text, { ...spot, chain: chain + 1 });
        text = retrieved.text;
      } else {
        text = text.slice(0, reference.start) + retrieved.text + text.slice(reference.end);
        if (text.length > maxTextLength) return this.#exhaust(spot, tooMany);
      }
    }
  }

  /** What a text means as a whole value: YAML, or itself when it is no YAML. Values of a file or URL stand there, all others at the reference. */
  #value(retrieved: Retrieved, place: Place): ConfigNode {
    const source: Source = retrieved.document === undefined ? place.source : { name: retrieved.document, text: retrieved.text };
    const placed = (offset: number): Place => (retrieved.document === undefined ? place : { source, offset });
    const { node, problems } = parseYaml(retrieved.text, source, placed);
    return problems.length === 0 ? node : { kind: 'scalar', value: retrieved.text, place };
  }

  /** A value that is no string keeps the text it came as, for a setting that wants a string; unless that text cannot be expanded. */
  async #withOriginal(node: ConfigNode, text: string, spot: Spot): Promise<ConfigNode> {
    const expanded = await this.#node(node, spot.path, spot.chain);
    if (isWithoutReference(text)) return { ...expanded, original: text };
    const [problems, warnings, exhausted] = [this.problems.length, this.warnings.length, this.#exhausted];
    const original = await this.#text(text, spot);
    const failed = this.problems.length > problems;
    this.problems.length = problems;
    this.warnings.length = warnings;
    this.#exhausted = exhausted;
    return failed || original.kind !== 'scalar' || typeof original.value !== 'string'
      ? expanded
      : { ...expanded, original: original.value };
  }

  async #retrieve(reference: Reference, spot: Spot): Promise<Retrieved | undefined> {
    if (reference.defaultWithoutScheme) {
      const wanted = `\${env:${reference.opaque}}`;
      this.#warn(spot, 'warn', `\${${reference.opaque}} works here, but the Collector needs the scheme`, wanted);
    }
    try {
      const retrieved = await this.#retriever.retrieve(reference.scheme, reference.opaque);
      if (retrieved.warning !== undefined) this.#warn(spot, retrieved.warning.level, retrieved.warning.message);
      return retrieved;
    } catch (error) {
      if (!(error instanceof RetrieveError)) throw error;
      this.#fail(spot, error.message);
      return undefined;
    }
  }

  /** Only what the user wrote in a file can be meant as a variable; the value of a variable may be a secret and is not looked into. */
  #warnOfBareVariables(text: string, spot: Spot): void {
    if (spot.chain > 0 || !text.includes('$')) return;
    for (const name of bareVariables(text)) {
      if (!this.#isSet(name) && !/^[A-Z_][A-Z0-9_]*$/.test(name)) continue;
      this.#warn(spot, 'warn', `$${name} is not expanded: a reference to an environment variable needs braces`, `\${env:${name}}`);
    }
  }

  #warn(spot: Spot, level: Warning['level'], message: string, suggestion?: string): void {
    this.warnings.push({ ...noticeAt(spot), message, level, ...(suggestion === undefined ? {} : { suggestion }) });
  }

  #exhaust(spot: Spot, message: string): ConfigNode {
    if (this.#exhausted) return this.#fail(spot);
    this.#exhausted = true;
    return this.#fail(spot, message);
  }

  #fail(spot: Spot, message?: string): ConfigNode {
    if (message !== undefined) this.problems.push({ ...noticeAt(spot), message, verdict: 'invalid' });
    return { kind: 'scalar', value: null, place: spot.place };
  }
}

function noticeAt(spot: Spot): Omit<Notice, 'message'> {
  return { ...positionOf(spot.place), path: spot.path.join('::') };
}

function isWithoutReference(text: string): boolean {
  return !text.includes('${') || !text.includes('}');
}

function unescaped(node: ConfigNode): ConfigNode {
  const original = node.original?.includes('$$') === true ? { original: unescapeDollars(node.original) } : {};
  if (node.kind === 'list') return { ...node, ...original, items: node.items.map(unescaped) };
  if (node.kind === 'map') {
    const entries = [...node.entries].map(([key, entry]) => [key, { ...entry, node: unescaped(entry.node) }] as const);
    return { ...node, ...original, entries: new Map(entries) };
  }
  return typeof node.value === 'string' && node.value.includes('$$')
    ? { ...node, ...original, value: unescapeDollars(node.value) }
    : { ...node, ...original };
}
