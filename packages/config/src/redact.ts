import { dereference, setOwn } from './schema.ts';
import type { Schema } from './schema.ts';

/** What stands in the place of a secret. */
export const redacted = '[REDACTED]';

/** The password of a URL, with the user in front of it. */
const passwordInUrl = /(\/\/[^\s/:@]*):[^\s/@]+@/g;

/** A copy of a checked value with every secret replaced, as its schema marks them, and the passwords in URLs. */
export function redact(unresolved: Schema, value: unknown, root: Schema): unknown {
  const schema = dereference(unresolved, root);
  if (schema['x-secret'] === true) return hide(value);
  const branches = (schema.anyOf ?? []).reduce((shown, branch) => redact(branch, shown, root), value);
  if (Array.isArray(branches)) return schema.items === undefined ? branches : branches.map((item) => redact(schema.items!, item, root));
  if (typeof branches === 'string') return branches.replace(passwordInUrl, `$1:${redacted}@`);
  if (typeof branches !== 'object' || branches === null) return branches;
  const shown: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(branches)) {
    let hidden: unknown = inner;
    for (const found of schemasOf(schema, key)) hidden = redact(found, hidden, root);
    setOwn(shown, key, hidden);
  }
  return shown;
}

function schemasOf(schema: Schema, key: string): readonly Schema[] {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, key)) return [schema.properties[key]!];
  const patterns = Object.entries(schema.patternProperties ?? {}).filter(([pattern]) => new RegExp(pattern, 'u').test(key));
  if (patterns.length > 0) return patterns.map(([, inner]) => inner);
  return typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [];
}

function hide(value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map(hide);
  if (typeof value !== 'object') return redacted;
  const hidden: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) setOwn(hidden, key, hide(inner));
  return hidden;
}
