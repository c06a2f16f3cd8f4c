import type { ConfigNode, MapEntry, MapNode } from './config-node.ts';

/** Splits keys such as `processors::batch` of the outermost map into maps in maps, as the Collector does in every source. */
export function splitKeys(root: MapNode): MapNode {
  if (![...root.entries.keys()].some((key) => key.includes('::'))) return root;
  let split: ConfigNode = { ...root, entries: new Map() };
  for (const [key, entry] of root.entries) {
    const nested = key.split('::').reduceRight<ConfigNode>((node, part) => {
      return { kind: 'map', place: entry.place, entries: new Map([[part, { place: entry.place, node }]]) };
    }, entry.node);
    split = merge(split, nested);
  }
  return split as MapNode;
}

/**
 * Lays a later configuration over an earlier one: maps are merged, everything else (null too) replaces. With `append` (the Collector's gate
 * `confmap.enableMergeAppendOption`) the lists of extensions, receivers and exporters below `service` are joined instead, without repetition.
 */
export function merge(base: ConfigNode, over: ConfigNode, append = false, path: readonly string[] = []): ConfigNode {
  if (append && base.kind === 'list' && over.kind === 'list' && isAppended(path)) {
    const known = new Set(base.items.map(scalarValue));
    return { ...over, items: [...base.items, ...over.items.filter((item) => !known.has(scalarValue(item)))] };
  }
  if (base.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map<string, MapEntry>(base.entries);
  for (const [key, entry] of over.entries) {
    const earlier = base.entries.get(key);
    entries.set(key, earlier === undefined ? entry : { place: entry.place, node: merge(earlier.node, entry.node, append, [...path, key]) });
  }
  return { ...base, entries };
}

function isAppended(path: readonly string[]): boolean {
  const last = path.at(-1);
  return (
    path[0] === 'service' &&
    ((path.length === 2 && last === 'extensions') || (path.length > 2 && (last === 'receivers' || last === 'exporters')))
  );
}

function scalarValue(node: ConfigNode): unknown {
  return node.kind === 'scalar' ? node.value : node;
}
