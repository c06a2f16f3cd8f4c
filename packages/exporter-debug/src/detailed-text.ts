import type { PlainMessage } from '@millrace/wire/plain';
import { bucketBound } from './bucket-bound.ts';
import { fixed, time, typed } from './go-format.ts';
import { doubles, flag, id, inner, integer, integers, list, number, text } from './plain-fields.ts';

const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const statuses = ['Unset', 'Ok', 'Error'];
const temporalities = ['Unspecified', 'Delta', 'Cumulative'];
const severities = ['Unspecified', ...['Trace', 'Debug', 'Info', 'Warn', 'Error', 'Fatal'].flatMap((s) => [s, `${s}2`, `${s}3`, `${s}4`])];

function value(any: PlainMessage): string {
  const { kind, text: plain } = typed(any);
  return `${kind}(${plain})`;
}

function attributes(message: PlainMessage, title: string, indent = '     ', field = 'attributes'): string[] {
  const all = list(message, field);
  if (all.length === 0) return [];
  return [title, ...all.map((each) => `${indent}-> ${text(each, 'key')}: ${value(inner(each, 'value'))}`)];
}

/** Spans. */
function span(message: PlainMessage, i: number): string[] {
  const row = (name: string, content: unknown): string => `    ${name.padEnd(15)}: ${String(content)}`;
  const status = inner(message, 'status');
  const state = text(message, 'traceState');
  return [
    `Span #${i}`,
    row('Trace ID', id(message, 'traceId')),
    row('Parent ID', id(message, 'parentSpanId')),
    row('ID', id(message, 'spanId')),
    row('Name', text(message, 'name')),
    row('Kind', kinds[number(message, 'kind')] ?? ''),
    ...(state === '' ? [] : [row('TraceState', state)]),
    row('Start time', time(integer(message, 'startTimeUnixNano'))),
    row('End time', time(integer(message, 'endTimeUnixNano'))),
    row('Status code', statuses[number(status, 'code')] ?? ''),
    row('Status message', text(status, 'message')),
    ...['Attributes', 'Events', 'Links'].map((what) => `    Dropped${what}Count: ${number(message, `dropped${what}Count`)}`),
    ...attributes(message, 'Attributes:'),
    ...titled('Events:', list(message, 'events').flatMap(event)),
    ...titled('Links:', list(message, 'links').flatMap(link)),
  ];
}

function titled(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}

const deeper = '          ';

function event(message: PlainMessage, i: number): string[] {
  return [
    `SpanEvent #${i}`,
    `     -> Name: ${text(message, 'name')}`,
    `     -> Timestamp: ${time(integer(message, 'timeUnixNano'))}`,
    `     -> DroppedAttributesCount: ${number(message, 'droppedAttributesCount')}`,
    ...attributes(message, '     -> Attributes::', deeper),
  ];
}

function link(message: PlainMessage, i: number): string[] {
  return [
    `SpanLink #${i}`,
    `     -> Trace ID: ${id(message, 'traceId')}`,
    `     -> ID: ${id(message, 'spanId')}`,
    `     -> TraceState: ${text(message, 'traceState')}`,
    `     -> DroppedAttributesCount: ${number(message, 'droppedAttributesCount')}`,
    ...attributes(message, '     -> Attributes::', deeper),
  ];
}

/** Metrics. */
function numberValue(point: PlainMessage, indent = ''): string[] {
  if (point['asInt'] !== undefined) return [`${indent}Value: ${integer(point, 'asInt')}`];
  return point['asDouble'] === undefined ? [] : [`${indent}Value: ${fixed(number(point, 'asDouble'))}`];
}

function exemplar(message: PlainMessage, i: number): string[] {
  return [
    `Exemplar #${i}`,
    `     -> Trace ID: ${id(message, 'traceId')}`,
    `     -> Span ID: ${id(message, 'spanId')}`,
    `     -> Timestamp: ${time(integer(message, 'timeUnixNano'))}`,
    ...numberValue(message, '     -> '),
    ...attributes(message, '     -> FilteredAttributes:', deeper, 'filteredAttributes'),
  ];
}

function statistics(point: PlainMessage): string[] {
  const present = (['sum', 'min', 'max'] as const).filter((name) => point[name] !== undefined);
  return [
    `Count: ${integer(point, 'count')}`,
    ...present.map((name) => `${name[0].toUpperCase()}${name.slice(1)}: ${fixed(number(point, name))}`),
  ];
}

function histogramValue(point: PlainMessage): string[] {
  return [
    ...statistics(point),
    ...doubles(point, 'explicitBounds').map((bound, i) => `ExplicitBounds #${i}: ${fixed(bound)}`),
    ...integers(point, 'bucketCounts').map((count, i) => `Buckets #${i}, Count: ${count}`),
  ];
}

function exponentialValue(point: PlainMessage): string[] {
  const scale = number(point, 'scale');
  const buckets = (field: string, range: (lower: string, upper: string) => string, sign: 1 | -1): string[] => {
    const offset = number(inner(point, field), 'offset');
    return integers(inner(point, field), 'bucketCounts').map((count, i) => {
      const bound = (index: number): string => fixed(sign * bucketBound(scale, index));
      return `Bucket ${range(bound(offset + i), bound(offset + i + 1))}, Count: ${count}`;
    });
  };
  const zero = integer(point, 'zeroCount');
  return [
    ...statistics(point),
    ...buckets('negative', (lower, upper) => `[${upper}, ${lower})`, -1).reverse(),
    ...(zero === 0n ? [] : [`Bucket [0, 0], Count: ${zero}`]),
    ...buckets('positive', (lower, upper) => `(${lower}, ${upper}]`, 1),
  ];
}

function summaryValue(point: PlainMessage): string[] {
  return [
    `Count: ${integer(point, 'count')}`,
    `Sum: ${fixed(number(point, 'sum'))}`,
    ...list(point, 'quantileValues').map(
      (each, i) => `QuantileValue #${i}: Quantile ${fixed(number(each, 'quantile'))}, Value ${fixed(number(each, 'value'))}`,
    ),
  ];
}

const dataTypes = {
  gauge: { name: 'Gauge', points: 'NumberDataPoints', show: numberValue },
  sum: { name: 'Sum', points: 'NumberDataPoints', show: numberValue },
  histogram: { name: 'Histogram', points: 'HistogramDataPoints', show: histogramValue },
  exponentialHistogram: { name: 'ExponentialHistogram', points: 'ExponentialHistogramDataPoints', show: exponentialValue },
  summary: { name: 'Summary', points: 'SummaryDataPoints', show: summaryValue },
} as const;

function metric(message: PlainMessage, i: number): string[] {
  const field = (Object.keys(dataTypes) as (keyof typeof dataTypes)[]).find((name) => message[name] !== undefined);
  const head = [
    `Metric #${i}`,
    'Descriptor:',
    ...['name', 'description', 'unit'].map((name) => `     -> ${name[0].toUpperCase()}${name.slice(1)}: ${text(message, name)}`),
    `     -> DataType: ${field === undefined ? 'Empty' : dataTypes[field].name}`,
  ];
  const metadata = attributes(message, '     -> Metadata:', deeper, 'metadata');
  if (field === undefined) return [...head, ...metadata];
  const data = inner(message, field);
  const { points, show } = dataTypes[field];
  return [
    ...head,
    ...metadata,
    ...(field === 'sum' ? [`     -> IsMonotonic: ${flag(data, 'isMonotonic')}`] : []),
    ...(field === 'gauge' || field === 'summary'
      ? []
      : [`     -> AggregationTemporality: ${temporalities[number(data, 'aggregationTemporality')] ?? ''}`]),
    ...list(data, 'dataPoints').flatMap((point, n) => [
      `${points} #${n}`,
      ...attributes(point, 'Data point attributes:'),
      `StartTimestamp: ${time(integer(point, 'startTimeUnixNano'))}`,
      `Timestamp: ${time(integer(point, 'timeUnixNano'))}`,
      ...show(point),
      ...titled('Exemplars:', list(point, 'exemplars').flatMap(exemplar)),
    ]),
  ];
}

/** Logs. */
function log(message: PlainMessage, i: number): string[] {
  const severity = number(message, 'severityNumber');
  const name = text(message, 'eventName');
  return [
    `LogRecord #${i}`,
    `ObservedTimestamp: ${time(integer(message, 'observedTimeUnixNano'))}`,
    `Timestamp: ${time(integer(message, 'timeUnixNano'))}`,
    `SeverityText: ${text(message, 'severityText')}`,
    `SeverityNumber: ${severities[severity] ?? ''}(${severity})`,
    ...(name === '' ? [] : [`EventName: ${name}`]),
    `Body: ${value(inner(message, 'body'))}`,
    ...attributes(message, 'Attributes:'),
    `Trace ID: ${id(message, 'traceId')}`,
    `Span ID: ${id(message, 'spanId')}`,
    `Flags: ${number(message, 'flags')}`,
  ];
}

const layouts = {
  traces: { resources: 'resourceSpans', resource: 'ResourceSpans', scopes: 'scopeSpans', scope: 'ScopeSpans', items: 'spans', item: span },
  metrics: {
    resources: 'resourceMetrics',
    resource: 'ResourceMetrics',
    scopes: 'scopeMetrics',
    scope: 'ScopeMetrics',
    items: 'metrics',
    item: metric,
  },
  logs: { resources: 'resourceLogs', resource: 'ResourceLog', scopes: 'scopeLogs', scope: 'ScopeLogs', items: 'logRecords', item: log },
} as const;

/** A request as the Collector's `debug` exporter writes it with `verbosity: detailed`: every field. */
export function detailedText(signal: 'traces' | 'metrics' | 'logs', request: PlainMessage): string {
  const layout = layouts[signal];
  const lines = list(request, layout.resources).flatMap((group, i) => [
    `${layout.resource} #${i}`,
    `Resource SchemaURL: ${text(group, 'schemaUrl')}`,
    ...attributes(inner(group, 'resource'), 'Resource attributes:'),
    ...list(group, layout.scopes).flatMap((part, j) => {
      const scope = inner(part, 'scope');
      return [
        `${layout.scope} #${j}`,
        `${layout.scope} SchemaURL: ${text(part, 'schemaUrl')}`,
        `InstrumentationScope ${text(scope, 'name')} ${text(scope, 'version')}`,
        ...attributes(scope, 'InstrumentationScope attributes:'),
        ...list(part, layout.items).flatMap(layout.item),
      ];
    }),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}
