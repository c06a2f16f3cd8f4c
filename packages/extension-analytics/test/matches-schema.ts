type Json = Readonly<Record<string, unknown>>;

/** What of a value is not as a JSON Schema says; knows the keywords that the API description uses, and reports others. */
export function mismatches(value: unknown, schema: Json, path = '$'): string[] {
  const found: string[] = [];
  for (const [keyword, expected] of Object.entries(schema)) {
    switch (keyword) {
      case 'type':
        if (![expected].flat().some((type) => isOfType(value, type as string))) found.push(`${path} is not of type ${String(expected)}`);
        break;
      case 'enum':
        if (!(expected as unknown[]).includes(value)) found.push(`${path} is none of ${String(expected)}`);
        break;
      case 'const':
        if (value !== expected) found.push(`${path} is not ${String(expected)}`);
        break;
      case 'format':
        if (expected !== 'date-time' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(value)))
          found.push(`${path} is no ${String(expected)}`);
        break;
      case 'required':
        for (const name of expected as string[]) if (!Object.hasOwn(value as object, name)) found.push(`${path}.${name} is absent`);
        break;
      case 'items':
        for (const [i, item] of (value as unknown[]).entries()) found.push(...mismatches(item, expected as Json, `${path}[${i}]`));
        break;
      case 'properties':
      case 'additionalProperties':
        break;
      default:
        found.push(`${path} has a schema with ${keyword}`);
    }
  }
  if (schema['type'] === 'object') found.push(...ofProperties(value as Json, schema, path));
  return found;
}

function ofProperties(value: Json, { properties = {}, additionalProperties = false }: Json, path: string): string[] {
  return Object.entries(value).flatMap(([name, item]) => {
    const schema = (properties as Json)[name] ?? additionalProperties;
    if (schema === true) return [];
    return schema === false ? [`${path}.${name} is not described`] : mismatches(item, schema as Json, `${path}.${name}`);
  });
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}
