import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  create,
  createFileRegistry,
  fromBinary,
  toBinary,
  type DescField,
  type DescMessage,
  type FileRegistry,
  type Message,
} from '@bufbuild/protobuf';
import {
  Edition,
  FeatureSetSchema,
  FeatureSet_FieldPresence,
  FeatureSet_Utf8Validation,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FileOptionsSchema,
} from '@bufbuild/protobuf/wkt';
import protobuf from 'protobufjs';
import { requestMessage } from '@millrace/wire';

/**
 * An independent implementation of OTLP. The schema is read out of the encoders that @opentelemetry/otlp-transformer generated from the .proto
 * files; protobuf-es decodes and encodes by it (it merges and picks oneofs by the book), protobufjs says what is legal (it checks every
 * length and wire type).
 */

/** One field as the reference knows it. */
export interface ReferenceField {
  /** lowerCamelCase. */
  readonly name: string;
  readonly number: number;
  /** A scalar type of protobuf, 'enum' or 'message'. */
  readonly type: string;
  /** Short name of the message. */
  readonly message?: string;
  /** Value names by number. */
  readonly values?: readonly string[];
  readonly repeated: boolean;
  readonly packed: boolean;
  readonly oneof?: string;
  readonly optional: boolean;
}

/** A decoded message: lowerCamelCase fields that are set, 64-bit numbers as bigint, enums as numbers, bytes as Uint8Array, `$unknown` fields. */
export type PlainMessage = { [field: string]: unknown };

const generated = readFileSync(
  createRequire(import.meta.url)
    .resolve('@opentelemetry/otlp-transformer')
    .replace(/index\.js$/, 'generated/root.js'),
  'utf8',
);

function readSchema(): Map<string, ReferenceField[]> {
  const enums = new Map<string, string[]>();
  for (const [, name = '', body = ''] of generated.matchAll(/\w+\.(\w+) = \(function \(\) \{\s+var valuesById(.*?)return values;/gs)) {
    const values: string[] = [];
    for (const [, number, value = ''] of body.matchAll(/valuesById\[(\d+)\] = "(\w+)"/g)) values[Number(number)] = value;
    enums.set(name, values);
  }
  const schema = new Map<string, ReferenceField[]>();
  for (const [, message = '', body = ''] of generated.matchAll(
    /(\w+)\.encode = function encode\(message, writer\) \{(.*?)return writer;/gs,
  )) {
    const oneofs = new Map<string, string>();
    for (const [, oneof = '', members = ''] of generated.matchAll(
      new RegExp(
        `defineProperty\\(${message}\\.prototype, "(\\w+)", \\{\\s+get: \\$util\\.oneOfGetter\\(\\$oneOfFields = \\[(.*?)\\]`,
        'g',
      ),
    ))
      for (const [, member = ''] of members.matchAll(/"(\w+)"/g)) oneofs.set(member, oneof);
    const fields: ReferenceField[] = [];
    for (const [, name = '', text = ''] of body.matchAll(/if \(message\.(\w+) != null(.*?)(?=if \(message\.|$)/gs)) {
      const number = Number(/\/\* id (\d+)/.exec(text)?.[1]);
      const nested = /\.(\w+)\.encode\(message/.exec(text)?.[1];
      const method = /\.(\w+)\(message\.\w+(?:\[i\])?\)/.exec(text)?.[1] ?? '';
      const enumName = new RegExp(`@property \\{[\\w.]*?\\.(\\w+)\\|null\\} \\[${name}\\] ${message} ${name}\\n`).exec(generated)?.[1];
      const values = method === 'int32' ? enums.get(enumName ?? '') : undefined;
      const oneof = oneofs.get(name);
      fields.push({
        name,
        number,
        type: nested === undefined ? (values === undefined ? method : 'enum') : 'message',
        ...(nested !== undefined && { message: nested }),
        ...(values !== undefined && { values }),
        repeated: text.includes('[i]'),
        packed: nested === undefined && text.includes('.fork()'),
        ...(oneof !== undefined && !oneof.startsWith('_') && { oneof }),
        optional: oneof?.startsWith('_') ?? false,
      });
    }
    schema.set(message, fields);
  }
  return schema;
}

const schema = readSchema();

/** The fields of a message by its short name, or undefined. */
export function type(messageName: string): readonly ReferenceField[] | undefined {
  return schema.get(messageName);
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function buildRegistry(): FileRegistry {
  const enumNames = new Map<string, readonly string[]>();
  const messageType = [...schema].map(([message, fields]) => {
    const oneofs = [...new Set(fields.flatMap((field) => field.oneof ?? []))];
    return {
      name: message,
      oneofDecl: oneofs.map((name) => ({ name })),
      field: fields.map((field) => {
        const enumName = `Enum_${message}_${field.name}`;
        if (field.values !== undefined) enumNames.set(enumName, field.values);
        const typeName = field.message ?? (field.values === undefined ? undefined : enumName);
        return {
          name: snake(field.name),
          jsonName: field.name,
          number: field.number,
          label: field.repeated ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
          type: FieldDescriptorProto_Type[field.type.toUpperCase() as keyof typeof FieldDescriptorProto_Type],
          ...(typeName !== undefined && { typeName: `.otlp.${typeName}` }),
          ...(field.oneof !== undefined && { oneofIndex: oneofs.indexOf(field.oneof) }),
          ...(field.optional && {
            options: create(FieldOptionsSchema, {
              features: create(FeatureSetSchema, { fieldPresence: FeatureSet_FieldPresence.EXPLICIT }),
            }),
          }),
        };
      }),
    };
  });
  const file = create(FileDescriptorProtoSchema, {
    name: 'otlp.proto',
    package: 'otlp',
    syntax: 'editions',
    edition: Edition.EDITION_2023,
    options: create(FileOptionsSchema, {
      features: create(FeatureSetSchema, {
        fieldPresence: FeatureSet_FieldPresence.IMPLICIT,
        // Text passes through as bytes, as in the Collector.
        utf8Validation: FeatureSet_Utf8Validation.NONE,
      }),
    }),
    messageType,
    enumType: [...enumNames].map(([name, values]) => ({
      name,
      value: values.map((value, number) => ({ name: `${name}_${value}`, number })),
    })),
  });
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
}

const registry = buildRegistry();
const limits = { recursionLimit: 1000 };

function messageType(name: string): DescMessage {
  const found = registry.getMessage(`otlp.${name}`);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}

function requestName(name: string): string {
  return Object.hasOwn(requestMessage, name) ? requestMessage[name as keyof typeof requestMessage] : name;
}

function toPlainField(field: DescField, value: unknown): unknown {
  if (field.message === undefined) return value;
  return Array.isArray(value) ? value.map((one: Message) => toPlain(one)) : toPlain(value as Message);
}

function isDefault(value: unknown): boolean {
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0;
  return value === 0n || value === false || value === '' || Object.is(value, 0);
}

function toPlain(message: Message): PlainMessage {
  const desc = registry.getMessage(message.$typeName)!;
  const from = message as unknown as PlainMessage;
  const plain: PlainMessage = {};
  for (const member of desc.members) {
    if (member.kind === 'oneof') {
      const chosen = from[member.localName] as { case?: string; value?: unknown };
      const field = member.fields.find((each) => each.localName === chosen.case);
      if (field !== undefined) plain[field.jsonName] = toPlainField(field, chosen.value);
      continue;
    }
    const value = Object.hasOwn(from, member.localName) ? from[member.localName] : undefined;
    const explicit = type(desc.name)!.find((each) => each.number === member.number)!.optional;
    if (value === undefined || (!explicit && isDefault(value))) continue;
    plain[member.jsonName] = toPlainField(member, value);
  }
  if (message.$unknown !== undefined && message.$unknown.length > 0) plain['$unknown'] = message.$unknown;
  return plain;
}

function fromPlainField(field: DescField, value: unknown): unknown {
  if (field.message !== undefined) {
    const inner = field.message;
    return Array.isArray(value) ? value.map((one: PlainMessage) => fromPlain(inner, one)) : fromPlain(inner, value as PlainMessage);
  }
  const one = (each: unknown): unknown =>
    typeof each === 'number' && /64/.test(type(field.parent.name)!.find((f) => f.number === field.number)!.type) ? BigInt(each) : each;
  return Array.isArray(value) ? value.map(one) : one(value);
}

function fromPlain(desc: DescMessage, plain: PlainMessage): Message {
  const init: PlainMessage = {};
  for (const [name, value] of Object.entries(plain)) {
    if (value === undefined || name === '$unknown') continue;
    const field = desc.fields.find((each) => each.jsonName === name);
    if (field === undefined) throw new Error(`${desc.name} has no field ${name}`);
    if (field.oneof === undefined) init[field.localName] = fromPlainField(field, value);
    else init[field.oneof.localName] = { case: field.localName, value: fromPlainField(field, value) };
  }
  const message = create(desc, init as never) as Message;
  if (plain['$unknown'] !== undefined) message.$unknown = plain['$unknown'] as NonNullable<Message['$unknown']>;
  return message;
}

/** Decodes a request (by its signal) or any message (by its short name). Lenient about wire types and ends: ask `accepts` first for untrusted bytes. */
export function decode(name: string, bytes: Uint8Array): PlainMessage {
  return toPlain(fromBinary(messageType(requestName(name)), bytes, limits));
}

/** Encodes what `decode` returns; a 64-bit number may be given as a number. */
export function encode(name: string, message: PlainMessage): Buffer {
  return Buffer.from(toBinary(messageType(requestName(name)), fromPlain(messageType(requestName(name)), message)));
}

const strict = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    [...schema].map(([message, fields]) => [
      message,
      {
        fields: Object.fromEntries(
          fields.map((field) => [
            field.name,
            {
              id: field.number,
              type: field.message ?? (field.type === 'enum' ? 'int32' : field.type === 'string' ? 'bytes' : field.type),
              ...(field.repeated && { rule: 'repeated' }),
            },
          ]),
        ),
      },
    ]),
  ),
});
protobuf.Reader.recursionLimit = limits.recursionLimit;

/** Why the independent strict decoder refuses the bytes, or undefined when it takes them. */
export function refusal(name: string, bytes: Uint8Array): string | undefined {
  try {
    strict.lookupType(requestName(name)).decode(bytes);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether the independent strict decoder takes the bytes. */
export function accepts(name: string, bytes: Uint8Array): boolean {
  return refusal(name, bytes) === undefined;
}
