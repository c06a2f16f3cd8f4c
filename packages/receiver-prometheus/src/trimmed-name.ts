import type { FamilyType } from '@millrace/prometheus-format';
import { unitName } from '@millrace/prometheus-format';

/** A metric name without the suffixes of its type and unit: `http_requests_total` becomes `http_requests`. */
export function trimmedName(name: string, type: FamilyType, unit: string): string {
  const without = (text: string, suffix: string): string =>
    suffix !== '_' && text.endsWith(suffix) && text.length > suffix.length ? text.slice(0, -suffix.length) : text;
  let trimmed = type === 'counter' ? without(name, '_total') : name;
  for (const word of [unit, unitName(unit)]) trimmed = without(trimmed, `_${word}`);
  return type === 'gauge' && unit === '1' ? without(trimmed, '_ratio') : trimmed;
}
