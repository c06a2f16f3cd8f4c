import { type DataPointView, valueText } from '@millrace/wire';
import type { Exemplar, Label } from './metric-family.ts';

/** The most characters that the labels of an exemplar may have together (OpenMetrics 1.0). */
const maxCharacters = 128;

/**
 * The exemplars of a point, with the ids of their spans as labels, as Prometheus knows them; with `attributes` also with their filtered
 * attributes, unless that is more than the 128 characters that all labels may have.
 */
export function readExemplars({ exemplars }: DataPointView, { attributes = false }: { readonly attributes?: boolean } = {}): Exemplar[] {
  return Array.from({ length: exemplars.size }, (_, index) => {
    const exemplar = exemplars.at(index);
    const { traceIdHex, spanIdHex, number, timeUnixNano } = exemplar;
    const labels: Label[] = [];
    if (traceIdHex !== '') labels.push(['trace_id', traceIdHex]);
    if (spanIdHex !== '') labels.push(['span_id', spanIdHex]);
    const timestampMs = Number(timeUnixNano / 1000n) / 1000;
    if (!attributes) return { labels, value: number, timestampMs };
    const all = [...labels];
    for (let view = exemplar.attributes, slot = view.first(); slot >= 0; slot = view.next(slot)) {
      const name = view.keyAt(slot);
      if (!labels.some(([taken]) => taken === name)) all.push([name, valueText(view.valueAt(slot))]);
    }
    const characters = all.reduce((sum, [name, value]) => sum + Array.from(name + value).length, 0);
    return { labels: characters <= maxCharacters ? all : labels, value: number, timestampMs };
  });
}
