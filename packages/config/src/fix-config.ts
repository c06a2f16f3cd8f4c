import { isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { componentKinds } from './catalog.ts';
import type { Catalog, ComponentKind } from './catalog.ts';
import type { Schema } from './schema.ts';

/** A configuration text in today's names and forms. */
export interface FixedConfig {
  readonly text: string;
  /** What was rewritten, a line each with its line number; empty when there was nothing to do. */
  readonly changes: readonly string[];
}

/** Some characters of the text to replace, and what for. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly what: string;
}

type Root = YAMLMap<Scalar, Node | null>;
type MapPair = Pair<Scalar, Node | null>;

/** What the `logging` exporter called its levels, as `debug` calls them. */
const verbosities: Readonly<Record<string, string>> = { debug: 'detailed', info: 'normal', warn: 'basic', error: 'basic' };

/**
 * Rewrites the older names and forms of a configuration that have an equal today: component types and the references to them, the `logging`
 * exporter, `insecure` beside the endpoint, `service::telemetry::metrics::address`, `${X:-default}` without a scheme, and settings without
 * effect. Everything else stays as it is to the character, comments included. A text that is not YAML comes back unchanged.
 * The texts are the locations of one configuration: what one of them defines, another may name.
 */
export async function fixConfig(texts: readonly string[], catalog: Catalog): Promise<FixedConfig[]> {
  const roots = texts.map((text) => {
    const document = parseDocument(text, { keepSourceTokens: true, uniqueKeys: false, logLevel: 'silent' });
    return document.errors.length === 0 && isMap(document.contents) ? (document.contents as Root) : undefined;
  });
  const names = new Names(roots.filter((root) => root !== undefined));
  const fixers = texts.map((text) => new Fixer(text, catalog, names));
  for (const [i, root] of roots.entries()) if (root !== undefined) await fixers[i]!.components(root);
  for (const [i, root] of roots.entries()) if (root !== undefined) fixers[i]!.service(root);
  return fixers.map((fixer) => fixer.result());
}

/** What the components of a configuration are called, and what they are called today. */
class Names {
  readonly ids = new Map<ComponentKind, Set<string>>();
  readonly renamed = new Map<ComponentKind, Map<string, string>>();

  constructor(roots: readonly Root[]) {
    for (const kind of componentKinds) {
      const sections = roots.map((root) => valueOf(root, `${kind}s`)).filter((section) => isMap(section));
      this.ids.set(kind, new Set(sections.flatMap((section) => pairsOf(section).map(keyOf))));
      this.renamed.set(kind, new Map());
    }
  }
}

class Fixer {
  readonly #text: string;
  readonly #catalog: Catalog;
  readonly #names: Names;
  readonly #edits: Edit[] = [];

  constructor(text: string, catalog: Catalog, names: Names) {
    this.#text = text;
    this.#catalog = catalog;
    this.#names = names;
  }

  /** Where components are defined, and what else does not depend on names. */
  async components(root: Root): Promise<void> {
    for (const kind of componentKinds) {
      const section = valueOf(root, `${kind}s`);
      if (isMap(section)) for (const pair of pairsOf(section)) await this.#component(kind, pair);
    }
    this.#defaultsWithoutScheme(root);
  }

  /** Where components are named, once all names are known. */
  service(root: Root): void {
    const { renamed } = this.#names;
    const service = valueOf(root, 'service');
    if (!isMap(service)) return;
    this.#references(valueOf(service, 'extensions'), [renamed.get('extension')]);
    const pipelines = valueOf(service, 'pipelines');
    for (const { value } of isMap(pipelines) ? pairsOf(pipelines) : []) {
      if (!isMap(value)) continue;
      this.#references(valueOf(value, 'receivers'), [renamed.get('receiver'), renamed.get('connector')]);
      this.#references(valueOf(value, 'processors'), [renamed.get('processor')]);
      this.#references(valueOf(value, 'exporters'), [renamed.get('exporter'), renamed.get('connector')]);
    }
    this.#telemetryAddress(service);
  }

  result(): FixedConfig {
    const edits = this.#edits.toSorted((a, b) => a.start - b.start);
    let fixed = '';
    let at = 0;
    for (const { start, end, replacement } of edits) {
      if (start < at) continue;
      fixed += this.#text.slice(at, start) + replacement;
      at = end;
    }
    const lineOf = (offset: number): number => this.#text.slice(0, offset).split('\n').length;
    return { text: fixed + this.#text.slice(at), changes: edits.map(({ start, what }) => `line ${lineOf(start)}: ${what}`) };
  }

  async #component(kind: ComponentKind, pair: MapPair): Promise<void> {
    const id = keyOf(pair);
    const slash = id.indexOf('/');
    const typed = (slash < 0 ? id : id.slice(0, slash)).trim();
    const rest = slash < 0 ? '' : id.slice(slash);
    const known = this.#catalog.types(kind).find(({ type, aliases }) => type === typed || aliases?.includes(typed) === true);
    const isLogging = kind === 'exporter' && typed === 'logging' && known === undefined;
    const type = isLogging ? 'debug' : known?.type;
    if (type === undefined) return;
    let today = type + rest;
    if (today !== id) {
      // Two definitions must not become one.
      if (this.#names.ids.get(kind)!.has(today)) today = `${today}${rest === '' ? '/' : '-'}${typed}`;
      this.#names.renamed.get(kind)!.set(id, today);
      this.#replace(pair.key, today, `${kind} ${id} is called ${today}`);
    }
    if (!isMap(pair.value)) return;
    if (isLogging) this.#loggingLevel(pair.value);
    if (kind === 'exporter') this.#topLevelInsecure(pair.value);
    if (known === undefined) return;
    const { configSchema } = await this.#catalog.component(kind, known.type);
    this.#withoutEffect(pair.value, (configSchema ?? {}) as Schema, `${kind} ${today}`);
  }

  #references(list: Node | null | undefined, names: readonly (ReadonlyMap<string, string> | undefined)[]): void {
    if (!isSeq(list)) return;
    for (const item of (list as YAMLSeq<Node>).items) {
      if (!isScalar(item)) continue;
      const today = names.map((known) => known?.get(String(item.value))).find((name) => name !== undefined);
      if (today !== undefined) this.#replace(item, today, `${String(item.value)} is called ${today}`);
    }
  }

  #loggingLevel(config: YAMLMap): void {
    const level = pairsOf(config).find((pair) => keyOf(pair).toLowerCase() === 'loglevel');
    if (level === undefined || !isScalar(level.value)) return;
    const verbosity = verbosities[String(level.value.value).toLowerCase()];
    if (verbosity === undefined || valueOf(config, 'verbosity') !== undefined) return;
    this.#replace(level.key, 'verbosity', `${keyOf(level)} is called verbosity`);
    this.#replace(level.value, verbosity, `${String(level.value.value)} is called ${verbosity}`);
  }

  #topLevelInsecure(config: YAMLMap): void {
    const pair = pairsOf(config).find((one) => keyOf(one) === 'insecure');
    if (pair === undefined || !isScalar(pair.value) || valueOf(config, 'tls') !== undefined) return;
    const [start] = pair.key.range!;
    const [, end] = pair.value.range!;
    this.#edits.push({ start, end, replacement: `tls: { insecure: ${String(pair.value.value)} }`, what: 'insecure belongs below tls' });
  }

  #telemetryAddress(service: YAMLMap): void {
    const telemetry = valueOf(service, 'telemetry');
    const metrics = isMap(telemetry) ? valueOf(telemetry, 'metrics') : undefined;
    if (!isMap(metrics) || valueOf(metrics, 'readers') !== undefined) return;
    const pair = pairsOf(metrics).find((one) => keyOf(one) === 'address');
    const address = /^(.*):(\d+)$/.exec(isScalar(pair?.value) ? String(pair.value.value) : '');
    if (pair === undefined || address === null) return;
    const host = address[1] === '' ? '0.0.0.0' : address[1];
    const [start] = pair.key.range!;
    const [, end] = (pair.value as Scalar).range!;
    const replacement = `readers: [{ pull: { exporter: { prometheus: { host: ${JSON.stringify(host)}, port: ${address[2]} } } } }]`;
    this.#edits.push({ start, end, replacement, what: 'address is written as readers' });
  }

  /** `${X:-default}` needs the scheme `env` to have a default. */
  #defaultsWithoutScheme(root: YAMLMap): void {
    visit(root, {
      Scalar: (_key, scalar) => {
        const [start, end] = scalar.range!;
        for (const match of this.#text.slice(start, end).matchAll(/(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*):-/g)) {
          const at = start + match.index + 2;
          this.#edits.push({ start: at, end: at, replacement: 'env:', what: `\${${match[1]}:-...} is written \${env:${match[1]}:-...}` });
        }
      },
    });
  }

  /** Takes out settings that are accepted for old configurations and do nothing. */
  #withoutEffect(config: YAMLMap, schema: Schema, where: string): void {
    for (const pair of pairsOf(config)) {
      const property = schema.properties?.[keyOf(pair)];
      if (property?.['x-deprecated']?.startsWith('remove it') === true)
        this.#remove(config, pair, `${where}: ${keyOf(pair)} has no effect`);
      else if (property !== undefined && isMap(pair.value)) this.#withoutEffect(pair.value, property, where);
    }
  }

  #remove(map: YAMLMap, pair: MapPair, what: string): void {
    const [keyStart] = pair.key.range!;
    const next = pairsOf(map)[pairsOf(map).indexOf(pair) + 1];
    const [, valueEnd] = pair.value?.range ?? pair.key.range!;
    if (map.flow === true) {
      this.#edits.push({ start: keyStart, end: next?.key.range![0] ?? valueEnd, replacement: '', what });
      return;
    }
    const start = this.#text.lastIndexOf('\n', keyStart - 1) + 1;
    // To the end of its last line; a comment below belongs to what follows.
    const lineEnd = this.#text[valueEnd - 1] === '\n' ? valueEnd - 1 : this.#text.indexOf('\n', valueEnd);
    const end = lineEnd < 0 ? this.#text.length : lineEnd + 1;
    this.#edits.push({ start, end, replacement: '', what });
  }

  #replace(scalar: Scalar, replacement: string, what: string): void {
    const [start, end] = scalar.range!;
    const quote = /^["']/.exec(this.#text.slice(start, end))?.[0] ?? '';
    this.#edits.push({ start, end, replacement: quote + replacement + quote, what });
  }
}

function pairsOf(map: YAMLMap): MapPair[] {
  return map.items.filter((item): item is MapPair => isPair(item) && isScalar(item.key));
}

function keyOf(pair: MapPair): string {
  return String(pair.key.value);
}

function valueOf(map: YAMLMap, key: string): Node | null | undefined {
  return pairsOf(map).find((pair) => keyOf(pair) === key)?.value;
}
