import type { PlainField, PlainMessage } from '@millrace/wire/plain';
import { pairwise } from './pairwise.ts';
import { randomText } from './payload.ts';

/** Makes the request of one item, by its number. */
export type Golden = (item: number) => PlainMessage;

const startNs = 1_700_000_000_000_000_000n;
const text = (value: string): PlainMessage => ({ stringValue: value });
const attribute = (key: string, value: PlainMessage): PlainMessage => ({ key, value });
const id = (digits: number, item: number, salt: number): string =>
  `c${(BigInt(item + 1) * 65_536n + BigInt(salt)).toString(16).padStart(digits - 1, '0')}`;

const nested: PlainMessage = {
  kvlistValue: {
    values: [
      attribute('list', { arrayValue: { values: [text('x'), { intValue: 2n }] } }),
      attribute('map', { kvlistValue: { values: [attribute('deep', { boolValue: true })] } }),
    ],
  },
};
/** A value of every type. */
const values: Readonly<Record<string, PlainMessage>> = {
  string: text('Grüße, 世界'),
  empty: text(''),
  bool: { boolValue: true },
  int: { intValue: -(2n ** 53n) - 1n },
  double: { doubleValue: 0.25 },
  bytes: { bytesValue: Uint8Array.of(0, 128, 255, 7) },
  array: { arrayValue: { values: [text('a'), { boolValue: false }, { intValue: 3n }, { doubleValue: 1.5 }] } },
  map: nested,
};
const everyType = Object.entries(values).map(([name, value]) => attribute(`value.${name}`, value));
const controlCharacters = Array.from({ length: 8 }, (_, i) => attribute(randomText(i + 1, 12), text(randomText(i + 100, 64))));
const attributeSets = {
  none: [],
  text: [attribute('http.request.method', text('GET')), attribute('url.path', text('/a?b=c&d'))],
  everyType,
  controlCharacters,
} as const;
const anyAttributes = Object.values(attributeSets);
const resources = [
  { attributes: [attribute('service.name', text('golden'))] },
  { attributes: [attribute('service.name', text('golden')), attribute('host.name', text('h1')), attribute('team', text('a b'))] },
];
const scopes: readonly (PlainMessage | undefined)[] = [undefined, { name: 'golden.scope', version: '1.2.3' }];
const rowOf = <T>(rows: readonly T[], item: number): T => rows[item % rows.length]!;

const spanRows = pairwise({
  resource: resources,
  scope: scopes,
  parent: [false, true],
  kind: [0, 1, 2, 3, 4, 5],
  status: [undefined, { code: 1 }, { code: 2 }, { code: 2, message: 'it broke: "quoted"' }],
  tracestate: [undefined, 'one=1', 'a=1,b=2,c=3,d=4'],
  attributes: anyAttributes,
  events: [0, 1, 2, 8],
  links: [0, 1, 2, 8],
  durationNs: [1000n, 1_500_000_000n],
  dropped: [false, true],
});

/** Spans: kinds, states, parents, trace states, attributes, events and links. */
export const goldenSpans: Golden = (item) => {
  const row = rowOf(spanRows, item);
  const start = startNs + BigInt(item) * 1_000_000n;
  const traceId = id(32, item, 1);
  const events = Array.from({ length: row.events }, (_, i) => ({
    timeUnixNano: start + BigInt(i) * 10_000_000n,
    name: `event ${i}`,
    ...(i > 0 && { attributes: i % 2 === 0 ? everyType : attributeSets.text }),
    ...(row.dropped && { droppedAttributesCount: i + 1 }),
  }));
  const links = Array.from({ length: row.links }, (_, i) => ({
    traceId: id(32, item, 100 + i),
    spanId: id(16, item, 100 + i),
    ...(i > 0 && { traceState: `link=${i}`, attributes: attributeSets.text }),
    ...(row.dropped && { droppedAttributesCount: i + 1 }),
  }));
  const span = {
    traceId,
    spanId: id(16, item, 2),
    ...(row.parent && { parentSpanId: id(16, item, 3) }),
    ...(row.tracestate !== undefined && { traceState: row.tracestate }),
    name: `Golden Span ${item}`,
    ...(row.kind > 0 && { kind: row.kind }),
    startTimeUnixNano: start,
    endTimeUnixNano: start + row.durationNs,
    attributes: row.attributes,
    events,
    links,
    ...(row.status !== undefined && { status: row.status }),
    ...(row.dropped && { droppedAttributesCount: 4, droppedEventsCount: 5, droppedLinksCount: 6 }),
  };
  return { resourceSpans: [{ resource: row.resource, scopeSpans: [{ ...(row.scope && { scope: row.scope }), spans: [span] }] }] };
};

const logRows = pairwise({
  resource: resources,
  scope: scopes,
  body: [undefined, ...Object.values(values), text(randomText(7, 200))],
  severity: [0, 1, 9, 24],
  severityText: [undefined, 'Info'],
  attributes: anyAttributes,
  trace: [false, true],
  eventName: [undefined, 'golden.event'],
  dropped: [false, true],
});

/** Log records: bodies of all types, severities, trace contexts. */
export const goldenLogs: Golden = (item) => {
  const row = rowOf(logRows, item);
  const record = {
    timeUnixNano: startNs + BigInt(item),
    observedTimeUnixNano: startNs + BigInt(item) + 5n,
    ...(row.severity > 0 && { severityNumber: row.severity }),
    ...(row.severityText !== undefined && { severityText: row.severityText }),
    ...(row.body !== undefined && { body: row.body }),
    attributes: row.attributes,
    ...(row.dropped && { droppedAttributesCount: 3 }),
    ...(row.trace && { flags: 1, traceId: id(32, item, 1), spanId: id(16, item, 2) }),
    ...(row.eventName !== undefined && { eventName: row.eventName }),
  };
  return { resourceLogs: [{ resource: row.resource, scopeLogs: [{ ...(row.scope && { scope: row.scope }), logRecords: [record] }] }] };
};

type Point = Record<string, PlainField>;
const delta = 1;
const cumulative = 2;
/** The members of a point beside its times and attributes, by the type of its metric. */
const points: Readonly<Record<string, (item: number) => Point>> = {
  int: (item) => ({ asInt: BigInt(item) }),
  double: (item) => ({ asDouble: item + 0.5 }),
  histogram: (item) => ({ count: 6n, sum: item + 0.5, bucketCounts: [1n, 2n, 3n], explicitBounds: [0.1, 5] }),
  histogramWithRange: () => ({ count: 3n, sum: 4.5, bucketCounts: [1n, 2n], explicitBounds: [1], min: 0.5, max: 2.5 }),
  exponential: () => ({
    count: 6n,
    sum: 12.5,
    scale: 2,
    zeroCount: 1n,
    positive: { offset: -3, bucketCounts: [1n, 0n, 2n] },
    negative: { offset: 4, bucketCounts: [2n] },
    zeroThreshold: 0.001,
  }),
  summary: (item) => ({
    count: 20n,
    sum: item + 1.5,
    quantileValues: [
      { quantile: 0.5, value: 0.25 },
      { quantile: 0.99, value: 3.5 },
    ],
  }),
};
interface MetricKind {
  readonly field: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  readonly point: keyof typeof points;
  readonly temporality?: number;
  readonly monotonic?: boolean;
}
/** What Prometheus has too. */
const prometheusKinds: readonly MetricKind[] = [
  { field: 'gauge', point: 'int' },
  { field: 'gauge', point: 'double' },
  { field: 'sum', point: 'int', temporality: cumulative, monotonic: true },
  { field: 'sum', point: 'double', temporality: cumulative, monotonic: true },
  { field: 'sum', point: 'double', temporality: cumulative },
  { field: 'histogram', point: 'histogram', temporality: cumulative },
  { field: 'summary', point: 'summary' },
];
const otherKinds: readonly MetricKind[] = [
  { field: 'sum', point: 'int', temporality: delta, monotonic: true },
  { field: 'sum', point: 'double', temporality: delta },
  { field: 'histogram', point: 'histogramWithRange', temporality: delta },
  { field: 'exponentialHistogram', point: 'exponential', temporality: cumulative },
  { field: 'exponentialHistogram', point: 'exponential', temporality: delta },
];
const metricRows = pairwise({
  resource: resources,
  scope: scopes,
  kind: [...prometheusKinds, ...otherKinds],
  unit: [undefined, 's'],
  attributes: anyAttributes,
  points: [1, 2],
  flags: [0, 1],
  exemplar: [false, true],
});
const prometheusRows = pairwise({
  resource: [resources[0]!],
  scope: [undefined],
  kind: prometheusKinds,
  unit: [undefined],
  attributes: [attributeSets.none, [attribute('method', text('GET'))], [attribute('a', text('x "y" \\ z')), attribute('b', text('Grüße'))]],
  points: [1, 2],
  flags: [0],
  exemplar: [false],
});

function metricRequest(row: (typeof metricRows)[number] | (typeof prometheusRows)[number], item: number): PlainMessage {
  const { field, point, temporality, monotonic } = row.kind;
  const time = startNs + BigInt(item) * 1_000_000n;
  const exemplar = {
    timeUnixNano: time,
    asDouble: 0.5,
    spanId: id(16, item, 2),
    traceId: id(32, item, 1),
    filteredAttributes: attributeSets.text,
  };
  const dataPoints = Array.from({ length: row.points }, (_, i) => ({
    ...points[point]!(item + i),
    startTimeUnixNano: startNs - 1_000_000_000n,
    timeUnixNano: time,
    attributes: [...row.attributes, ...(i > 0 ? [attribute('point', text(String(i)))] : [])],
    ...(row.flags > 0 && { flags: row.flags }),
    ...(row.exemplar && field !== 'summary' && { exemplars: [exemplar] }),
  }));
  const metric = {
    name: `golden_${item}${monotonic === true ? '_total' : ''}`,
    description: `Golden metric ${item}`,
    ...(row.unit !== undefined && { unit: row.unit }),
    [field]: { dataPoints, ...(temporality && { aggregationTemporality: temporality }), ...(monotonic && { isMonotonic: true }) },
  };
  return { resourceMetrics: [{ resource: row.resource, scopeMetrics: [{ ...(row.scope && { scope: row.scope }), metrics: [metric] }] }] };
}

/** Metrics of all types and temporalities. */
export const goldenMetrics: Golden = (item) => metricRequest(rowOf(metricRows, item), item);

/** Metrics that Prometheus can hold. */
export const goldenPrometheusMetrics: Golden = (item) => metricRequest(rowOf(prometheusRows, item), item);
