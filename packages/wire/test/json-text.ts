import { type } from './reference.ts';
import type { PlainMessage, ReferenceField } from './reference.ts';

/** Picks one of `choices` legal spellings: a number from 0 (the canonical one) to `choices - 1`. */
export type Pick = (choices: number) => number;

/** Pseudo-random picks that depend on the seed alone. */
export function picks(seed: number): Pick {
  let state = seed | 0;
  return (choices) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % choices;
  };
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function string(text: string, pick: Pick): string {
  if (pick(4) !== 3) return JSON.stringify(text);
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
}

function integer(value: bigint, pick: Pick): string {
  return [`"${value}"`, `${value}`, `${value}.0`, `${value}${value === 0n ? '' : '0'}e-1`, `"${value}.00"`][pick(5)]!;
}

function double(value: number, pick: Pick): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  const text = Object.is(value, -0) ? '-0' : String(value);
  return [text, `"${text}"`, value.toExponential()][Object.is(value, -0) ? pick(2) : pick(3)]!;
}

function bytes(field: ReferenceField, value: Uint8Array, pick: Pick): string {
  const buffer = Buffer.from(value);
  if (/(?:^t|T)raceId$|(?:^s|S)panId$/.test(field.name))
    return `"${pick(2) === 0 ? buffer.toString('hex') : buffer.toString('hex').toUpperCase()}"`;
  return [`"${buffer.toString('base64')}"`, `"${buffer.toString('base64url')}"`, `"${buffer.toString('base64').replaceAll('/', '\\/')}"`][
    pick(3)
  ]!;
}

function one(field: ReferenceField, value: unknown, pick: Pick): string {
  switch (field.type) {
    case 'message':
      return jsonText(field.message!, value as PlainMessage, pick);
    case 'string':
      return string(value as string, pick);
    case 'bytes':
      return bytes(field, value as Uint8Array, pick);
    case 'bool':
      return String(value);
    case 'double':
      return double(value as number, pick);
    case 'enum': {
      const name = field.values?.[value as number];
      return name !== undefined && pick(2) === 1 ? JSON.stringify(name) : String(value);
    }
    case 'uint32':
    case 'fixed32':
    case 'sint32':
      return [String(value), `"${String(value)}"`][pick(2)]!;
    default:
      return integer(value as bigint, pick);
  }
}

const junk = ['null', '{"a":[1,{"b":"\\u0041\\""}],"c":{}}', '[[],[{}],-1.5e-7,true,false,null]', '"x"'];

/** The OTLP/JSON text of a decoded message, by the reference's schema; `pick` chooses among the legal spellings, the order of members, unknown ones and white space. */
export function jsonText(messageName: string, message: PlainMessage, pick: Pick = () => 0): string {
  const space = (): string => ['', ' ', '\n\t', '\r\n  '][pick(4)]!;
  const members: string[] = [];
  const fields = type(messageName)!.filter(({ name }) => message[name] !== undefined);
  const first = pick(fields.length || 1);
  for (const field of [...fields.slice(first), ...fields.slice(0, first)]) {
    const { name } = field;
    const value = message[name];
    const list = Array.isArray(value) ? (value as unknown[]) : [value];
    const texts = list.map((each) => space() + one(field, each, pick) + space());
    const key = JSON.stringify(pick(2) === 0 ? name : snake(name));
    members.push(`${key}${space()}:${space()}${field.repeated ? `[${texts.join(',')}]` : texts[0]}`);
    if (pick(8) === 7) members.push(`"unknown":${junk[pick(4)]}`);
  }
  return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`;
}
