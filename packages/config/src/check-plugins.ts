import { schemaProblem } from './ajv.ts';
import type { Catalog, ComponentKind, LoadedPlugin } from './catalog.ts';
import { componentKinds } from './catalog.ts';
import { goKindOf, isNull, positionOf } from './config-node.ts';
import type { ConfigNode, MapNode, Place } from './config-node.ts';
import { nearest } from './nearest.ts';
import { PluginLoadError } from './problem.ts';
import type { Notice, Problem } from './problem.ts';
import { schemaKeywords } from './schema.ts';

/** The plugins of a configuration, and the catalog with what they add. */
export interface CheckedPlugins {
  readonly plugins: readonly { readonly name: string; readonly url: string }[];
  readonly catalog: Catalog;
}

/** Loads what section `plugins` names, a list of files and packages, and adds it to the catalog. Problems go to `problems`. */
export async function checkPlugins(root: MapNode, catalog: Catalog, problems: Problem[]): Promise<CheckedPlugins> {
  const section = root.entries.get('plugins');
  if (section === undefined || isNull(section.node)) return { plugins: [], catalog };
  const fail = (place: Place, path: string, message: string, advice: Partial<Notice> = {}): undefined => {
    problems.push({ ...positionOf(place), path, ...advice, message, verdict: 'invalid' });
  };
  const expected = 'a list of files and packages, such as [./tenant-tier.ts]';
  if (section.node.kind !== 'list') {
    fail(section.place, 'plugins', `'plugins' source data must be an array or slice, got ${goKindOf(section.node)}`, { expected });
    return { plugins: [], catalog };
  }
  const load = async (node: ConfigNode, index: number): Promise<(LoadedPlugin & { readonly name: string }) | undefined> => {
    const path = `plugins::${index}`;
    if (node.kind !== 'scalar' || typeof node.value !== 'string' || node.value === '')
      return fail(node.place, path, `'plugins[${index}]' is no file or package`, { expected: 'a text such as ./tenant-tier.ts' });
    const name = node.value;
    if (catalog.plugin === undefined) return fail(node.place, path, 'plugins cannot be loaded here');
    try {
      const plugin = await catalog.plugin(name, fileOf(node.place));
      const fault = await schemaProblem(plugin.schema.configSchema ?? {});
      if (fault === undefined) return { ...plugin, name };
      const keyword = /unknown keyword: "([^"]*)"/.exec(fault)?.[1];
      const suggestion = keyword === undefined ? undefined : nearest(keyword, schemaKeywords);
      return fail(node.place, path, `plugin ${JSON.stringify(name)}: its configSchema cannot be used: ${fault}`, {
        ...plugin.schemaPosition,
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    } catch (error) {
      const advice = error instanceof PluginLoadError ? error.advice : {};
      return fail(node.place, path, `plugin ${JSON.stringify(name)}: ${(error as Error).message}`, advice);
    }
  };
  const { items } = section.node;
  const loaded = await Promise.all(items.map(load));
  const plugins: (LoadedPlugin & { readonly name: string })[] = [];
  for (const [index, plugin] of loaded.entries()) {
    if (plugin === undefined) continue;
    const { kind, type, name } = plugin;
    const twin = plugins.find((other) => other.kind === kind && other.type === type);
    const isTaken = catalog.types(kind).some((known) => known.type === type || known.aliases?.includes(type) === true);
    const owner = twin === undefined ? 'a component of this program' : `plugin ${JSON.stringify(twin.name)}`;
    if (twin === undefined && !isTaken) plugins.push(plugin);
    else fail(items[index]!.place, `plugins::${index}`, `plugin ${JSON.stringify(name)}: ${kind} type "${type}" is taken by ${owner}`);
  }
  return { plugins: plugins.map(({ name, url }) => ({ name, url })), catalog: withPlugins(catalog, plugins) };
}

function withPlugins(catalog: Catalog, plugins: readonly LoadedPlugin[]): Catalog {
  const of = (kind: ComponentKind): readonly LoadedPlugin[] => plugins.filter((plugin) => plugin.kind === kind);
  const types = new Map(componentKinds.map((kind) => [kind, [...catalog.types(kind), ...of(kind).map(({ type }) => ({ type }))]]));
  return {
    ...catalog,
    types: (kind) => types.get(kind)!,
    component: async (kind, type) => of(kind).find((plugin) => plugin.type === type)?.schema ?? (await catalog.component(kind, type)),
  };
}

/** The configuration file that a name is relative to; absent where it does not stand in one. */
function fileOf({ source }: Place): string | undefined {
  return source.text === undefined || /^[A-Za-z][A-Za-z0-9+.-]+:/.test(source.name) ? undefined : source.name;
}
