import type { Position } from './problem.ts';
import { setOwn } from './schema.ts';

/** A text that values come from. */
export interface Source {
  /** As the user named it: a path, a URL, or a flag such as `--set a.b`. */
  readonly name: string;
  /** The text that offsets count in; absent where lines mean nothing to the user. */
  readonly text?: string;
}

/** Where a value stands: an offset (in UTF-16 units) in its source. */
export interface Place {
  readonly source: Source;
  readonly offset: number;
}

interface NodeBase {
  readonly place: Place;
  /** What a reference such as `${env:X}` gave as text, when the whole value is one reference: a setting of type string takes this. */
  readonly original?: string;
}

/** A value that knows where it stands. A bigint is an integer beyond what a number holds exactly. */
export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: string | number | bigint | boolean | null;
  /** Of a number: it was written with a fraction or an exponent, such as `1.0`. */
  readonly isFloat?: boolean;
}

/** A list that knows where it stands. */
export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
}

/** A key with its place, and its value. */
export interface MapEntry {
  readonly place: Place;
  readonly node: ConfigNode;
}

/** A map that knows where it stands, in the order of the file. */
export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** A tree of configuration in which every value knows where it stands. */
export type ConfigNode = ScalarNode | ListNode | MapNode;

/** How deep maps and lists may be nested. */
export const maxDepth = 200;

/** Line and column of a place, counted from 1. */
export function positionOf(place: Place): Position {
  const { name, text } = place.source;
  if (text === undefined) return { file: name };
  const before = text.slice(0, place.offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { file: name, line: before.split('\n').length, column: place.offset - lineStart + 1 };
}

/** True for null, an empty value, and a reference to a variable that is not set. */
export function isNull(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** What a value is called in the Collector's messages. */
export function goTypeOf(node: ConfigNode): string {
  if (node.kind === 'map') return 'map[string]interface {}';
  if (node.kind === 'list') return '[]interface {}';
  if (node.value === null) return 'nil';
  if (typeof node.value === 'boolean') return 'bool';
  if (typeof node.value === 'number') return Number.isInteger(node.value) ? 'int' : 'float64';
  return typeof node.value === 'bigint' ? 'int' : 'string';
}

/** As `goTypeOf`, in the shorter words of other messages. */
export function goKindOf(node: ConfigNode): string {
  return { map: 'map', list: 'slice', scalar: goTypeOf(node) }[node.kind];
}

/** The value that stands under keys and indexes, and where it or the nearest parent stands. */
export function nodeAt(root: ConfigNode, path: readonly (string | number)[]): { readonly node?: ConfigNode; readonly place: Place } {
  let node = root;
  let place = root.place;
  for (const key of path) {
    const entry: MapEntry | undefined = node.kind === 'map' ? node.entries.get(String(key)) : undefined;
    const next: ConfigNode | undefined = node.kind === 'list' ? node.items[Number(key)] : entry?.node;
    if (next === undefined) return { place };
    place = entry?.place ?? next.place;
    node = next;
  }
  return { node, place };
}

/** The JSON Schema type of a value. */
export function naturalType(node: ConfigNode): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'object' : 'array';
  if (node.value === null) return 'null';
  if (typeof node.value === 'bigint') return 'integer';
  if (typeof node.value === 'number') return Number.isInteger(node.value) ? 'integer' : 'number';
  return typeof node.value;
}

/** The value as telemetry has it, for a setting of `x-telemetry-value`: an integer is a bigint, any other number a number. */
export function telemetryValue(node: ConfigNode): unknown {
  if (node.kind === 'list') return node.items.map(telemetryValue);
  if (node.kind === 'scalar') {
    if (node.value === null) return undefined;
    return typeof node.value === 'number' && node.isFloat !== true && Number.isInteger(node.value) ? BigInt(node.value) : node.value;
  }
  const value: Record<string, unknown> = {};
  for (const [key, entry] of node.entries) setOwn(value, key, telemetryValue(entry.node));
  return value;
}

/** The value as YAML means it, for a setting that takes anything. */
export function plainValue(node: ConfigNode): unknown {
  if (node.kind === 'list') return node.items.map(plainValue);
  if (node.kind === 'scalar') return typeof node.value === 'bigint' ? Number(node.value) : node.value;
  const value: Record<string, unknown> = {};
  for (const [key, entry] of node.entries) setOwn(value, key, plainValue(entry.node));
  return value;
}
