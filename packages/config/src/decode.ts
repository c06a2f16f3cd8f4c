import { constraintProblem } from './constraints.ts';
import { goKindOf, goTypeOf, isNull, naturalType, plainValue, telemetryValue } from './config-node.ts';
import type { ConfigNode, ListNode, MapNode, Place, ScalarNode } from './config-node.ts';
import { broken, DecodeReport } from './decode-report.ts';
import type { DecodeTarget, Spot } from './decode-report.ts';
import { nearest } from './nearest.ts';
import { defaultOf, dereference, setOwn, typesOf } from './schema.ts';
import type { Schema } from './schema.ts';

/** Turns a tree of configuration into the value that a schema describes: the Collector's typing, defaults filled in, every problem recorded. */
export class Decoder {
  readonly report: DecodeReport;
  /** The texts under `x-secret`, so that they can be kept out of messages that others write. */
  readonly secrets = new Set<string>();
  readonly #target: DecodeTarget;

  constructor(target: DecodeTarget) {
    this.#target = target;
    this.report = new DecodeReport(target);
  }

  /** The decoded value; usable only when no problem was recorded. `place` is where the value would stand if it were there. */
  decode(node: ConfigNode | undefined, place: Place): unknown {
    const { schema, path, label } = this.#target;
    const present = node === undefined || isNull(node) ? emptyMap(place) : node;
    return this.#value(schema, present, { path, label, place, secret: false });
  }

  #value(unresolved: Schema, node: ConfigNode, outer: Spot): unknown {
    const schema = dereference(unresolved, this.#target.schema);
    const spot = schema['x-secret'] === true ? { ...outer, secret: true } : outer;
    if (schema.anyOf !== undefined) return this.#anyOf(schema, schema.anyOf, node, spot);
    const value = this.#typed(schema, node, spot);
    if (value === broken) return value;
    if (spot.secret) collectTexts(value, this.secrets);
    const fault = constraintProblem(schema, value, this.#target.formats, spot.secret);
    if (fault === undefined) return value;
    return this.report.fail(spot, fault);
  }

  #typed(schema: Schema, node: ConfigNode, spot: Spot): unknown {
    const types = typesOf(schema);
    if (types.length === 0) return schema['x-telemetry-value'] === true ? telemetryValue(node) : plainValue(node);
    if (isNull(node) && types.includes('null')) return null;
    const fitting = types.filter((type) => type === naturalType(node) || (type === 'number' && naturalType(node) === 'integer'));
    const type = fitting[0] ?? (types.includes('string') ? 'string' : types[0]!);
    if (type === 'object') return this.#object(schema, node, spot);
    if (type === 'array') return this.#list(schema, node, spot);
    if (type === 'string') return this.#string(schema, node, spot);
    return node.kind === 'scalar' && fitting.length > 0 ? this.#exact(node, spot) : this.report.wrongType(spot, types, node);
  }

  #exact(node: ScalarNode, spot: Spot): unknown {
    if (typeof node.value !== 'bigint') return node.value;
    return this.report.fail(spot, {
      message: `${node.value} is beyond the integers that are exact here`,
      expected: `an integer from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`,
    });
  }

  #string(schema: Schema, node: ConfigNode, spot: Spot): unknown {
    if (schema.format === 'duration') return this.#duration(node, spot);
    if (node.kind === 'scalar' && typeof node.value === 'string') return insensitive(schema, node.value);
    if (node.original === undefined) return this.report.wrongType(spot, ['string'], node);
    return insensitive(schema, node.original);
  }

  /** As in Go, a number counts nanoseconds; only 0 can be meant that way. */
  #duration(node: ConfigNode, spot: Spot): unknown {
    if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
    if (node.kind !== 'scalar' || typeof node.value !== 'number') return this.report.wrongType(spot, ['string'], node, 'time.Duration');
    if (node.value === 0) return '0s';
    const suggestion = `${node.value}s`;
    this.report.warn(spot, { message: 'a duration without a unit counts nanoseconds', suggestion });
    return `${Math.trunc(node.value)}ns`;
  }

  #list(schema: Schema, node: ConfigNode, spot: Spot): unknown {
    const items = schema.items ?? {};
    if (node.kind === 'list') return this.#items(items, node, spot);
    const commas = typesOf(items).includes('string') && items.format !== 'component-id';
    if (commas && node.kind === 'scalar' && typeof node.value === 'string') {
      const parts = node.value === '' ? [] : node.value.split(',');
      return this.#items(
        items,
        { kind: 'list', place: node.place, items: parts.map((value) => ({ kind: 'scalar', value, place: node.place })) },
        spot,
      );
    }
    const expected = 'a list, such as [a, b]';
    return this.report.fail(spot, { message: `source data must be an array or slice, got ${goKindOf(node)}`, expected });
  }

  #items(schema: Schema, node: ListNode, spot: Spot): unknown {
    const values = node.items.map((item, index) => {
      const inner = { ...spot, path: `${spot.path}::${index}`, label: `${spot.label}[${index}]`, place: item.place };
      return this.#element(schema, item, inner);
    });
    return values.includes(broken) ? broken : values;
  }

  /** An item of a list, or a value of a map with free keys: null is the empty value of its type. */
  #element(unresolved: Schema, node: ConfigNode, spot: Spot): unknown {
    if (!isNull(node)) return this.#value(unresolved, node, spot);
    const schema = dereference(unresolved, this.#target.schema);
    const types = typesOf(schema);
    if (types.length === 0 || types.includes('null')) return null;
    const byDefault = defaultOf(schema, this.#target.schema);
    if (byDefault !== undefined) return byDefault;
    if (types.includes('object')) return this.#value(schema, emptyMap(spot.place), spot);
    if (types.includes('array')) return [];
    return types.includes('string')
      ? this.#value(schema, { ...node, original: node.original ?? '' }, spot)
      : this.report.wrongType(spot, types, node);
  }

  #object(schema: Schema, node: ConfigNode, spot: Spot): unknown {
    if (schema['x-map-list'] === true && node.kind === 'list') return this.#mapList(schema, node, spot);
    if (node.kind === 'map') return this.#map(schema, node, spot);
    if (spot.label === '') return this.report.wrongType(spot, ['object'], node, 'map[string]interface {}');
    return this.report.fail(spot, { message: `expected a map or struct, got "${goKindOf(node)}"` });
  }

  #map(schema: Schema, node: MapNode, spot: Spot): unknown {
    const value: Record<string, unknown> = {};
    let intact = true;
    const put = (key: string, inner: unknown): void => {
      if (inner === broken) intact = false;
      else if (inner !== undefined) setOwn(value, key, inner);
    };
    for (const [key, entry] of node.entries) {
      const property = schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
      const place = entry.place;
      const path = `${spot.path}::${key}`;
      if (property !== undefined) {
        put(key, this.#property(property, entry.node, { ...spot, path, label: join(spot.label, key), place }, required(schema, key)));
      } else {
        put(key, this.#freeKey(schema, key, entry.node, { ...spot, path, label: `${spot.label}[${key}]`, place }, spot));
      }
    }
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      if (!node.entries.has(key)) put(key, defaultOf(property, this.#target.schema));
    }
    for (const key of schema.required ?? []) {
      const missing = !Object.hasOwn(value, key) && (!node.entries.has(key) || isNull(node.entries.get(key)!.node));
      if (missing) put(key, this.report.fail(spot, { message: `requires a non-empty "${key}"` }));
    }
    return intact ? value : broken;
  }

  #property(unresolved: Schema, node: ConfigNode, spot: Spot, isRequired: boolean): unknown {
    const schema = dereference(unresolved, this.#target.schema);
    if (isAbsent(schema, node)) {
      if (schema['x-null-enables'] === true) return this.#value(schema, emptyMap(node.place), spot);
      return defaultOf(schema, this.#target.schema);
    }
    const deprecation = schema['x-deprecated'];
    if (deprecation !== undefined) this.report.warn(spot, { message: `is deprecated: ${deprecation}` });
    const refusal = schema['x-unsupported'];
    if (refusal !== undefined) return this.#unsupported(schema, node, spot, refusal);
    const isOptional =
      schema.properties !== undefined && schema.default === undefined && !isRequired && !Object.hasOwn(schema.properties, 'enabled');
    return isOptional && node.kind === 'map' && node.entries.has('enabled')
      ? this.#optional(schema, node, spot)
      : this.#value(schema, node, spot);
  }

  /** A section that is off unless it is mentioned can be switched off inside it too: `enabled: false`. */
  #optional(schema: Schema, node: MapNode, spot: Spot): unknown {
    const entries = new Map(node.entries);
    const { node: enabled, place } = entries.get('enabled')!;
    entries.delete('enabled');
    const value = this.#value(schema, { ...node, entries }, spot);
    if (enabled.kind === 'scalar' && typeof enabled.value === 'boolean') return enabled.value ? value : undefined;
    const shown = enabled.kind === 'scalar' && !spot.secret ? String(enabled.value) : goKindOf(enabled);
    const message = `unexpected type ${goTypeOf(enabled)} for 'enabled': got '${shown}' value expected 'true' or 'false'`;
    return this.report.fail({ ...spot, path: `${spot.path}::enabled`, place }, { message });
  }

  /** Setting it to what it is anyway asks for nothing. */
  #unsupported(schema: Schema, node: ConfigNode, spot: Spot, refusal: string): unknown {
    const byDefault = defaultOf(schema, this.#target.schema);
    if (byDefault !== undefined && JSON.stringify(plainValue(node)) === JSON.stringify(byDefault)) return byDefault;
    return this.report.fail(spot, { message: `is not supported: ${refusal}` }, 'unsupported');
  }

  #freeKey(schema: Schema, key: string, node: ConfigNode, spot: Spot, parent: Spot): unknown {
    for (const [pattern, inner] of Object.entries(schema.patternProperties ?? {})) {
      if (new RegExp(pattern, 'u').test(key)) return this.#element(inner, node, spot);
    }
    const at = { ...spot, label: parent.label };
    const { additionalProperties = true, propertyNames } = schema;
    const badName = propertyNames === undefined ? undefined : constraintProblem(propertyNames, key, this.#target.formats, false);
    if (badName !== undefined) return this.report.fail(at, { ...badName, message: `key "${key}" ${badName.message}` });
    if (additionalProperties === true) return plainValue(node);
    if (additionalProperties !== false) return this.#element(additionalProperties, node, spot);
    const names = Object.keys(schema.properties ?? {}).filter((name) => schema.properties?.[name]?.['x-unsupported'] === undefined);
    const suggestion = nearest(key, names);
    const expected = names.length === 0 ? 'no keys' : `one of: ${names.sort().join(', ')}`;
    return this.report.fail(at, {
      message: `has invalid keys: ${key}`,
      expected,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  /** A list of {name, value} in place of a map. */
  #mapList(schema: Schema, node: ListNode, spot: Spot): unknown {
    const { additionalProperties } = schema;
    const inner = typeof additionalProperties === 'object' ? additionalProperties : { type: 'string' };
    const pairs: Schema = {
      type: 'object',
      additionalProperties: false,
      required: ['name'],
      properties: { name: { type: 'string' }, value: { ...inner, default: inner.default ?? '' } },
    };
    const decoded = this.#items(pairs, node, spot);
    if (decoded === broken) return broken;
    const value: Record<string, unknown> = {};
    const repeated = new Set<string>();
    for (const pair of decoded as readonly { name: string; value: unknown }[]) {
      if (Object.hasOwn(value, pair.name)) repeated.add(pair.name);
      setOwn(value, pair.name, pair.value);
    }
    if (repeated.size === 0) return value;
    return this.report.failRule(spot, `duplicate keys in map-style list: [${[...repeated].sort().join(' ')}]`);
  }

  /** The first schema that fits. When none does, the problems are those of the first one of the right type. */
  #anyOf(outer: Schema, branches: readonly Schema[], node: ConfigNode, spot: Spot): unknown {
    const schemas = branches.map((branch) => both(outer, dereference(branch, this.#target.schema)));
    let best: Decoder | undefined;
    for (const schema of schemas) {
      const attempt = new Decoder(this.#target);
      const value = attempt.#value(schema, node, spot);
      for (const secret of attempt.secrets) this.secrets.add(secret);
      if (attempt.report.problems.length === 0) {
        this.report.warnings.push(...attempt.report.warnings);
        return value;
      }
      if (best === undefined && typesOf(schema).includes(naturalType(node))) best = attempt;
    }
    if (best === undefined) return this.report.wrongType(spot, schemas.flatMap(typesOf), node);
    this.report.problems.push(...best.report.problems);
    return broken;
  }
}

/** A schema and one branch of its `anyOf`. */
function both(schema: Schema, branch: Schema): Schema {
  const { anyOf: _, ...outer } = schema;
  const properties = { ...outer.properties, ...branch.properties };
  const required = [...(outer.required ?? []), ...(branch.required ?? [])];
  return {
    ...outer,
    ...branch,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}

/** Null, or an unset or empty variable where an empty text cannot be meant. */
function isAbsent(schema: Schema, node: ConfigNode): boolean {
  if (!isNull(node)) return false;
  const takesAnyText = typesOf(schema).includes('string') && schema.enum === undefined && schema.format === undefined;
  return node.original === undefined || !takesAnyText;
}

function required(schema: Schema, key: string): boolean {
  return schema.required?.includes(key) ?? false;
}

function insensitive(schema: Schema, value: string): string {
  return schema['x-enum-insensitive'] === true ? value.toLowerCase() : value;
}

function join(label: string, key: string): string {
  return label === '' ? key : `${label}.${key}`;
}

function emptyMap(place: Place): MapNode {
  return { kind: 'map', entries: new Map(), place };
}

function collectTexts(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') into.add(value);
  else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) collectTexts(inner, into);
}
