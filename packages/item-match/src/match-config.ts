import type { Plain } from '@millrace/wire';

/** How texts are compared. */
export interface MatchType {
  /** `strict` or `regexp`. */
  readonly match_type: string;
  readonly regexp?: RegexpConfig;
}

/** Settings of match type `regexp`. */
export interface RegexpConfig {
  readonly cacheenabled: boolean;
  /** 0: a bound of our own. */
  readonly cachemaxnumentries: number;
}

/** An attribute that must be there, with this value when one is given. */
export interface AttributeMatch {
  readonly key: string;
  readonly value?: Plain;
}

/** A scope's name, and its version when one is given. */
export interface LibraryMatch {
  readonly name: string;
  readonly version?: string;
}

/** One side of include and exclude: an item matches when everything that is listed matches. */
export interface MatchProperties extends MatchType {
  readonly services?: readonly string[];
  readonly span_names?: readonly string[];
  readonly span_kinds?: readonly string[];
  readonly log_bodies?: readonly string[];
  readonly log_severity_texts?: readonly string[];
  readonly log_severity_number?: { readonly min: number; readonly match_undefined: boolean };
  readonly metric_names?: readonly string[];
  readonly attributes: readonly AttributeMatch[];
  readonly resources: readonly AttributeMatch[];
  readonly libraries?: readonly LibraryMatch[];
}

/** Which items a processor works on: those that `include` matches, but for those that `exclude` matches. */
export interface MatchConfig {
  readonly include?: MatchProperties;
  readonly exclude?: MatchProperties;
}

/** JSON Schema of `match_type`. */
export const matchTypeSchema: object = {
  type: 'string',
  default: '',
  description: 'How texts are compared: `strict` (equal) or `regexp` (RE2, found anywhere in the text). Required.',
};

/** JSON Schema of `regexp`. */
export const regexpSchema: object = {
  type: 'object',
  additionalProperties: false,
  description: 'Settings of match type `regexp`.',
  properties: {
    cacheenabled: { type: 'boolean', default: false, description: 'Whether results are remembered by text.' },
    cachemaxnumentries: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Number of results that are remembered, those used last. 0: 10,000.',
    },
  },
};

/** JSON Schema of a list of texts of which one must match. */
export function textsSchema(description: string): object {
  return { type: 'array', items: { type: 'string' }, default: [], description: `${description}, of which one must match.` };
}

/** JSON Schema of a list of attributes that must all match. */
export function attributesSchema(description: string): object {
  return {
    type: 'array',
    default: [],
    description: `${description}, which must all match.`,
    items: {
      type: 'object',
      additionalProperties: false,
      properties: {
        key: { type: 'string', default: '', description: 'Key of the attribute.' },
        value: {
          'x-telemetry-value': true,
          description: 'Its value, of the same type; with match type `regexp` an expression. Absent: any value.',
        },
      },
    },
  };
}

function libraries(): object {
  return {
    type: 'array',
    default: [],
    description: 'Instrumentation scopes, which must all match.',
    items: {
      type: 'object',
      additionalProperties: false,
      properties: {
        name: { type: 'string', default: '', description: 'Name of the scope.' },
        version: { type: 'string', description: 'Version of the scope. Absent: any; empty: none.' },
      },
    },
  };
}

/** What spans are matched by. */
const spanProperties: Readonly<Record<string, object>> = {
  match_type: matchTypeSchema,
  regexp: regexpSchema,
  services: textsSchema('Values of `service.name` (spans)'),
  span_names: textsSchema('Names of spans'),
  span_kinds: textsSchema('Kinds of spans such as SPAN_KIND_SERVER'),
  attributes: attributesSchema('Attributes of spans or log records'),
  resources: attributesSchema('Attributes of resources (spans and log records)'),
  libraries: libraries(),
};

/** What items of all signals are matched by. */
const allProperties: Readonly<Record<string, object>> = {
  ...spanProperties,
  log_bodies: textsSchema('Bodies of log records as text'),
  log_severity_texts: textsSchema('Severity texts of log records'),
  log_severity_number: {
    type: 'object',
    additionalProperties: false,
    description: 'Severity numbers of log records.',
    properties: {
      min: { type: 'integer', default: 0, description: 'Least severity number.' },
      match_undefined: { type: 'boolean', default: false, description: 'Whether records without a severity number match.' },
    },
  },
  metric_names: textsSchema('Names of metrics'),
};

function matchConfig(properties: object): Readonly<Record<'include' | 'exclude', object>> {
  const side = (description: string): object => ({ type: 'object', additionalProperties: false, description, properties });
  return {
    include: side('Only items that match are worked on. Absent: all.'),
    exclude: side('Items that match are left alone, of those that `include` chose.'),
  };
}

/** JSON Schema properties `include` and `exclude` of a processor for all signals. */
export const matchConfigProperties: Readonly<Record<'include' | 'exclude', object>> = matchConfig(allProperties);

/** JSON Schema properties `include` and `exclude` of a processor for spans. */
export const spanMatchConfigProperties: Readonly<Record<'include' | 'exclude', object>> = matchConfig(spanProperties);
