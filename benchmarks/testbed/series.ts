import type { PlainField, PlainMessage } from '@millrace/wire/plain';
import type { Facts, Items, Part } from './facts.ts';

/** A series of Prometheus and its value. */
interface Series {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** Labels that say where a series comes from. */
const origin = /^(job|instance|otel_scope_.*|service_.*)$/;

/** Adds series to the items, which are the metrics: `golden_N`. */
function add(items: Items, { name, labels, value }: Series): void {
  const key = /^golden_\d+/.exec(name)?.[0];
  if (key === undefined) return;
  let facts = items.get(key);
  if (facts === undefined) items.set(key, (facts = new Map() as Facts));
  const sorted = [...labels].filter(([label, text]) => !origin.test(label) && text !== '').toSorted(([a], [b]) => (a < b ? -1 : 1));
  facts.set(`${name}{${sorted.map(([label, text]) => `${label}=${JSON.stringify(text)}`).join(',')}}`, String(value));
}

const list = (value: PlainField): readonly PlainMessage[] => (value ?? []) as readonly PlainMessage[];
const types = { gauge: 'gauge', sum: 'counter', histogram: 'histogram', summary: 'summary' } as const;

function seriesOf(metric: PlainMessage): { type: string; series: Series[] } {
  const field = Object.keys(types).find((name) => metric[name] !== undefined) as keyof typeof types;
  const data = metric[field] as PlainMessage;
  const name = metric['name'] as string;
  const series: Series[] = [];
  for (const point of list(data['dataPoints'])) {
    const labels = new Map(
      list(point['attributes']).map(({ key, value }) => [key as string, (value as PlainMessage)['stringValue'] as string]),
    );
    const push = (suffix: string, value: PlainField, label?: readonly [string, string]): void => {
      series.push({ name: name + suffix, labels: label === undefined ? labels : new Map([...labels, label]), value: Number(value) });
    };
    if (field === 'gauge' || field === 'sum') {
      push('', point['asInt'] ?? point['asDouble']);
      continue;
    }
    let count = 0;
    const bounds = (point['explicitBounds'] ?? []) as readonly number[];
    for (const [i, inBucket] of ((point['bucketCounts'] ?? []) as readonly bigint[]).entries()) {
      count += Number(inBucket);
      push('_bucket', count, ['le', i < bounds.length ? String(bounds[i]) : '+Inf']);
    }
    for (const { quantile, value } of list(point['quantileValues'])) push('', value, ['quantile', String(quantile as number)]);
    push('_sum', point['sum'] ?? 0);
    push('_count', point['count'] ?? 0n);
  }
  return { type: field === 'sum' && data['isMonotonic'] !== true ? 'gauge' : types[field], series };
}

/** Adds a metric of OTLP as the series that it is in Prometheus. */
export function addMetric(items: Items, { item }: Part): void {
  for (const series of seriesOf(item).series) add(items, series);
}

const escape = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
const unescape = (text: string): string => text.replaceAll(/\\(.)/g, (_, each: string) => (each === 'n' ? '\n' : each));

/** A metric in Prometheus' text format. */
export function expositionOf({ item }: Part): string {
  const { type, series } = seriesOf(item);
  const lines = series.map(({ name, labels, value }) => {
    const pairs = [...labels].map(([label, text]) => `${label}="${escape(text)}"`);
    return `${name}{${pairs.join(',')}} ${value}\n`;
  });
  return `# HELP ${item['name'] as string} ${item['description'] as string}\n# TYPE ${item['name'] as string} ${type}\n${lines.join('')}`;
}

/** Adds the series of a scrape in the text format. */
export function addExposition(items: Items, text: string): void {
  for (const line of text.split('\n')) {
    const parsed = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line);
    if (parsed === null) continue;
    const [, name, pairs, value] = parsed as unknown as [string, string, string | undefined, string];
    const labels = new Map<string, string>();
    for (const [, label, text_] of (pairs ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      const plain = unescape(text_!);
      const isNumber = (label === 'le' || label === 'quantile') && plain !== '+Inf';
      labels.set(label!, isNumber ? String(Number(plain)) : plain);
    }
    add(items, { name, labels, value: Number(value.replace('Inf', 'Infinity')) });
  }
}
