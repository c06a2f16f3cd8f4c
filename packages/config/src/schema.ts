import type { Fault } from './constraints.ts';
import { durationMs } from './duration.ts';

/** A JSON Schema as components write it: the keywords that the checker knows, and this project's own `x-` keywords. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-null-enables'?: boolean;
  readonly 'x-secret'?: boolean;
  readonly 'x-unsupported'?: string;
  readonly 'x-deprecated'?: string;
  readonly 'x-map-list'?: boolean;
  readonly 'x-enum-insensitive'?: boolean;
  readonly 'x-telemetry-value'?: boolean;
  readonly 'x-described-in'?: string;
}

/** This project's own keywords. */
export const ownKeywords: readonly string[] = [
  'x-null-enables',
  'x-secret',
  'x-unsupported',
  'x-deprecated',
  'x-map-list',
  'x-enum-insensitive',
  'x-telemetry-value',
  'x-advanced',
  'x-described-in',
];

/** The formats a string can have, with what is wrong with a text that has not. */
export type Formats = Readonly<Record<string, (text: string) => Fault | undefined>>;

/** The formats of every component's schema. */
/** The formats of every component's schema. */
export const componentFormats: Formats = {
  duration: (text) => {
    try {
      durationMs(text);
      return undefined;
    } catch (error) {
      return { message: (error as Error).message, expected: 'a duration such as 200ms, 5s or 1h30m' };
    }
  },
};

/** Keywords whose values are schemas. */
const nestedMaps: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs']);
const nestedSchemas: ReadonlySet<string> = new Set(['additionalProperties', 'propertyNames', 'items']);
/** Keywords that the checker understands by itself (see `Schema`), and, in the last line, those that say nothing about a value. */
const understood: ReadonlySet<string> = new Set(
  [
    ownKeywords.join(' '),
    'type required $ref default enum const pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf',
    'minLength maxLength minItems maxItems uniqueItems minProperties maxProperties',
    '$schema $id $comment title description examples deprecated',
  ].flatMap((line) => line.split(' ')),
);

/** The keywords that a schema is written with. */
export const schemaKeywords: readonly string[] = [...nestedMaps, ...nestedSchemas, ...understood, 'anyOf', 'format'];

/** The first keyword (or format) in a schema that the checker leaves to ajv. */
export function keywordForAjv(schema: unknown, formats: Formats): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  for (const [keyword, value] of Object.entries(schema)) {
    let nested: readonly unknown[] = [];
    if (nestedMaps.has(keyword)) nested = Object.values(value as object);
    else if (nestedSchemas.has(keyword)) nested = [value];
    else if (keyword === 'anyOf') nested = value as readonly unknown[];
    else if (keyword === 'format' && Object.hasOwn(formats, String(value))) continue;
    else if (!understood.has(keyword)) return keyword;
    for (const inner of nested) {
      const found = keywordForAjv(inner, formats);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The types a schema allows, with what its other keywords imply; empty when it allows anything. */
export function typesOf(schema: Schema): readonly string[] {
  if (schema.type !== undefined) return typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (schema.properties !== undefined || schema['x-map-list'] === true) return ['object'];
  return schema.items === undefined ? [] : ['array'];
}

/** Sets a key of an object that a user may have named anything, `__proto__` included. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/** The schema behind a `$ref` into the same document. */
export function dereference(schema: Schema, root: Schema): Schema {
  let current = schema;
  for (let hops = 0; current.$ref !== undefined && hops < 100; hops++) {
    let target: unknown = root;
    for (const part of current.$ref.split('/').slice(1)) target = (target as Record<string, unknown> | undefined)?.[part];
    if (!current.$ref.startsWith('#') || typeof target !== 'object' || target === null)
      throw new Error(`cannot follow $ref ${current.$ref}`);
    const { $ref: _, ...beside } = current;
    current = { ...(target as Schema), ...beside };
  }
  return current;
}

/** A property's default, with the defaults of what is inside it; undefined without one. */
export function defaultOf(schema: Schema, root: Schema): unknown {
  const resolved = dereference(schema, root);
  return resolved.default === undefined ? undefined : withDefaults(resolved, resolved.default, root);
}

function withDefaults(schema: Schema, value: unknown, root: Schema): unknown {
  if (Array.isArray(value))
    return value.map((item) => (schema.items === undefined ? item : withDefaults(dereference(schema.items, root), item, root)));
  if (typeof value !== 'object' || value === null) return value;
  const filled: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const property = schema.properties?.[key];
    setOwn(filled, key, property === undefined ? inner : withDefaults(dereference(property, root), inner, root));
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(filled, key)) continue;
    const inner = defaultOf(property, root);
    if (inner !== undefined) filled[key] = inner;
  }
  return filled;
}

/** What the Collector calls a JSON Schema type. */
export function goName(type: string): string {
  return { integer: 'int', number: 'float64', boolean: 'bool', object: 'map', array: 'slice' }[type] ?? type;
}
