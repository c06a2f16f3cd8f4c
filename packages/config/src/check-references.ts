import type { ComponentKind } from './catalog.ts';
import { componentKinds, withArticle } from './catalog.ts';
import type { CheckedSection } from './check-components.ts';
import type { CheckedServiceSection } from './check-service.ts';
import { isNull, nodeAt, positionOf } from './config-node.ts';
import type { MapNode, Place } from './config-node.ts';
import { nearest } from './nearest.ts';
import type { Notice, Problem } from './problem.ts';

/**
 * The rules across sections: something is configured at all, ids are unambiguous, and what `service` refers to exists. Nothing is said about
 * what the sections in `unread` lack: they are misspelt or no maps, which is a problem of its own.
 */
export function checkReferences(
  root: MapNode,
  sections: ReadonlyMap<ComponentKind, CheckedSection>,
  { service, node }: CheckedServiceSection,
  gates: ReadonlySet<string>,
  unread: ReadonlySet<string>,
): readonly Problem[] {
  const problems: Problem[] = [];
  const fail = (place: Place, path: string, message: string, advice: Partial<Notice> = {}): void => {
    problems.push({ ...positionOf(place), path, ...advice, message: path === '' ? message : `${path}: ${message}`, verdict: 'invalid' });
  };
  const isMissing = (kind: ComponentKind): boolean => {
    if (unread.has(`${kind}s`)) return false;
    const section = root.entries.get(`${kind}s`)?.node;
    return section === undefined || isNull(section) || (section.kind === 'map' && section.entries.size === 0);
  };
  if (componentKinds.every(isMissing)) fail(root.place, '', 'empty configuration file');
  else if (!gates.has('service.AllowNoPipelines')) {
    for (const kind of ['receiver', 'exporter'] as const)
      if (isMissing(kind)) fail(root.place, '', `no ${kind} configuration specified in config`);
  }

  const idsOf = (kind: ComponentKind): ReadonlyMap<string, Place> => sections.get(kind)!.ids;
  for (const [id, place] of idsOf('connector')) {
    const other = (['exporter', 'receiver'] as const).find((kind) => idsOf(kind).has(id));
    if (other === undefined) continue;
    const both = `ambiguous ID: Found both "${id}" ${other} and "${id}" connector`;
    const advice = `Change one of the components' IDs to eliminate ambiguity (e.g. rename "${id}" connector to "${id}/connector")`;
    fail(place, `connectors::${id}`, `${both}. ${advice}`);
  }

  const checkList = (keys: readonly string[], list: readonly string[], kinds: readonly ComponentKind[]): void => {
    for (const [index, id] of list.entries()) {
      if (kinds.some((kind) => idsOf(kind).has(id) || unread.has(`${kind}s`))) continue;
      const path = ['service', ...keys.slice(0, 2)].join('::');
      fail(
        nodeAt(node, [...keys, index]).place,
        path,
        `references ${kinds[0]} ${JSON.stringify(id)} which is not configured`,
        adviceFor(id, kinds),
      );
    }
  };
  const adviceFor = (id: string, kinds: readonly ComponentKind[]): Partial<Notice> => {
    const elsewhere = componentKinds.find((kind) => !kinds.includes(kind) && idsOf(kind).has(id));
    const suggestion = nearest(
      id,
      kinds.flatMap((kind) => [...idsOf(kind).keys()]),
    );
    return {
      ...(elsewhere === undefined
        ? {}
        : { expected: `the id of ${kinds.map(withArticle).join(' or ')}; "${id}" is configured under ${elsewhere}s` }),
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  };
  checkList(['extensions'], service.extensions, ['extension']);
  for (const { id, receivers, processors, exporters } of service.pipelines.values()) {
    checkList(['pipelines', id, 'receivers'], receivers, ['receiver', 'connector']);
    checkList(['pipelines', id, 'processors'], processors, ['processor']);
    checkList(['pipelines', id, 'exporters'], exporters, ['exporter', 'connector']);
  }
  return problems;
}
