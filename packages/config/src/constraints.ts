import { isDeepStrictEqual } from 'node:util';
import { nearest } from './nearest.ts';
import type { Notice } from './problem.ts';
import type { Formats, Schema } from './schema.ts';

/** What is wrong with a value of the right type. */
export type Fault = Pick<Notice, 'message' | 'expected' | 'suggestion'>;

/** The first rule of a schema (beyond types and keys) that a value breaks. A secret value is not quoted. */
export function constraintProblem(schema: Schema, value: unknown, formats: Formats, secret: boolean): Fault | undefined {
  const choice = choiceProblem(schema, value, secret);
  if (choice !== undefined) return choice;
  if (typeof value === 'number') return numberProblem(schema, value, secret);
  if (typeof value === 'string') return textProblem(schema, value, formats, secret);
  if (Array.isArray(value)) return listProblem(schema, value);
  return typeof value === 'object' && value !== null ? mapProblem(schema, value) : undefined;
}

function choiceProblem(schema: Schema, value: unknown, secret: boolean): Fault | undefined {
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (choices === undefined || choices.some((choice) => isDeepStrictEqual(choice, value))) return undefined;
  const names = choices.map(String).filter((name) => name !== '');
  const suggestion = typeof value === 'string' && !secret ? nearest(value, names) : undefined;
  const expected = `one of: ${names.join(', ')}`;
  return { message: `unsupported value ${shown(value, secret)}`, expected, ...(suggestion === undefined ? {} : { suggestion }) };
}

function numberProblem(schema: Schema, value: number, secret: boolean): Fault | undefined {
  const got = shown(value, secret);
  if (schema.minimum !== undefined && !(value >= schema.minimum)) return { message: `must be at least ${schema.minimum}, got ${got}` };
  if (schema.maximum !== undefined && !(value <= schema.maximum)) return { message: `must be at most ${schema.maximum}, got ${got}` };
  const { exclusiveMinimum: above, exclusiveMaximum: below, multipleOf } = schema;
  if (above !== undefined && !(value > above)) return { message: `must be greater than ${above}, got ${got}` };
  if (below !== undefined && !(value < below)) return { message: `must be less than ${below}, got ${got}` };
  const multiple = multipleOf === undefined || Number.isInteger(value / multipleOf);
  return multiple ? undefined : { message: `must be a multiple of ${multipleOf}, got ${got}` };
}

function textProblem(schema: Schema, value: string, formats: Formats, secret: boolean): Fault | undefined {
  if (schema.format !== undefined && Object.hasOwn(formats, schema.format)) {
    const fault = formats[schema.format]!(value);
    if (fault !== undefined) return secret ? { message: `is not a valid ${schema.format}` } : fault;
  }
  const length = Array.from(value).length;
  if (schema.minLength === 1 && length === 0) return { message: 'must not be empty' };
  if (schema.minLength !== undefined && length < schema.minLength) return { message: `must have at least ${schema.minLength} characters` };
  if (schema.maxLength !== undefined && length > schema.maxLength) return { message: `must have at most ${schema.maxLength} characters` };
  if (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(value)) return undefined;
  return { message: `invalid value ${shown(value, secret)}`, expected: `a text that matches ${schema.pattern}` };
}

function listProblem(schema: Schema, value: readonly unknown[]): Fault | undefined {
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && value.length < minItems) return { message: `must have at least ${count(minItems, 'item')}` };
  if (maxItems !== undefined && value.length > maxItems) return { message: `must have at most ${count(maxItems, 'item')}` };
  if (schema.uniqueItems !== true) return undefined;
  const repeated = value.some((item, index) => value.slice(0, index).some((earlier) => isDeepStrictEqual(earlier, item)));
  return repeated ? { message: 'must not repeat an item' } : undefined;
}

function mapProblem(schema: Schema, value: object): Fault | undefined {
  const size = Object.keys(value).length;
  const { minProperties, maxProperties } = schema;
  if (minProperties !== undefined && size < minProperties) return { message: `must have at least ${count(minProperties, 'key')}` };
  return maxProperties !== undefined && size > maxProperties ? { message: `must have at most ${count(maxProperties, 'key')}` } : undefined;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function shown(value: unknown, secret: boolean): string {
  return secret ? '[REDACTED]' : (JSON.stringify(value) ?? String(value));
}
