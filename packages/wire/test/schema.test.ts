import { describe, expect, it } from '@jest/globals';
import { itemMessages, messages, requestMessage } from '@millrace/wire';
import { type } from './reference.ts';

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

describe('the schema table', () => {
  it.each([...messages.keys()])('%s equals the message that was generated from the .proto file', (name) => {
    const ours = messages
      .get(name)!
      .fields.map(({ name: field, jsonName, number, type: kind, message, values, repeated, oneof, optional }) => ({
        field,
        jsonName,
        number,
        type: kind === 'id' ? 'bytes' : kind,
        message,
        values,
        repeated,
        oneof,
        optional,
      }));
    const theirs = type(name)!.map((field) => ({
      field: snake(field.name),
      jsonName: field.name,
      number: field.number,
      type: field.type,
      message: field.message,
      values: field.values,
      repeated: field.repeated,
      oneof: field.oneof,
      optional: field.optional,
    }));
    expect(ours).toEqual(theirs);
  });

  it('holds every message that a request reaches', () => {
    const reached = new Set<string>();
    const visit = (name: string): void => {
      if (reached.has(name)) return;
      reached.add(name);
      for (const field of type(name)!) if (field.message !== undefined) visit(field.message);
    };
    for (const name of Object.values(requestMessage)) visit(name);
    expect([...messages.keys()]).toEqual(expect.arrayContaining([...reached]));
    expect([...reached].filter((name) => /DataPoint$|^Span$|^LogRecord$/.test(name)).sort()).toEqual([...itemMessages].sort());
  });

  it('marks exactly the trace and span ids as ids', () => {
    const ids = [...messages.values()].flatMap(({ fields }) => fields.filter((field) => field.type === 'id').map((field) => field.name));
    const named = [...messages.values()].flatMap(({ fields }) =>
      fields.filter((field) => /(trace|span)_id$/.test(field.name)).map((field) => field.name),
    );
    expect(ids).toEqual(named);
    expect(ids.length).toBeGreaterThan(0);
  });

  it('packs what the .proto packs', () => {
    const numeric = [...messages.values()].flatMap(({ name, fields }) =>
      fields
        .filter((field) => field.repeated && !['message', 'string', 'bytes', 'id'].includes(field.type))
        .map((field) => `${name}.${field.jsonName}`),
    );
    const packed = [...messages.keys()].flatMap((name) =>
      type(name)!
        .filter((field) => field.packed)
        .map((field) => `${name}.${field.name}`),
    );
    expect(numeric).toEqual(packed);
  });
});
