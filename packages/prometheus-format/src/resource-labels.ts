import { type AttributesView, valueText } from '@millrace/wire';

/** The checked settings by which an exporter makes labels of resource attributes. */
export interface ResourceLabelsConfig {
  readonly resource_to_telemetry_conversion: { readonly enabled: boolean; readonly exclude_service_attributes: boolean };
  readonly resource_constant_labels: { readonly included: readonly string[]; readonly excluded: readonly string[] };
}

const globs = (description: string): object => ({ type: 'array', items: { type: 'string' }, default: [], description });

/** JSON Schemas of `ResourceLabelsConfig`. */
export const resourceLabelsProperties: Readonly<Record<keyof ResourceLabelsConfig, object>> = {
  resource_to_telemetry_conversion: {
    type: 'object',
    additionalProperties: false,
    default: {},
    'x-deprecated': 'use resource_constant_labels',
    description: 'All resource attributes as labels of every series.',
    properties: {
      enabled: { type: 'boolean', default: false, description: 'Make labels of all resource attributes.' },
      exclude_service_attributes: {
        type: 'boolean',
        default: false,
        description: 'Leave out service.name, service.namespace and service.instance.id, which are in the labels job and instance.',
      },
    },
  },
  resource_constant_labels: {
    type: 'object',
    additionalProperties: false,
    default: {},
    description: 'Chosen resource attributes as labels of every series.',
    properties: {
      included: globs('Attribute names to take, with * and ? as wildcards. Empty takes all, unless excluded is empty, too.'),
      excluded: globs('Attribute names to leave out, with * and ? as wildcards.'),
    },
  },
};

/** What is wrong with the settings, in the Collector's words; for `validateConfig`. */
export function resourceLabelsProblems(config: ResourceLabelsConfig): string[] {
  const { resource_to_telemetry_conversion: conversion, resource_constant_labels: chosen } = config;
  if ((!conversion.enabled && !conversion.exclude_service_attributes) || chosen.included.length + chosen.excluded.length === 0) return [];
  return [
    'cannot configure both resource_to_telemetry_conversion and resource_constant_labels; resource_to_telemetry_conversion is deprecated',
  ];
}

/** The resource attributes that the labels `job` and `instance` are made of. */
export const serviceAttributes: ReadonlySet<string> = new Set(['service.name', 'service.namespace', 'service.instance.id']);

/** The attributes of a scope that are no labels `otel_scope_NAME`, because fields of the scope have those names. */
export const reservedScopeAttributes: ReadonlySet<string> = new Set(['name', 'version', 'schema_url']);

/** Attributes by name, in order of their names. */
export function attributesOf(view: AttributesView): Map<string, string> {
  const entries: [string, string][] = [];
  for (let slot = view.first(); slot >= 0; slot = view.next(slot)) entries.push([view.keyAt(slot), valueText(view.valueAt(slot))]);
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The label `job` of a resource; `undefined` when it has no name. */
export function jobOf(attributes: ReadonlyMap<string, string>): string | undefined {
  const name = attributes.get('service.name');
  const namespace = attributes.get('service.namespace');
  return name === undefined || namespace === undefined ? name : `${namespace}/${name}`;
}

/** Equal for attributes that were encoded alike: their bytes, one a character. */
export function attributesKey(attributes: AttributesView): string {
  let key = '';
  for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
    const name = attributes.keyRangeAt(slot);
    key += `${name.end - name.start},${name.buffer.latin1Slice(name.start, name.end)}`;
    const value = attributes.rangeAt(slot);
    key += `${attributes.typeAt(slot)}${value.end - value.start},${value.buffer.latin1Slice(value.start, value.end)}`;
  }
  return key;
}

/** Whether a resource attribute becomes a label of every series of the resource. */
export function chosenAttributes(config: ResourceLabelsConfig): (name: string) => boolean {
  const { resource_to_telemetry_conversion: conversion, resource_constant_labels: chosen } = config;
  const included = chosen.included.map(globPattern);
  const excluded = chosen.excluded.map(globPattern);
  const matches = (patterns: readonly RegExp[], name: string): boolean => patterns.some((pattern) => pattern.test(name));
  if (included.length === 0 && excluded.length === 0) {
    return (name) => conversion.enabled && !(conversion.exclude_service_attributes && serviceAttributes.has(name));
  }
  return (name) => (included.length === 0 || matches(included, name)) && !matches(excluded, name);
}

/** `*` is any text, `?` any character. */
function globPattern(glob: string): RegExp {
  return new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'su',
  );
}
