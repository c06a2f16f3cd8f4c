import { decodeLabels, encodeLabels, labelText, mayHaveQuotedNames } from './labels.ts';
import type { EncodedLabels } from './labels.ts';
import type { FamilyHeader } from './metric-family.ts';
import { escapeLabelName, escapeName } from './names.ts';
import type { Escaping } from './names.ts';

/** Encoded labels with their names escaped for a scraper. */
export function escapeLabels(labels: EncodedLabels, escaping: Escaping): EncodedLabels {
  if (escaping === 'allow-utf-8') return labels;
  if (typeof labels === 'string' ? !mayHaveQuotedNames(labels) : !labels.hasQuotedNames) return labels;
  return encodeLabels(decodeLabels(labelText(labels)).map(([name, value]) => [escapeLabelName(name, escaping), value]));
}

/** The header of a family with its name escaped for a scraper, and without a unit that the name does not end with. */
export function escapeHeader(header: FamilyHeader, escaping: Escaping): FamilyHeader {
  const name = escapeName(header.name, escaping);
  const base = baseName({ ...header, name });
  const unit = header.unit ?? '';
  const { unit: _unit, ...rest } = header;
  return unit !== '' && base.endsWith(`_${unit}`) ? { ...rest, name, unit } : { ...rest, name };
}

/** The name of a family in the metadata of OpenMetrics: without `_total` and `_info`. */
export function baseName({ name, type }: FamilyHeader): string {
  const suffix = type === 'counter' ? '_total' : type === 'info' ? '_info' : '';
  return suffix !== '' && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}
