import type { Logger, Plain } from '@millrace/api';

/** What a detector found. */
export interface Detected {
  /** In the order in which they are written. */
  readonly attributes: Readonly<Record<string, Plain>>;
  /** The semantic conventions that the names come from; '' for none. */
  readonly schemaUrl: string;
}

/** Nothing found, which is no failure. */
export const nothing: Detected = { attributes: {}, schemaUrl: '' };

/** What a detector works with. */
export interface DetectorContext {
  readonly logger: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Longest duration of the whole detection. */
  readonly timeoutMs: number;
  /** Aborted when that is over. */
  readonly signal: AbortSignal;
}

/** The checked switches of attributes by name. */
export type AttributeSwitches = Readonly<Record<string, { readonly enabled: boolean }>>;

/** An attribute that a detector can find. */
export interface AttributeDefinition {
  readonly enabled: boolean;
  readonly description: string;
}

/** Finds out about one thing that this process runs on. `C` is its checked section of the configuration. */
export interface Detector<C = unknown> {
  /** Attributes by name, with their defaults. Absent: they cannot be switched. */
  readonly attributes?: Readonly<Record<string, AttributeDefinition>>;
  /** JSON Schema properties beyond `resource_attributes`. */
  readonly settings?: Readonly<Record<string, object>>;
  /** Every problem of its section. */
  validate?(config: C): readonly string[];
  /** Throws when it cannot find out; is then tried again until the time is over. */
  detect(config: C, context: DetectorContext): Promise<Detected> | Detected;
}

/** Those of the values that are there and switched on. */
export function switchedOn(values: Readonly<Record<string, Plain>>, switches: AttributeSwitches): Detected['attributes'] {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== undefined && switches[name]?.enabled));
}

/** The semantic conventions that the attributes of hosts, containers and processes come from. */
export const schemaUrl = 'https://opentelemetry.io/schemas/1.40.0';
