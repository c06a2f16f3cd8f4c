/** The labels of a series, sorted by name, none empty. */
export type Labels = readonly (readonly [name: string, value: string])[];

export const nameLabel = '__name__';
const metadataNames: ReadonlySet<string> = new Set([nameLabel, '__type__', '__unit__']);

// Half of a surrogate pair: no text that came from UTF-8 has it.
const separator = '\ud800';

/** A text that is the same for equal labels only. */
export function labelsKey(labels: Labels): string {
  let key = '';
  for (const [name, value] of labels) key += name + separator + value + separator;
  return key;
}

/** The value of a label, empty when it is not there. */
export function labelOf(labels: Labels, name: string): string {
  for (const label of labels) if (label[0] === name) return label[1];
  return '';
}

/** Labels without the name (type and unit) of the metric, as what is computed from it has no name. */
export function withoutName(labels: Labels): Labels {
  return labels.some(([name]) => metadataNames.has(name)) ? labels.filter(([name]) => !metadataNames.has(name)) : labels;
}

export function keepLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return labels.filter(([name]) => names.has(name));
}

export function dropLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return labels.filter(([name]) => !names.has(name));
}

/** Labels with one set, or removed by the empty text. */
export function setLabel(labels: Labels, name: string, value: string): Labels {
  const others = labels.filter((label) => label[0] !== name);
  if (value !== '') others.push([name, value]);
  return others.sort(byName);
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

/** The order of series in results. */
export function compareLabels(a: Labels, b: Labels): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    for (let part = 0; part < 2; part++) {
      const [x, y] = [a[i]![part]!, b[i]![part]!];
      if (x !== y) return x < y ? -1 : 1;
    }
  }
  return a.length - b.length;
}

/** `{a="b", c="d"}` as in Prometheus's errors. */
export function labelsText(labels: Labels): string {
  return `{${labels.map(([name, value]) => `${/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}`).join(', ')}}`;
}
