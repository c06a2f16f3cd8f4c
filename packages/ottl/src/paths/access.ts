import type { ContextName } from '../context-name.ts';
import type { EditableMap } from '../editable-map.ts';
import { OttlError } from '../ottl-error.ts';
import { Time } from '../time.ts';
import type { TransformContext } from '../transform-context.ts';
import { Id, typeName } from '../value.ts';
import type { Value } from '../value.ts';
import type { IndexKey } from '../values/index-key.ts';

/** How a path is read and written. The optional members are shortcuts that mean the same as going through `get` and `set`. */
export interface Access {
  get(context: TransformContext): Value;
  set(context: TransformContext, value: Value): void;
  /** The path is a map that can be changed in place. */
  map?(context: TransformContext): EditableMap;
  /** The value when it is a number, rounded beyond 2^53; undefined for anything else. */
  number?(context: TransformContext): number | undefined;
  isNil?(context: TransformContext): boolean;
  /** Whether the value is this string. */
  equals?(text: string): (context: TransformContext) => boolean;
  /** A setter of this string. */
  setText?(text: string): (context: TransformContext) => void;
}

/** One path of a context. */
export interface PathEntry {
  /** Whether the path may be followed by keys. */
  readonly indexable?: true;
  access(keys: readonly IndexKey[]): Access;
}

/** The paths of a context by their segments, joined by dots. */
export type PathTable = { readonly [path: string]: PathEntry };

/** The paths of a context, with the name that a change of them is booked under. */
export interface PathOwner {
  readonly name: ContextName;
  readonly paths: PathTable;
}

type Read<T> = (context: TransformContext) => T;
type Write<T> = (context: TransformContext, value: T) => void;

function mismatch(wanted: string, value: Value): OttlError {
  return new OttlError(`expects ${wanted} but got ${typeName(value)}`);
}

/** The int that a setter was given. */
export function expectInt(value: Value): bigint {
  if (typeof value !== 'bigint') throw mismatch('int64', value);
  return value;
}

/** The string that a setter was given. */
export function expectText(value: Value): string {
  if (typeof value !== 'string') throw mismatch('string', value);
  return value;
}

/** The float that a setter was given. */
export function expectFloat(value: Value): number {
  if (typeof value !== 'number') throw mismatch('float64', value);
  return value;
}

/** The bool that a setter was given. */
export function expectBool(value: Value): boolean {
  if (typeof value !== 'boolean') throw mismatch('bool', value);
  return value;
}

/** A path without keys. */
export function entry(access: Access): PathEntry {
  return { access: () => access };
}

/** A path to a string. */
export function textEntry(get: Read<string>, set: Write<string>, shortcuts: Partial<Access> = {}): PathEntry {
  return entry({ get, set: (context, value) => set(context, expectText(value)), ...shortcuts });
}

/** A path to an int of at most 53 bits. */
export function numberEntry(get: Read<number>, set: Write<bigint>): PathEntry {
  return entry({ get: (context) => BigInt(get(context)), set: (context, value) => set(context, expectInt(value)), number: get });
}

/** A path to an int. */
export function intEntry(get: Read<bigint | undefined>, set: Write<bigint>): PathEntry {
  return entry({ get, set: (context, value) => set(context, expectInt(value)) });
}

/** The two paths of a fixed64 of nanoseconds: as an int and as a time. */
export function timeEntries(get: Read<bigint>, set: Write<bigint>): { readonly int: PathEntry; readonly time: PathEntry } {
  return {
    int: intEntry((context) => BigInt.asIntN(64, get(context)), set),
    time: entry({
      get: (context) => new Time(BigInt.asIntN(64, get(context))),
      set(context, value) {
        if (!(value instanceof Time)) throw mismatch('time.Time', value);
        set(context, value.unixNanos);
      },
    }),
  };
}

const idDigits = { trace: 32, span: 16 } as const;
const idTypes = { trace: 'pcommon.TraceID', span: 'pcommon.SpanID' } as const;

/** The two paths of an id: as an id and as hexadecimal digits. `set` gets no bytes for the empty id. */
export function idEntries(
  kind: 'trace' | 'span',
  get: Read<string>,
  set: Write<Uint8Array | undefined>,
): { readonly id: PathEntry; readonly text: PathEntry } {
  const zero = '0'.repeat(idDigits[kind]);
  const read = (context: TransformContext): string => get(context) || zero;
  const write = (context: TransformContext, hex: string): void => set(context, hex === zero ? undefined : Buffer.from(hex, 'hex'));
  return {
    id: entry({
      get: (context) => new Id(kind, read(context)),
      set(context, value) {
        if (!(value instanceof Id) || value.kind !== kind) throw mismatch(idTypes[kind], value);
        write(context, value.hex);
      },
    }),
    text: textEntry(read, (context, hex) => {
      if (hex.length >> 1 !== zero.length >> 1) throw new OttlError(`${kind} ids must be ${zero.length} hex characters`);
      const bad = /[^0-9a-fA-F]/u.exec(hex)?.[0];
      if (bad !== undefined || hex.length % 2 !== 0) throw new OttlError(badDigit(bad));
      write(context, hex.toLowerCase());
    }),
  };
}

function badDigit(digit: string | undefined): string {
  if (digit === undefined) return 'encoding/hex: odd length hex string';
  return `encoding/hex: invalid byte: U+${digit.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} '${digit}'`;
}
