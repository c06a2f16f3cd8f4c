import { key } from '@millrace/wire';
import type { EditableListView, SpanView } from '@millrace/wire';
import { OttlError } from '../ottl-error.ts';
import type { TransformContext } from '../transform-context.ts';
import { Opaque, typeName } from '../value.ts';
import type { Value } from '../value.ts';
import type { IndexKey } from '../values/index-key.ts';
import { entry, expectText, idEntries, numberEntry, textEntry, timeEntries } from './access.ts';
import type { Access, PathEntry, PathOwner } from './access.ts';
import { attributesEntry } from './map-entry.ts';
import { formatTraceState, insertMember, parseTraceState } from './trace-state.ts';

const uint32 = (value: bigint): bigint => BigInt.asUintN(32, value);
const int32 = (value: bigint): bigint => BigInt.asIntN(32, value);

const traceId = idEntries(
  'trace',
  ({ span }) => span.traceIdHex,
  ({ span }, bytes) => setId(span, 1, bytes),
);
const spanId = idEntries(
  'span',
  ({ span }) => span.spanIdHex,
  ({ span }, bytes) => setId(span, 2, bytes),
);
const parentSpanId = idEntries(
  'span',
  ({ span }) => span.parentSpanIdHex,
  ({ span }, bytes) => setId(span, 4, bytes),
);
const startTime = timeEntries(
  ({ span }) => span.startTimeUnixNano,
  ({ span }, nanos) => span.fields.setFixed64(7, nanos),
);
const endTime = timeEntries(
  ({ span }) => span.endTimeUnixNano,
  ({ span }, nanos) => span.fields.setFixed64(8, nanos),
);

function setId({ fields }: SpanView, field: number, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) fields.remove(field, 2);
  else fields.setBytes(field, bytes);
}

const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const deprecatedKinds = kinds.map((kind) => `SPAN_KIND_${kind.toUpperCase()}`);

function kindEntry(names: readonly string[], what: string): PathEntry {
  return textEntry(
    ({ span }) => names[span.kind] ?? '',
    ({ span }, name) => {
      const kind = names.indexOf(name);
      if (kind < 0) throw new OttlError(`unknown ${what}, ${name}`);
      span.fields.setVarint(6, kind);
    },
  );
}

/** A list that can only be given to itself, which empties it, as the Collector does. */
function listEntry(type: string, of: (context: TransformContext) => EditableListView<unknown>): PathEntry {
  return entry({
    get: (context) => new Opaque(type, of(context).size),
    set(context, value) {
      expectOpaque(type, value);
      const list = of(context);
      for (let i = 0; i < list.size; i++) list.drop(i);
    },
  });
}

function expectOpaque(type: string, value: Value): void {
  if (!(value instanceof Opaque) || value.type !== type) throw new OttlError(`expects ${type} but got ${typeName(value)}`);
}

function traceStateAccess(keys: readonly IndexKey[]): Access {
  if (keys.length === 0) return { get: ({ span }) => span.traceState, set: ({ span }, value) => span.setTraceState(expectText(value)) };
  if (keys.length !== 1) throw new Error('must provide exactly 1 key when accessing trace_state');
  const name = keys[0]!.text;
  const keyName = (): string => {
    if (name === undefined) throw new OttlError('trace_state indexing type must be a string');
    return name;
  };
  return {
    get({ span }) {
      const state = parseTraceState(span.traceState);
      return state && (state.find(([member]) => member === keyName())?.[1] ?? '');
    },
    set({ span }, value) {
      const text = expectText(value);
      const state = parseTraceState(span.traceState);
      const updated = state && insertMember(state, keyName(), text);
      if (updated !== undefined) span.setTraceState(formatTraceState(updated));
    },
  };
}

/** `span.name` and its like. */
export const spanPaths: PathOwner = {
  name: 'span',
  paths: {
    trace_id: traceId.id,
    'trace_id.string': traceId.text,
    span_id: spanId.id,
    'span_id.string': spanId.text,
    parent_span_id: parentSpanId.id,
    'parent_span_id.string': parentSpanId.text,
    trace_state: { indexable: true, access: traceStateAccess },
    name: textEntry(
      ({ span }) => span.name,
      ({ span }, value) => span.setName(value),
      {
        equals(text) {
          const literal = key(text);
          return ({ span }) => span.nameEquals(literal);
        },
      },
    ),
    kind: numberEntry(
      ({ span }) => span.kind,
      ({ span }, value) => span.fields.setVarint(6, int32(value)),
    ),
    'kind.string': kindEntry(kinds, 'span kind string'),
    'kind.deprecated_string': kindEntry(deprecatedKinds, 'span kind deprecated string'),
    start_time_unix_nano: startTime.int,
    start_time: startTime.time,
    end_time_unix_nano: endTime.int,
    end_time: endTime.time,
    attributes: attributesEntry(({ span }) => span.attributes),
    dropped_attributes_count: numberEntry(
      ({ span }) => span.droppedAttributesCount,
      ({ span }, value) => span.fields.setVarint(10, uint32(value)),
    ),
    events: listEntry('ptrace.SpanEventSlice', ({ span }) => span.events),
    dropped_events_count: numberEntry(
      ({ span }) => span.droppedEventsCount,
      ({ span }, value) => span.fields.setVarint(12, uint32(value)),
    ),
    links: listEntry('ptrace.SpanLinkSlice', ({ span }) => span.links),
    dropped_links_count: numberEntry(
      ({ span }) => span.droppedLinksCount,
      ({ span }, value) => span.fields.setVarint(14, uint32(value)),
    ),
    status: entry({ get: () => new Opaque('ptrace.Status'), set: (_, value) => expectOpaque('ptrace.Status', value) }),
    'status.code': numberEntry(
      ({ span }) => span.statusCode,
      ({ span }, value) => span.setStatus(Number(int32(value))),
    ),
    'status.message': textEntry(
      ({ span }) => span.statusMessage,
      ({ span }, value) => span.setStatus(span.statusCode, value),
    ),
    flags: numberEntry(
      ({ span }) => span.flags,
      ({ span }, value) => {
        if (uint32(value) !== value) throw new OttlError(`value ${value} is out of range for uint32`);
        span.fields.setFixed32(16, Number(value));
      },
    ),
  },
};
