import { nearest } from '@millrace/config';
import type { Trial, TrialNode } from './trial.ts';

/** Names a node: `processors/batch`, and which pipeline's or signal's when there are several. */
export interface NodeReference {
  readonly node: string;
  readonly pipeline?: string;
  readonly signal?: string;
}

/** The instances of a component that a reference names: one for each pipeline or signal. Throws an Error that lists the right names when there is none. */
export function findNodes({ nodes }: Trial, { node, pipeline, signal }: NodeReference): TrialNode[] {
  const named = nodes.filter(({ name }) => name === node);
  if (named.length === 0) {
    const names = [...new Set(nodes.map(({ name }) => name))];
    const near = nearest(node, names);
    throw new Error(
      `no pipeline has a node "${node}"${near === undefined ? '' : `, did you mean "${near}"?`} (nodes: ${names.join(', ')})`,
    );
  }
  const found = named
    .filter(({ entry }) => pipeline === undefined || entry.origin?.pipeline === pipeline)
    .filter(({ entry }) => signal === undefined || (entry.origin?.signal ?? entry.origin?.pipeline?.split('/')[0]) === signal);
  if (found.length > 0) return found;
  throw new Error(
    `${node} is not in ${pipeline === undefined ? `a pipeline of ${signal}` : `pipeline ${pipeline}`} (it is in: ${placesOf(named)})`,
  );
}

/** The one instance that a reference names. Throws an Error that lists the places when there are several. */
export function findNode(trial: Trial, reference: NodeReference): TrialNode {
  const found = findNodes(trial, reference);
  if (found.length === 1) return found[0]!;
  throw new Error(`${reference.node} is in several pipelines: add "pipeline", one of: ${placesOf(found)}`);
}

function placesOf(nodes: readonly TrialNode[]): string {
  const places = nodes.map(({ entry }) => entry.origin?.pipeline ?? entry.origin?.signal ?? '');
  return places.toSorted((a, b) => a.localeCompare(b)).join(', ');
}
