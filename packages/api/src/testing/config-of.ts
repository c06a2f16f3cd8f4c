import type { FactoryBase } from '../factory.ts';

interface Schema {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

function filled(schema: Schema, value: unknown): unknown {
  const given = value ?? schema.default;
  if (schema.properties === undefined || typeof given !== 'object' || given === null) return given;
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
