import type { ContextName } from '../context-name.ts';
import type { Path } from '../syntax/syntax-tree.ts';
import type { IndexKey } from '../values/index-key.ts';
import type { Access, PathOwner } from './access.ts';
import { dataPointPaths } from './data-point-paths.ts';
import { logPaths } from './log-paths.ts';
import { cacheEntry } from './map-entry.ts';
import { metricPaths } from './metric-paths.ts';
import { resourcePaths, scopePaths } from './resource-paths.ts';
import { spanEventPaths } from './span-event-paths.ts';
import { spanPaths } from './span-paths.ts';

const above: Readonly<Record<ContextName, readonly PathOwner[]>> = {
  resource: [resourcePaths],
  scope: [scopePaths, resourcePaths],
  metric: [metricPaths, scopePaths, resourcePaths],
  datapoint: [dataPointPaths, metricPaths, scopePaths, resourcePaths],
  log: [logPaths, scopePaths, resourcePaths],
  span: [spanPaths, scopePaths, resourcePaths],
  spanevent: [spanEventPaths, spanPaths, scopePaths, resourcePaths],
};

const legacyScope = 'instrumentation_scope';
const collector = 'otelcol';

/** The names that a path may start with in a context. */
export function pathContexts(context: ContextName): readonly string[] {
  const names = above[context].map(({ name }) => name);
  return [...names, ...(context === 'resource' || context === 'scope' ? [] : [legacyScope]), collector];
}

/** The name of the context that a path starts with, when it starts with one. */
export function contextOf({ segments }: Path): string | undefined {
  return segments.length > 1 && segments[0]!.keys.length === 0 ? segments[0]!.name : undefined;
}

/**
 * How a path is read and written in a context. `qualified`: its first segment must name the context it belongs to. `keys` are those of the last
 * segment. Throws an Error in the words of the Collector.
 */
export function resolvePath(
  context: ContextName,
  path: Path,
  qualified: boolean,
  keys: readonly IndexKey[],
): { readonly access: Access; readonly owner: ContextName } {
  const names = pathContexts(context);
  const first = contextOf(path);
  const isNamed = first !== undefined && names.includes(first);
  if (qualified && !isNamed) throw new Error(unqualified(path, first, names));
  const name = isNamed ? (first === legacyScope ? 'scope' : first) : context;
  if (name === collector) {
    throw new Error('OTTL `otelcol` context requires the `ottl.contexts.enableOTelColContext` feature gate to be enabled');
  }
  const segments = isNamed ? path.segments.slice(1) : path.segments;
  const owner = above[context].find((one) => one.name === name)!;
  const indexedEarly = segments.find((segment, i) => i < segments.length - 1 && segment.keys.length > 0);
  if (indexedEarly !== undefined) throw new Error(notIndexable(indexedEarly.name));
  if (segments[0]!.name === 'cache') {
    if (segments.length > 1) throw new Error(extra(segments[1]!.name));
    if (owner.name !== context) {
      throw new Error(
        `access to cache must be performed using the same context, please replace ${JSON.stringify(path.text)} with ${JSON.stringify(path.text.replace(`${first}.`, `${context}.`))}`,
      );
    }
    return { access: cacheEntry.access(keys), owner: context };
  }
  const entry = owner.paths[segments.map((segment) => segment.name).join('.')];
  if (entry === undefined)
    throw new Error(
      unknown(
        owner,
        path,
        segments.map((segment) => segment.name),
      ),
    );
  if (keys.length > 0 && entry.indexable === undefined) throw new Error(notIndexable(segments.at(-1)!.name));
  return { access: entry.access(keys), owner: owner.name };
}

function unqualified({ text }: Path, first: string | undefined, names: readonly string[]): string {
  const quoted = (suffix: string): string => names.map((name) => `"${name}${suffix}"`).join(', ');
  if (first !== undefined) return `context "${first}" from path "${text}" is not valid, it must be replaced by one of: ${quoted('')}`;
  return `missing context name for path "${text}", possibly valid options are: ${quoted(`.${text}`)}`;
}

function unknown({ name, paths }: PathOwner, path: Path, segments: readonly string[]): string {
  const [first, second] = segments;
  const hasParts = Object.keys(paths).some((known) => known.startsWith(`${first}.`));
  if (Object.hasOwn(paths, first!) && !hasParts) return extra(second!);
  const wrong =
    Object.hasOwn(paths, first!) && !Object.hasOwn(paths, `${first}.${second}`)
      ? second
      : Object.hasOwn(paths, first!)
        ? segments[2]
        : first;
  if (wrong === segments[2] && segments.length > 2) return extra(wrong!);
  return `segment ${JSON.stringify(wrong)} from path ${JSON.stringify(path.text)} is not a valid path nor a valid OTTL keyword for the ${name} context - review https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/pkg/ottl/contexts/ottl${name} to see all valid paths`;
}

function extra(segment: string): string {
  return `the path section ${JSON.stringify(segment)} was not used by the context - this likely means you are using extra path sections`;
}

function notIndexable(segment: string): string {
  return `the keys indexing ${JSON.stringify(segment)} were not used by the context - this likely means you are trying to index a path that does not support indexing`;
}
