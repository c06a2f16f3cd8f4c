import { createHash } from 'node:crypto';
import { narrower } from '../../packages/wire/test/differences.ts';
import { decodeJson } from '../../packages/wire/test/json-reference.ts';
import { decode, refusal } from '../../packages/wire/test/reference.ts';
import type { PlainMessage } from '../../packages/wire/test/reference.ts';
import { decode as undo, isBomb } from './codings.ts';
import type { Coding } from './codings.ts';

/** The signals that are sent. */
export const fuzzedSignals = ['traces', 'metrics', 'logs'] as const;

/** One of them. */
export type FuzzedSignal = (typeof fuzzedSignals)[number];

/** The request message of a signal. */
export const requestNames: Readonly<Record<FuzzedSignal, string>> = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
};

/** A request body. */
export interface Input {
  readonly signal: FuzzedSignal;
  readonly encoding: 'protobuf' | 'json';
  readonly body: Buffer;
  /** How the body is compressed on its way. */
  readonly coding?: Coding | undefined;
  /** What is sent: the compressed body, perhaps damaged, or a bomb. */
  readonly sent: Buffer;
}

interface UnknownField {
  readonly no: number;
  readonly wireType: number;
  readonly data: Uint8Array;
}

/** An unknown field by its value: zero bits that pad a varint or a length do not count. */
function unknownField({ no, wireType, data }: UnknownField): string {
  let end = 0;
  let value = 0n;
  if (wireType === 0 || wireType === 2) {
    do value |= BigInt(data[end]! & 127) << BigInt(end * 7);
    while (data[end++]! > 127);
  }
  return `${no}.${wireType}=${BigInt.asUintN(64, value)}#${Buffer.from(data.subarray(end)).toString('hex')}`;
}

function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `#${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([name, member]) => `${name}:${name === '$unknown' ? (member as UnknownField[]).map(unknownField).join(',') : canonical(member)}`,
      )
      .join(',')}}`;
  }
  if (typeof value === 'string') return JSON.stringify(value);
  return `${Object.is(value, -0) ? '-0' : String(value)}${typeof value === 'bigint' ? 'n' : ''}`;
}

const childLists = [
  'resourceSpans',
  'scopeSpans',
  'spans',
  'resourceMetrics',
  'scopeMetrics',
  'metrics',
  'dataPoints',
  'resourceLogs',
  'scopeLogs',
  'logRecords',
];
const metricTypes = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
const itemLists = ['spans', 'dataPoints', 'logRecords'];

function collect(message: PlainMessage, headers: string, items: string[]): void {
  const own: PlainMessage = {};
  const below: [string, PlainMessage[]][] = [];
  for (const [name, value] of Object.entries(message)) {
    if (childLists.includes(name)) below.push([name, value as PlainMessage[]]);
    else if (metricTypes.includes(name)) below.push([name, [value as PlainMessage]]);
    // What is unknown in the request itself belongs to no item.
    else if (name !== '$unknown' || headers !== '') own[name] = value;
  }
  const path = `${headers}/${canonical(own)}`;
  for (const [name, children] of below) {
    for (const child of children) {
      if (!itemLists.includes(name)) collect(child, `${path}/${name}`, items);
      else items.push(createHash('sha1').update(path).update(canonical(child)).digest('base64'));
    }
  }
}

/** A digest of each item of a request together with all that stands above it: resource, scope, metric, unknown fields. */
export function itemsOf(message: PlainMessage): string[] {
  const items: string[] = [];
  collect(message, '', items);
  return items;
}

/** What the reference says of a body. */
export interface Judgement {
  /** `either`: only one half of the reference reads it (see `narrower`). `unknown`: it cannot read what may be legal, nor an output that holds it. */
  readonly verdict: 'accept' | 'refuse' | 'either' | 'unknown';
  readonly items: readonly string[];
}

/** Asks the reference. */
export function judge({ signal, encoding, body: plain, coding, sent }: Input): Judgement {
  let body = plain;
  if (isBomb(sent)) return { verdict: 'refuse', items: [] };
  if (coding !== undefined) {
    try {
      body = undo(coding, sent);
    } catch {
      return { verdict: 'refuse', items: [] };
    }
  }
  const strict = encoding === 'json' ? undefined : refusal(signal, body);
  const isNarrow = strict !== undefined && narrower.test(strict);
  try {
    const items = itemsOf(encoding === 'json' ? decodeJson(requestNames[signal], body) : decode(signal, body));
    return { verdict: strict === undefined ? 'accept' : isNarrow ? 'either' : 'refuse', items };
  } catch (error) {
    return { verdict: /varint overflows uint32/.test((error as Error).message) ? 'unknown' : 'refuse', items: [] };
  }
}
