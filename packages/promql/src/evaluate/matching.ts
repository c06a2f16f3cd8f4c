import type { Matching } from '../ast.ts';
import { dropLabels, keepLabels, labelsKey, nameLabel } from '../labels.ts';
import type { Labels } from '../labels.ts';
import type { VectorSeries } from '../vector.ts';

/** The series of both sides that match each other. */
export interface MatchGroup {
  readonly labels: Labels;
  readonly left: VectorSeries[];
  readonly right: VectorSeries[];
}

/** The labels that two series must share to match. */
export function matchLabels({ on, labels }: Matching): (of: Labels) => Labels {
  const names = new Set(on ? labels : [nameLabel, ...labels]);
  return on ? (of) => keepLabels(of, names) : (of) => dropLabels(of, names);
}

/** The groups of series that match, in the order of the left side. */
export function matchGroups(matching: Matching, left: readonly VectorSeries[], right: readonly VectorSeries[]): MatchGroup[] {
  const select = matchLabels(matching);
  const groups = new Map<string, MatchGroup>();
  const add = (series: VectorSeries, side: 'left' | 'right'): void => {
    const labels = select(series.labels);
    const key = labelsKey(labels);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { labels, left: [], right: [] }));
    group[side].push(series);
  };
  for (const series of left) add(series, 'left');
  for (const series of right) add(series, 'right');
  return [...groups.values()];
}

/** For each step whether any of the series has a sample. */
export function presence(series: readonly VectorSeries[], count: number): Uint8Array {
  const present = new Uint8Array(count);
  for (const { kinds } of series) for (let step = 0; step < count; step++) present[step]! |= kinds[step]!;
  return present;
}
