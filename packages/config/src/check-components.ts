import { checkWithAjv } from './ajv.ts';
import type { Catalog, ComponentKind, ComponentSchema } from './catalog.ts';
import { componentKinds, withArticle } from './catalog.ts';
import type { CheckedComponent } from './checked-config.ts';
import { joinId, parseId } from './component-id.ts';
import type { IdParts } from './component-id.ts';
import { goTypeOf, isNull, nodeAt, positionOf } from './config-node.ts';
import type { MapEntry, MapNode, Place } from './config-node.ts';
import { Decoder } from './decode.ts';
import { nearest } from './nearest.ts';
import type { Notice, Problem, Warning } from './problem.ts';
import { componentFormats, keywordForAjv } from './schema.ts';
import type { Schema } from './schema.ts';

/** One of the five sections of components. */
export interface CheckedSection {
  /** The good ones. */
  readonly components: ReadonlyMap<string, CheckedComponent>;
  /** Every id that is configured, with its place; the ones with problems too. */
  readonly ids: ReadonlyMap<string, Place>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

/** Checks the components of one kind: ids, types, and each one's settings. */
export async function checkComponents(
  kind: ComponentKind,
  section: MapNode | undefined,
  catalog: Catalog,
  validate: boolean,
): Promise<CheckedSection> {
  const checker = new SectionChecker(kind, catalog, validate);
  const wanted = [...(section?.entries ?? [])].map(([key, entry]) => checker.identify(key, entry));
  const loaded = await Promise.all(
    wanted.map(async (one) => (one === undefined ? undefined : { ...one, component: await checker.load(one) })),
  );
  for (const one of loaded) if (one?.component !== undefined) await checker.check(one, one.component);
  return checker;
}

interface Identified {
  readonly id: string;
  readonly parts: IdParts;
  /** The canonical type. */
  readonly type: string;
  readonly entry: MapEntry;
}

class SectionChecker implements CheckedSection {
  readonly components = new Map<string, CheckedComponent>();
  readonly ids = new Map<string, Place>();
  readonly problems: Problem[] = [];
  readonly warnings: Warning[] = [];
  readonly #kind: ComponentKind;
  readonly #section: string;
  readonly #catalog: Catalog;
  readonly #validate: boolean;

  constructor(kind: ComponentKind, catalog: Catalog, validate: boolean) {
    this.#kind = kind;
    this.#section = `${kind}s`;
    this.#catalog = catalog;
    this.#validate = validate;
  }

  /** The id and canonical type of a key; undefined with a problem. */
  identify(key: string, entry: MapEntry): Identified | undefined {
    const parts = parseId(key);
    if (typeof parts === 'string') return this.#fail(key, entry.place, `'${this.#section}' ${parts}`);
    const id = joinId(parts);
    if (this.ids.has(id))
      return this.#fail(key, entry.place, `'${this.#section}' duplicate name ${JSON.stringify(key)} after unmarshaling ${id}`);
    this.ids.set(id, entry.place);
    const types = this.#catalog.types(this.#kind);
    const known = types.find(({ type, aliases }) => type === parts.type || aliases?.includes(parts.type) === true);
    if (known === undefined) return this.#unknownType(id, parts.type, entry.place);
    if (known.type !== parts.type) {
      const message = `${JSON.stringify(parts.type)} alias is deprecated; use ${JSON.stringify(known.type)} instead`;
      this.warnings.push({ ...positionOf(entry.place), path: `${this.#section}::${id}`, message, level: 'warn' });
    }
    return { id, parts, type: known.type, entry };
  }

  async load({ id, type, entry }: Identified): Promise<ComponentSchema | undefined> {
    try {
      return await this.#catalog.component(this.#kind, type);
    } catch (error) {
      return this.#fail(
        id,
        entry.place,
        `'${this.#section}' cannot load ${this.#kind} ${JSON.stringify(type)}: ${(error as Error).message}`,
      );
    }
  }

  async check({ id, parts, type, entry }: Identified, component: ComponentSchema): Promise<void> {
    const { node, place } = entry;
    if (node.kind !== 'map' && !isNull(node)) {
      this.#fail(
        id,
        place,
        `'${this.#section}[${id}]' expected type 'map[string]interface {}', got unconvertible type '${goTypeOf(node)}'`,
      );
      return;
    }
    const schema: Schema = component.configSchema ?? { type: 'object', properties: {}, additionalProperties: false };
    const path = `${this.#section}::${id}`;
    const prefix = `'${this.#section}' error reading configuration for ${JSON.stringify(id)}: `;
    const decoder = new Decoder({ schema, path, name: id, label: '', prefix, formats: componentFormats });
    try {
      const config = decoder.decode(node, place);
      this.problems.push(...decoder.report.problems);
      this.warnings.push(...decoder.report.warnings);
      if (decoder.report.problems.length > 0 || !(await this.#checkRules(id, entry, component, schema, config, decoder.secrets))) return;
      const position = positionOf(place);
      this.components.set(id, { kind: this.#kind, id, type, typed: parts.type, name: parts.name, config, configSchema: schema, position });
    } catch (error) {
      this.#fail(id, place, `${path}: ${withoutSecrets((error as Error).message, decoder.secrets)}`);
    }
  }

  /** What the decoder leaves: keywords that only ajv knows, then the component's own rules. */
  async #checkRules(
    id: string,
    entry: MapEntry,
    component: ComponentSchema,
    schema: Schema,
    config: unknown,
    secrets: ReadonlySet<string>,
  ): Promise<boolean> {
    const faults = keywordForAjv(schema, componentFormats) === undefined ? [] : await checkWithAjv(schema, config);
    for (const fault of faults) this.#failInside(id, entry, fault.path, fault.message);
    if (faults.length > 0 || !this.#validate) return faults.length === 0;
    const texts = component.validateConfig?.(config as never) ?? [];
    for (const text of texts) {
      const { path, message } = splitPath(text, config, schema);
      this.#failInside(id, entry, path, withoutSecrets(message, secrets));
    }
    return texts.length === 0;
  }

  #failInside(id: string, entry: MapEntry, inside: readonly string[], message: string): void {
    const path = [this.#section, id, ...inside].join('::');
    const place =
      inside.length === 0
        ? entry.place
        : nodeAt({ kind: 'map', place: entry.place, entries: new Map([[id, entry]]) }, [id, ...inside]).place;
    this.problems.push({ ...positionOf(place), path, message: `${path}: ${message}`, verdict: 'invalid' });
  }

  #unknownType(id: string, type: string, place: Place): undefined {
    const hint = this.#catalog.unsupported?.(this.#kind, type);
    if (hint !== undefined)
      return this.#fail(id, place, `${this.#kind} type ${JSON.stringify(type)} for id ${JSON.stringify(id)}: ${hint}`, {}, 'unsupported');
    if (type === 'logging') {
      const message = 'the logging exporter has been deprecated, use the debug exporter instead';
      return this.#fail(id, place, `'${this.#section}' ${message}`, this.#kind === 'exporter' ? { suggestion: 'debug' } : {});
    }
    const types = this.#catalog.types(this.#kind);
    const names = types.map((known) => known.type).sort();
    const suggestion = nearest(type, [...names, ...types.flatMap(({ aliases }) => aliases ?? [])]);
    const elsewhere = componentKinds.find((kind) => kind !== this.#kind && this.#catalog.types(kind).some((known) => known.type === type));
    const advice: Partial<Notice> = {
      ...(elsewhere === undefined ? {} : { expected: `the type of ${withArticle(this.#kind)}; "${type}" is ${withArticle(elsewhere)}` }),
      ...(suggestion === undefined ? {} : { suggestion }),
    };
    const message = `'${this.#section}' unknown type: ${JSON.stringify(type)} for id: ${JSON.stringify(id)} (valid values: [${names.join(' ')}])`;
    return this.#fail(id, place, message, advice);
  }

  #fail(id: string, place: Place, message: string, advice: Partial<Notice> = {}, verdict: Problem['verdict'] = 'invalid'): undefined {
    this.problems.push({ ...positionOf(place), path: `${this.#section}::${id}`, ...advice, message, verdict });
  }
}

/** Takes `path: message` apart when what stands before the colon leads somewhere. */
function splitPath(text: string, config: unknown, schema: Schema): { readonly path: readonly string[]; readonly message: string } {
  const [, before, message] = /^([^\s:]+(?:::[^\s:]+)*): (.*)$/s.exec(text) ?? [];
  const path = before?.split('::') ?? [];
  const first = path[0];
  const known = first !== undefined && (Object.hasOwn(schema.properties ?? {}, first) || Object.hasOwn(config as object, first));
  return known ? { path, message: message! } : { path: [], message: text };
}

/** A text that someone else wrote, perhaps with a setting in it. Fewer than four letters are no secret. */
function withoutSecrets(text: string, secrets: ReadonlySet<string>): string {
  return [...secrets].reduce((shown, secret) => (secret.length < 4 ? shown : shown.replaceAll(secret, '[REDACTED]')), text);
}
