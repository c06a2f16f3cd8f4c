import { skipField } from '@millrace/wire';
import type { AttributePlace, ValuePlace } from './any-value.ts';
import { placeAttribute, placeValue, textOf, types } from './any-value.ts';
import type { MessagePlan } from './message-plan.ts';
import type { SpanFacts } from './sanitizers.ts';
import { readVarint, varintEnd } from './varint.ts';

const spanKindField = 6;
const eventNameField = 2;
const logEventNameField = 12;

function eachField(b: Buffer, start: number, end: number, visit: (number: number, from: number, to: number) => void): void {
  for (let p = start; p < end;) {
    const next = skipField(b, p);
    const tag = readVarint(b, p);
    const value = varintEnd(b, p);
    visit(tag >>> 3, (tag & 7) === 2 ? varintEnd(b, value) : value, next);
    p = next;
  }
}

/** The key of an attribute, and its value when it is a text. */
function textAttribute(b: Buffer, from: number, to: number): readonly [key: string, text: string] {
  const place: AttributePlace = { keyStart: 0, keyEnd: 0, valueTag: 0, valueStart: 0, valueEnd: 0 };
  placeAttribute(b, from, to, place);
  const value: ValuePlace = { type: 0, tag: 0, start: 0, end: 0 };
  placeValue(b, place.valueStart, place.valueEnd, value);
  return [b.utf8Slice(place.keyStart, place.keyEnd), value.type === types.string ? textOf(b, value) : ''];
}

/** The name of an event or of a log record that is one: its field, or its attribute `event.name`. */
export function eventNameOf(b: Buffer, plan: MessagePlan, start: number, end: number): string {
  let name = '';
  eachField(b, start, end, (number, from, to) => {
    if (number === (plan.name === 'Event' ? eventNameField : logEventNameField)) name = b.utf8Slice(from, to);
    else if (number === plan.attributes && name === '') {
      const [key, text] = textAttribute(b, from, to);
      if (key === 'event.name') name = text;
    }
  });
  return name;
}

/** What sanitizers ask of a message: its database, and of a span its kind and whether it is about HTTP. `stays`: whether an attribute is kept. */
export function sanitizerFacts(
  b: Buffer,
  plan: MessagePlan,
  start: number,
  end: number,
  httpKeys: ReadonlySet<string>,
  stays: (key: string) => boolean,
): SpanFacts & { readonly dbSystem: string } {
  const systems: Record<string, string> = {};
  let kind = 0;
  let hasHttp = false;
  eachField(b, start, end, (number, from, to) => {
    if (plan.name === 'Span' && number === spanKindField) kind = readVarint(b, from);
    if (number !== plan.attributes) return;
    const [key, text] = textAttribute(b, from, to);
    if (httpKeys.has(key) && stays(key)) hasHttp = true;
    if (key === 'db.system.name' || key === 'db.system') systems[key] = text.toLowerCase();
  });
  return { kind, hasHttp, dbSystem: systems['db.system.name'] || systems['db.system'] || '' };
}
