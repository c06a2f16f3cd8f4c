import type { FactoryBase } from '../factory.ts';

interface Schema {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
}

function filled(schema: Schema, value: unknown): unknown {
  const given = value ?? schema.default;
  const { items, additionalProperties: others } = schema;
  if (Array.isArray(given)) return items === undefined ? given : given.map((item) => filled(items, item));
  if (typeof given !== 'object' || given === null) return given;
  if (schema.properties === undefined) {
    if (typeof others !== 'object') return given;
    return Object.fromEntries(Object.entries(given).map(([name, inner]) => [name, filled(others, inner)]));
  }
  const result: Record<string, unknown> = { ...given };
  for (const [name, property] of Object.entries(schema.properties)) {
    const inner = filled(property, result[name]);
    if (inner === undefined) delete result[name];
    else result[name] = inner;
  }
  return result;
}

/** The configuration of a component with some settings, the others at the defaults of its schema. The settings are not checked. */
export function configOf<C>(factory: FactoryBase<C>, settings: object = {}): C {
  return filled(factory.configSchema ?? {}, settings) as C;
}
