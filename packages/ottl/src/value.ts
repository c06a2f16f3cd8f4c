import type { Duration, Time } from './time.ts';

/**
 * What an expression yields:
 * - nil is `undefined`;
 * - an int is a `bigint` (always within 64 bits), a float a `number`;
 * - a map is a `Map` in the order of its entries. Maps and lists that a getter returns are snapshots: they are never changed in place, functions
 *   that change one make a new one.
 */
export type Value = undefined | string | bigint | number | boolean | Uint8Array | Time | Duration | Id | Opaque | ValueList | ValueMap;

/** A list of values. */
export type ValueList = readonly Value[];

/** A map of values. */
export type ValueMap = ReadonlyMap<string, Value>;

/** A trace, span or profile id, which is neither bytes nor a string: `trace_id == TraceID(0x...)`, `Hex(span_id)`. */
export class Id {
  readonly kind: 'trace' | 'span' | 'profile';
  /** Lower-case hexadecimal digits; all zero for the empty id. */
  readonly hex: string;

  constructor(kind: 'trace' | 'span' | 'profile', hex: string) {
    this.kind = kind;
    this.hex = hex;
  }

  get bytes(): Uint8Array {
    return Buffer.from(this.hex, 'hex');
  }
}

/**
 * A value that has no form in the language, such as `span.events` or `datapoint.positive`: it can be compared with nil, counted by `Len`, and
 * assigned to a path of its own kind.
 */
export class Opaque {
  /** What the Collector calls the type in errors, such as `ptrace.SpanEventSlice`. */
  readonly type: string;
  /** Number of elements; undefined when it is no list. */
  readonly size: number | undefined;
  /** Its encoded message, where it can be assigned elsewhere. */
  readonly message: Uint8Array | undefined;

  constructor(type: string, size?: number, message?: Uint8Array) {
    this.type = type;
    this.size = size;
    this.message = message;
  }
}

/** What the Collector calls the type of a value in errors, such as `int64` or `pcommon.Map`. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case 'undefined':
      return '<nil>';
    case 'string':
      return 'string';
    case 'bigint':
      return 'int64';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    default:
      return objectTypeName(value);
  }
}

const idTypes = { trace: 'pcommon.TraceID', span: 'pcommon.SpanID', profile: 'pprofile.ProfileID' } as const;

function objectTypeName(value: Exclude<Value, undefined | string | bigint | number | boolean>): string {
  if (value instanceof Uint8Array) return '[]uint8';
  if (value instanceof Map) return 'pcommon.Map';
  if (value instanceof Id) return idTypes[value.kind];
  if (value instanceof Opaque) return value.type;
  if ('unixNanos' in value) return 'time.Time';
  if ('nanos' in value) return 'time.Duration';
  return 'pcommon.Slice';
}

/** Narrows to a map. */
export function isMap(value: Value): value is ValueMap {
  return value instanceof Map;
}

/** Narrows to a list. */
export function isList(value: Value): value is ValueList {
  return Array.isArray(value);
}
