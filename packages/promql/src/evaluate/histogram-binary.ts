import type { Annotations } from '../annotations.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { trim } from '../histogram/trim.ts';

/** What an operator that takes histograms gives between two samples. Undefined: nothing. */
export function histogramOperation(
  operator: string,
  a: number | Histogram,
  b: number | Histogram,
  annotations: Annotations,
  index: number,
): Histogram | boolean | undefined {
  if (typeof a === 'object' && typeof b === 'object') {
    if (operator === '==') return a.equals(b);
    if (operator === '!=') return !a.equals(b);
    if (operator === '+' || operator === '-') {
      const result = a.plus(b, operator === '+' ? 1 : -1);
      if (result === undefined) annotations.warn(`incompatible bucket layout encountered for binary operator ${operator}`, index);
      else if (a.isCustom && !a.sameBounds(b)) {
        annotations.info(`mismatched custom buckets were reconciled during ${operator === '+' ? 'addition' : 'subtraction'}`, index);
      }
      const compact = result?.compact();
      return operator === '-' ? compact?.asGauge() : compact;
    }
  } else if (typeof a === 'object') {
    if (operator === '*') return a.scale(b as number).compact();
    if (operator === '/') return a.divide(b as number).compact();
    if (operator === '</') return trim(a, b as number, 'above');
    if (operator === '>/') return trim(a, b as number, 'below');
  } else if (operator === '*' && typeof b === 'object') return b.scale(a).compact();
  const name = (sample: number | Histogram): string => (typeof sample === 'number' ? 'float' : 'histogram');
  const types = `${name(a)} ${operator} ${name(b)}`;
  annotations.info(`incompatible sample types encountered for binary operator ${JSON.stringify(operator)}: ${types}`, index);
  return undefined;
}
