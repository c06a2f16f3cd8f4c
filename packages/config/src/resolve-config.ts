import { goTypeOf, isNull, positionOf } from './config-node.ts';
import type { ConfigNode, MapNode, Place, Source } from './config-node.ts';
import { Expander } from './expand.ts';
import { merge, splitKeys } from './merge.ts';
import { parseYaml } from './parse-yaml.ts';
import { ConfigError } from './problem.ts';
import type { Problem, Warning } from './problem.ts';
import { RetrieveError, Retriever, schemes } from './retriever.ts';

/** Where a configuration comes from. */
export interface ResolveOptions {
  /** The values of `--config`, in order: a path, or `scheme:...` with scheme file, env, yaml, http, https. Later ones are merged over earlier ones. */
  readonly locations: readonly string[];
  /** The values of `--set`, such as `exporters.otlp.endpoint=x:4317`, merged over all locations. */
  readonly set?: readonly string[];
  /** The environment that `${env:NAME}` and `${NAME}` read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** The gates that are on. Known here: `confmap.enableMergeAppendOption`. */
  readonly featureGates?: ReadonlySet<string>;
  /** Reads a file; the default is the file system. Rejects as `fs.promises.readFile` does. */
  readonly readFile?: (path: string) => Promise<Uint8Array>;
  /** Fetches http and https locations; the default is the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

/** A merged and expanded configuration in which every value knows where it was written. Made to be handed to `checkConfig`. */
export interface ResolvedConfig {
  readonly root: MapNode;
  readonly warnings: readonly Warning[];
}

/** A location or a `--set`, split: `name` is what the user knows it by. */
interface Location {
  readonly scheme: string;
  readonly opaque: string;
  readonly name: string;
  /** Whether lines and columns in it mean something to the user. */
  readonly hasLines: boolean;
}

/**
 * Reads every location, merges them from left to right, then `--set`, and replaces references (`${env:X}`, `${X}`, `${file:...}`, ...).
 * Throws a `ConfigError` with all problems of this stage; nothing else.
 */
export async function resolveConfig(options: ResolveOptions): Promise<ResolvedConfig> {
  const problems: Problem[] = [];
  const warnings: Warning[] = [];
  const locations = [
    ...options.locations.map((location) => readLocation(location)),
    ...(options.set ?? []).map((assignment) => readAssignment(assignment)),
  ];
  if (options.locations.length === 0) problems.push(atNoPlace('at least one config flag must be provided'));
  const retriever = new Retriever(options);
  const append = options.featureGates?.has('confmap.enableMergeAppendOption') ?? false;
  let root: ConfigNode = { kind: 'map', entries: new Map(), place: { source: { name: options.locations[0] ?? '' }, offset: 0 } };
  for (const location of locations) {
    if (typeof location === 'string') problems.push(atNoPlace(location));
    else {
      const document = await readDocument(location, retriever, problems, warnings);
      if (document !== undefined) root = root.entries.size === 0 ? document : (merge(root, document, append) as MapNode);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const expander = new Expander(retriever, (name) => options.env[name] !== undefined);
  const expanded = (await expander.expand(root)) as MapNode;
  if (expander.problems.length > 0) throw new ConfigError(expander.problems);
  return { root: expanded, warnings: [...warnings, ...expander.warnings] };
}

function readLocation(location: string): Location | string {
  if (/^[A-Za-z]:/.test(location) || !location.includes(':')) return { scheme: 'file', opaque: location, name: location, hasLines: true };
  const split = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s.exec(location);
  if (split === null) return `invalid uri: ${JSON.stringify(location)}`;
  const [, scheme, opaque] = split as unknown as [string, string, string];
  if (!schemes.has(scheme)) return `unsupported scheme on URI ${JSON.stringify(location)}`;
  return { scheme, opaque, name: scheme === 'yaml' ? 'yaml:' : `${scheme}:${opaque}`, hasLines: true };
}

function readAssignment(assignment: string): Location | string {
  const equals = assignment.indexOf('=');
  if (equals < 0) return `invalid argument ${JSON.stringify(assignment)} for "--set" flag: missing equal sign`;
  const key = assignment.slice(0, equals).trim();
  const opaque = `${key.replaceAll('.', '::')}: ${assignment.slice(equals + 1).trim()}`;
  return { scheme: 'yaml', opaque, name: `--set ${key}`, hasLines: false };
}

async function readDocument(
  location: Location,
  retriever: Retriever,
  problems: Problem[],
  warnings: Warning[],
): Promise<MapNode | undefined> {
  try {
    const retrieved = await retriever.retrieve(location.scheme, location.opaque);
    const name = retrieved.document ?? location.name;
    const source: Source = location.hasLines ? { name, text: retrieved.text } : { name };
    const placed = (offset: number): Place => ({ source, offset });
    const { node, problems: faults, moreDocuments } = parseYaml(retrieved.text, source, placed);
    if (retrieved.warning !== undefined) warnings.push({ file: name, path: '', ...retrieved.warning });
    if (moreDocuments) warnings.push({ file: name, path: '', level: 'warn', message: 'only the first YAML document of the file is read' });
    for (const { offset, ...fault } of faults) problems.push({ ...positionOf(placed(offset)), path: '', verdict: 'invalid', ...fault });
    if (faults.length > 0) return undefined;
    if (node.kind === 'map') return splitKeys(node);
    if (isNull(node)) return { kind: 'map', entries: new Map(), place: node.place };
    const message = `retrieved value (type=${goTypeOf(node)}) cannot be used as a Conf`;
    problems.push({
      ...positionOf(node.place),
      path: '',
      verdict: 'invalid',
      message,
      expected: 'a map of sections such as receivers and exporters',
    });
  } catch (error) {
    if (!(error instanceof RetrieveError)) throw error;
    problems.push(atNoPlace(`cannot retrieve the configuration: ${error.message}`));
  }
  return undefined;
}

function atNoPlace(message: string): Problem {
  return { path: '', message, verdict: 'invalid' };
}
