import { AskError } from './endpoint.ts';

/** What OpenAPI says about a query parameter, and what is checked. */
export interface ParameterSchema {
  readonly type: 'string' | 'number' | 'integer';
  readonly description: string;
  readonly enum?: readonly (string | number)[];
  readonly default?: string | number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: 'date-time';
}

/** Of every endpoint. */
export const commonParameters: Readonly<Record<string, ParameterSchema>> = {
  limit: { type: 'integer', minimum: 1, maximum: 10_000, default: 1000, description: 'The most rows that are sent.' },
  offset: { type: 'integer', minimum: 0, default: 0, description: 'Rows that are left out before the first one that is sent.' },
  format: {
    type: 'string',
    enum: ['json', 'csv'],
    description: 'The form of the answer, whatever header Accept says. CSV has the rows alone.',
  },
};

/** The checked parameters of a request, defaults filled in. Times are milliseconds since the epoch. */
export class Parameters {
  readonly #values = new Map<string, string | number>();

  /** Throws an `AskError` for a parameter that is not known, or not as its schema says. */
  constructor(query: URLSearchParams, schemas: Readonly<Record<string, ParameterSchema>>) {
    for (const name of query.keys()) {
      if (!Object.hasOwn(schemas, name)) throw new AskError(400, `unknown parameter ${name}: there are ${Object.keys(schemas).join(', ')}`);
      if (query.getAll(name).length > 1) throw new AskError(400, `parameter ${name} is given twice`);
    }
    for (const [name, schema] of Object.entries(schemas)) {
      const given = query.get(name);
      if (given !== null && given !== '') this.#values.set(name, checked(name, given, schema));
      else if (schema.default !== undefined) this.#values.set(name, schema.default);
    }
  }

  /** Empty when it is absent. */
  text(name: string): string {
    return String(this.#values.get(name) ?? '');
  }

  number(name: string): number | undefined {
    return this.#values.get(name) as number | undefined;
  }
}

function checked(name: string, given: string, schema: ParameterSchema): string | number {
  const { type, format, minimum = -Infinity, maximum = Infinity, enum: allowed } = schema;
  if (format === 'date-time') return timeOf(name, given);
  if (type === 'string') {
    if (allowed !== undefined && !allowed.includes(given))
      throw new AskError(400, `parameter ${name} must be one of ${allowed.join(', ')}`);
    return given;
  }
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value) || (type === 'integer' && !Number.isInteger(value))) {
    throw new AskError(400, `parameter ${name} must be ${type === 'integer' ? 'a whole number' : 'a number'}`);
  }
  if (value < minimum) throw new AskError(400, `parameter ${name} must be at least ${minimum}`);
  if (value > maximum) throw new AskError(400, `parameter ${name} must be at most ${maximum}`);
  if (allowed !== undefined && !allowed.includes(value)) throw new AskError(400, `parameter ${name} must be one of ${allowed.join(', ')}`);
  return value;
}

function timeOf(name: string, given: string): number {
  const ms = /^\d+(?:\.\d+)?$/.test(given) ? Number(given) * 1000 : Date.parse(given);
  if (Number.isNaN(ms) || Math.abs(ms) > 8.64e15)
    throw new AskError(400, `parameter ${name} must be a time such as 2026-11-09T00:00:00Z, or seconds since 1970`);
  return ms;
}
