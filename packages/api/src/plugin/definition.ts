import type { ComponentKind } from '../component.ts';
import type { ConfigSchema } from './config-of.ts';

/** What is wrong with how a plugin defines itself. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  /** The names that are right here, when a name is wrong. */
  readonly known: readonly string[];
  /** The wrong name. */
  readonly found: string | undefined;

  constructor(message: string, found?: string, known: readonly string[] = []) {
    super(message);
    this.found = found;
    this.known = known;
  }
}

/** Checks what types would: plugins run without being compiled. Throws a `PluginError`. */
export function checkDefinition(
  definer: string,
  definition: object,
  known: Readonly<Record<string, string>>,
  hooks: readonly string[],
): void {
  if (typeof definition !== 'object' || definition === null) throw new PluginError(`${definer} takes an object`);
  for (const [name, value] of Object.entries(definition)) {
    const expected = Object.hasOwn(known, name) ? known[name] : undefined;
    if (expected === undefined) throw new PluginError(`${definer} has no "${name}"`, name, Object.keys(known));
    if (value !== undefined && !isOf(value, expected)) throw new PluginError(`${definer}: "${name}" must be ${expected}`);
  }
  const { type } = definition as { type?: unknown };
  if (typeof type !== 'string' || !/^[a-z][a-z0-9_]{0,62}$/.test(type))
    throw new PluginError(`${definer}: "type" must be a name such as tenant_tier, of lower-case letters, digits and _`);
  if (hooks.length > 0 && !hooks.some((name) => (definition as Record<string, unknown>)[name] !== undefined))
    throw new PluginError(`${definer} needs one of ${hooks.join(', ')}`, undefined, hooks);
}

function isOf(value: unknown, expected: string): boolean {
  if (expected === 'a function') return typeof value === 'function';
  if (expected === 'a list of texts') return Array.isArray(value) && value.every((item) => typeof item === 'string');
  return typeof value === (expected === 'a text' ? 'string' : 'object') && value !== null;
}

/** The plugin's schema with the settings that all plugins of a kind have. Throws a `PluginError` where the plugin takes one of those names. */
export function withCommonSettings(
  kind: ComponentKind,
  schema: ConfigSchema | undefined,
  common: Readonly<Record<string, object>>,
): object {
  const own = closed(schema ?? {}) as ConfigSchema;
  if (own.type !== undefined && own.type !== 'object') throw new PluginError('configSchema: the type must be object: settings are a map');
  for (const name of Object.keys(own.properties ?? {})) {
    if (Object.hasOwn(common, name)) throw new PluginError(`configSchema: "${name}" is a setting that every ${kind} plugin has already`);
  }
  return { additionalProperties: false, ...own, type: 'object', properties: { ...own.properties, ...common } };
}

/** Closes every object that lists its keys and does not say otherwise, so that a misspelt key is found. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    const isMap = (keyword === 'properties' || keyword === 'patternProperties') && typeof value === 'object' && value !== null;
    if (isMap) result[keyword] = Object.fromEntries(Object.entries(value as object).map(([name, inner]) => [name, closed(inner)]));
    else result[keyword] = keyword === 'items' || keyword === 'additionalProperties' || keyword === 'anyOf' ? closed(value) : value;
  }
  if ('properties' in result && !('additionalProperties' in result)) result['additionalProperties'] = false;
  return result;
}
