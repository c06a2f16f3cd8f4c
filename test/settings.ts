/** The parts of a component's JSON Schema that tests look at. */
export interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
  readonly 'x-unsupported'?: string;
}

/** Every setting of a schema: its path, in which a list is marked with `[]`, and its schema. */
export function settingsOf(schema: Schema, path: string): [string, Schema][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]): [string, Schema][] => [
    [`${path}${name}`, property],
    // What stands below an unsupported setting is refused with it.
    ...(property['x-unsupported'] === undefined ? settingsOf(property, `${path}${name}${property.items === undefined ? '' : '[]'}.`) : []),
  ]);
  return schema.items === undefined ? own : [...own, ...settingsOf(schema.items, path)];
}

/** Whether a written configuration has a value at the path of a setting. */
export function occurs(config: unknown, path: string): boolean {
  const [first, ...rest] = path.split('.');
  const name = first!.replace('[]', '');
  if (Array.isArray(config)) return config.some((item) => occurs(item, path));
  if (typeof config !== 'object' || config === null || !Object.hasOwn(config, name)) return false;
  return rest.length === 0 || occurs((config as Record<string, unknown>)[name], rest.join('.'));
}
