import { isContentKey } from './content-key.ts';
import { isSecretKey } from './secret-key.ts';

/** What stands in the place of what must not be seen. */
export const redacted = '[REDACTED]';

const truncated = '[TRUNCATED]';
const deepest = 8;
/** Values looked at in one record. */
const most = 1_000;

/** How many more values may be looked at. */
interface Allowance {
  left: number;
}

/**
 * The value without secrets and without content of AI requests, at any depth, for logs: values under such keys (`isSecretKey`, `isContentKey`)
 * become `[REDACTED]`, save that there is none or that it is a boolean; numbers are no content. What is nested more than 8 deep, or comes
 * after 1,000 values, becomes `[TRUNCATED]`. The input is not changed, and returned as it is when nothing in it is to be hidden. Dates,
 * errors and binary data stay. Never throws.
 */
export function redactValue(value: unknown): unknown {
  try {
    return clean(value, deepest, { left: most });
  } catch {
    // A getter or a `toJSON` failed.
    return redacted;
  }
}

/** `redactValue` for the attributes of a log record. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const result = redactValue(fields);
  return typeof result === 'object' && result !== null ? (result as Record<string, unknown>) : { fields: result };
}

function clean(value: unknown, depth: number, allowance: Allowance): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error || value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value)) return value;
  if (depth === 0) return truncated;
  if (Array.isArray(value)) return cleanArray(value, depth, allowance);
  if (value instanceof Map || value instanceof Set)
    return clean(value instanceof Map ? Object.fromEntries(value) : [...value], depth, allowance);
  if ('toJSON' in value && typeof value.toJSON === 'function') return clean(value.toJSON(), depth - 1, allowance);
  let copy: Record<string, unknown> | undefined;
  for (const [key, inner] of Object.entries(value)) {
    const shown = hides(key, inner) ? redacted : allowance.left-- > 0 ? clean(inner, depth - 1, allowance) : truncated;
    if (shown !== inner) {
      copy ??= { ...value };
      Object.defineProperty(copy, key, { value: shown, enumerable: true, configurable: true, writable: true });
    }
  }
  return copy ?? value;
}

function cleanArray(list: readonly unknown[], depth: number, allowance: Allowance): unknown {
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    if (allowance.left-- <= 0) return [...(copy ?? list).slice(0, i), truncated];
    const shown = clean(list[i], depth - 1, allowance);
    if (shown !== list[i]) (copy ??= [...list])[i] = shown;
  }
  return copy ?? list;
}

function hides(key: string, value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return false;
  if (isSecretKey(key)) return true;
  return typeof value !== 'number' && typeof value !== 'bigint' && isContentKey(key);
}
