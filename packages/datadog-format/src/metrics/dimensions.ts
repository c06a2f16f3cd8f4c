import type { Dimensions } from './series.ts';

/** A tag of an attribute; an empty value is `n/a`. */
export function tag(key: string, value: string): string {
  return `${key}:${value === '' ? 'n/a' : value}`;
}

/** The series `<name>.<suffix>`; counts have no unit. */
export function suffixed(series: Dimensions, suffix: string): Dimensions {
  return { ...series, name: `${series.name}.${suffix}`, unit: suffix === 'count' || suffix === 'bucket' ? '' : series.unit };
}

/** The series with more tags. */
export function tagged(series: Dimensions, ...tags: readonly string[]): Dimensions {
  return { ...series, tags: [...tags, ...series.tags] };
}

/** A number in a tag: whole numbers end in `.0`, infinities are `inf` and `-inf`. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  const text = size >= 1e-4 && size < 1e6 ? String(value) : value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isInteger(value) ? `${text}.0` : text;
}
