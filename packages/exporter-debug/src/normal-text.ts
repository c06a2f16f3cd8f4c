import type { PlainMessage } from '@millrace/wire/plain';
import { bucketBound } from './bucket-bound.ts';
import { fixed, general, typed } from './go-format.ts';
import { doubles, id, inner, integer, integers, list, number, text } from './plain-fields.ts';

function attributes(message: PlainMessage, field = 'attributes'): string[] {
  return list(message, field).map((attribute) => `${text(attribute, 'key')}=${typed(inner(attribute, 'value')).text}`);
}

function bracketed(schemaUrl: string): string[] {
  return schemaUrl === '' ? [] : [`[${schemaUrl}]`];
}

function scopeName(scope: PlainMessage): string[] {
  const version = text(scope, 'version');
  const name = text(scope, 'name') + (version === '' ? '' : `@${version}`);
  return name === '' ? [] : [name];
}

/** The lines of the resources and scopes of a request, and those of its items between them. */
function lines(
  request: PlainMessage,
  [resources, scopes, items]: readonly string[],
  word: string,
  itemLines: (item: PlainMessage) => string[],
) {
  return list(request, resources).flatMap((group, i) => [
    [`Resource${word} #${i}`, ...bracketed(text(group, 'schemaUrl')), ...attributes(inner(group, 'resource'))].join(' '),
    ...list(group, scopes).flatMap((part) => {
      const scope = inner(part, 'scope');
      // The number is that of the resource, as in the Collector.
      const head = [`Scope${word} #${i}`, ...scopeName(scope), ...bracketed(text(part, 'schemaUrl')), ...attributes(scope)];
      return [head.join(' '), ...list(part, items).flatMap(itemLines)];
    }),
  ]);
}

function numberPoint(point: PlainMessage): string[] {
  if (point['asInt'] !== undefined) return [String(integer(point, 'asInt'))];
  return [point['asDouble'] === undefined ? '' : general(number(point, 'asDouble'))];
}

/** `name=value` for the optional fields that are there. */
function statistics(point: PlainMessage): string[] {
  const present = (['sum', 'min', 'max'] as const).filter((name) => point[name] !== undefined);
  return [`count=${integer(point, 'count')}`, ...present.map((name) => `${name}=${general(number(point, name))}`)];
}

function histogramPoint(point: PlainMessage): string[] {
  const bounds = doubles(point, 'explicitBounds');
  const counts = integers(point, 'bucketCounts');
  return [...statistics(point), ...counts.map((count, i) => (i < bounds.length ? `le${general(bounds[i])}=${count}` : String(count)))];
}

function exponentialPoint(point: PlainMessage): string[] {
  const scale = number(point, 'scale');
  const buckets = (field: string, bound: (index: number) => number): string[] => {
    const offset = number(inner(point, field), 'offset');
    return integers(inner(point, field), 'bucketCounts').map((count, i) => `le${general(bound(offset + i))}=${count}`);
  };
  const zero = integer(point, 'zeroCount');
  return [
    ...statistics(point),
    ...buckets('negative', (index) => -bucketBound(scale, index)).reverse(),
    ...(zero === 0n ? [] : [`zero=${zero}`]),
    ...buckets('positive', (index) => bucketBound(scale, index + 1)),
  ];
}

function summaryPoint(point: PlainMessage): string[] {
  const quantiles = list(point, 'quantileValues').map((each) => `q${general(number(each, 'quantile'))}=${general(number(each, 'value'))}`);
  return [`count=${integer(point, 'count')}`, `sum=${fixed(number(point, 'sum'))}`, ...quantiles];
}

const pointForms: Readonly<Record<string, (point: PlainMessage) => string[]>> = {
  gauge: numberPoint,
  sum: numberPoint,
  histogram: histogramPoint,
  exponentialHistogram: exponentialPoint,
  summary: summaryPoint,
};

function metricLines(metric: PlainMessage): string[] {
  return Object.entries(pointForms).flatMap(([data, form]) =>
    list(inner(metric, data), 'dataPoints').map(
      (point) => `${text(metric, 'name')}{${attributes(point).join(',')}} ${form(point).join(' ')}`,
    ),
  );
}

/** A request as the Collector's `debug` exporter writes it with `verbosity: normal`: a line for each resource, scope and item. */
export function normalText(signal: 'traces' | 'metrics' | 'logs', request: PlainMessage): string {
  const all = {
    traces: () =>
      lines(request, ['resourceSpans', 'scopeSpans', 'spans'], 'Traces', (span) => [
        [text(span, 'name'), id(span, 'traceId'), id(span, 'spanId'), ...attributes(span)].join(' '),
      ]),
    metrics: () => lines(request, ['resourceMetrics', 'scopeMetrics', 'metrics'], 'Metrics', metricLines),
    logs: () =>
      lines(request, ['resourceLogs', 'scopeLogs', 'logRecords'], 'Log', (log) => [
        `${typed(inner(log, 'body')).text} ${attributes(log).join(' ')}`,
      ]),
  }[signal]();
  return all.map((line) => `${line}\n`).join('');
}
