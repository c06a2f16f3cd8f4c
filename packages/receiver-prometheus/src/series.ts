import type { Labels } from './relabel.ts';

/** A series as it leaves the scrape: its name and labels after relabelling. */
export interface Series {
  readonly name: string;
  /** Without the name; empty values are absent. */
  readonly labels: ReadonlyMap<string, string>;
  /** Equal for equal names and labels. */
  readonly key: string;
}

/** What makes a series of scraped labels. */
export interface SeriesRules {
  readonly targetLabels: ReadonlyMap<string, string>;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly honorLabels: boolean;
  readonly relabel: readonly ((labels: Labels) => boolean)[];
  /** 0: no limit. */
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
}

/**
 * The series of scraped labels, `undefined` when a rule drops it. Where a scraped label meets one of the target, the target's counts and the
 * scraped one becomes `exported_NAME`, or the other way round with `honorLabels`. Throws when a limit is exceeded, which fails the scrape.
 */
export function makeSeries(name: string, scraped: readonly (readonly [string, string])[], rules: SeriesRules): Series | undefined {
  const labels: Labels = new Map([['__name__', name]]);
  const exported: [string, string][] = [];
  for (const [label, value] of scraped) {
    if (!rules.honorLabels && rules.targetLabels.has(label)) exported.push([label, value]);
    else if (value !== '' || rules.targetLabels.has(label)) labels.set(label, value);
  }
  for (const [label, value] of rules.targetLabels) if (!labels.has(label)) labels.set(label, value);
  for (const [label, value] of exported) {
    let free = `exported_${label}`;
    while (labels.has(free)) free = `exported_${free}`;
    if (value !== '') labels.set(free, value);
  }
  for (const rule of rules.relabel) if (!rule(labels)) return undefined;
  for (const [label, value] of Object.entries(rules.externalLabels)) if (!labels.has(label)) labels.set(label, value);
  for (const [label, value] of labels) if (value === '') labels.delete(label);
  checkLimits(labels, rules);
  const finalName = labels.get('__name__');
  if (finalName === undefined) return undefined;
  labels.delete('__name__');
  return { name: finalName, labels, key: JSON.stringify([finalName, ...[...labels].toSorted(([a], [b]) => (a < b ? -1 : 1))]) };
}

function checkLimits(labels: Labels, { labelLimit, labelNameLengthLimit, labelValueLengthLimit }: SeriesRules): void {
  if (labelLimit > 0 && labels.size > labelLimit)
    throw new Error(`label_limit exceeded (number of labels: ${labels.size}, limit: ${labelLimit})`);
  if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return;
  for (const [label, value] of labels) {
    if (labelNameLengthLimit > 0 && Buffer.byteLength(label) > labelNameLengthLimit) {
      throw new Error(`label_name_length_limit exceeded (label name: ${label}, limit: ${labelNameLengthLimit})`);
    }
    if (labelValueLengthLimit > 0 && Buffer.byteLength(value) > labelValueLengthLimit) {
      throw new Error(`label_value_length_limit exceeded (label name: ${label}, limit: ${labelValueLengthLimit})`);
    }
  }
}
