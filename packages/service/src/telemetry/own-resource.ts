import { randomUUID } from 'node:crypto';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import type { Context, Plain } from '@millrace/api';

/** The instrumentation scope of everything that millrace tells about itself. */
export const scopeName = 'millrace';

/** What own telemetry is about. */
export interface OwnResource {
  readonly attributes: Readonly<Record<string, Plain>>;
  readonly schemaUrl: string;
  /** Of the program. */
  readonly version: string;
}

/**
 * The attributes of everything that millrace tells about itself: `service.name` (of the program), `service.version` and `service.instance.id` (a
 * new UUID at every start), with what the configuration adds, replaces or (null) takes away. In order of their names.
 */
export function resourceOf(program: Context['program'], configured: ReadonlyMap<string, unknown>): Readonly<Record<string, Plain>> {
  const attributes = new Map<string, unknown>([
    ['service.name', program.name],
    ['service.version', program.version],
    ['service.instance.id', instanceId()],
    ...configured,
  ]);
  const present = [...attributes].filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(present.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, plainOf(value)]));
}

/** A number without a fraction is an integer, as in YAML. */
function plainOf(value: unknown): Plain {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(plainOf);
  return value as Plain;
}

/** An attribute's value as text, for labels and log fields. */
export function attributeText(value: Plain): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner)) ?? '';
}

const instanceKey = 'millrace.instanceId';

/** Workers have that of the thread which started them. */
function instanceId(): string {
  const given = isMainThread ? undefined : getEnvironmentData(instanceKey);
  if (typeof given === 'string') return given;
  const id = randomUUID();
  setEnvironmentData(instanceKey, id);
  return id;
}
