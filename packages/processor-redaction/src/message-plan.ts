import { itemMessages, messages, requestMessage } from '@millrace/wire';
import type { Signal } from '@millrace/wire';
import type { Area } from './config.ts';

/** What is done with a field of a message. */
export interface FieldPlan {
  readonly kind: 'text' | 'message' | 'attribute' | 'body';
  /** The message of `kind: 'message'`. */
  readonly plan?: MessagePlan;
  /** Detectors look at it. */
  readonly isDetected: boolean;
}

/** What is done with a message: its fields by number. */
export interface MessagePlan {
  readonly name: string;
  readonly fields: (FieldPlan | undefined)[];
  /** The number of the field with the attributes that the Collector redacts, 0 when there is none. */
  readonly attributes: number;
  /** May get attributes that say what was found: not data points, where they would make new series. */
  readonly isTagged: boolean;
}

/** Messages whose attributes the Collector redacts. */
const redacted = new Set(['Resource', 'InstrumentationScope', 'Event', ...itemMessages]);

const areaOfMessage: Readonly<Record<string, Area>> = {
  Resource: 'resource',
  EntityRef: 'resource',
  ResourceSpans: 'resource',
  ResourceMetrics: 'resource',
  ResourceLogs: 'resource',
  InstrumentationScope: 'scope',
  ScopeSpans: 'scope',
  ScopeMetrics: 'scope',
  ScopeLogs: 'scope',
  Status: 'status',
  Event: 'events',
  Link: 'links',
  Exemplar: 'exemplars',
};

function areaOf(message: string, field: string): Area {
  const area = areaOfMessage[message];
  if (area !== undefined) return area;
  if (field === 'attributes' || field === 'trace_state' || field === 'metadata' || field === 'body') return field;
  return 'names';
}

/** The plan of a signal's request: every field that holds text, and every message that holds such fields. Ids, numbers and times are in none. */
export function planOf(signal: Exclude<Signal, 'profiles'>, areas: ReadonlySet<Area>): MessagePlan {
  const plans = new Map<string, MessagePlan>();
  const make = (name: string): MessagePlan => {
    const known = plans.get(name);
    if (known !== undefined) return known;
    const { fields } = messages.get(name)!;
    const attributes = redacted.has(name) ? (fields.find((field) => field.name === 'attributes')?.number ?? 0) : 0;
    const isTagged = attributes !== 0 && !name.endsWith('DataPoint') && name !== 'Event';
    const plan: MessagePlan = { name, fields: [], attributes, isTagged };
    plans.set(name, plan);
    for (const { number, name: field, type, message } of fields) {
      const isDetected = areas.has(areaOf(name, field));
      if (type === 'string' || type === 'bytes') plan.fields[number] = { kind: 'text', isDetected };
      else if (message === 'KeyValue') plan.fields[number] = { kind: 'attribute', isDetected };
      else if (message === 'AnyValue') plan.fields[number] = { kind: 'body', isDetected };
      else if (message !== undefined) {
        const inner = make(message);
        if (inner.fields.some((one) => one !== undefined)) plan.fields[number] = { kind: 'message', plan: inner, isDetected };
      }
    }
    return plan;
  };
  return make(requestMessage[signal]);
}
