import type { LogView, SpanView } from '@millrace/wire';
import { key, keyPrefixes } from '@millrace/wire';
import { Call } from './call.ts';
import { addContent, readContents } from './content.ts';
import { readLogFacts } from './dialects/log-events.ts';
import { readEvents } from './dialects/span-events.ts';
import { PlainFacts } from './plain-facts.ts';
import { markMissing, readFacts } from './read-facts.ts';
import { RepeatedCalls } from './repeated-calls.ts';
import { TextMemory } from './text-memory.ts';
import { ViewFacts } from './view-facts.ts';

/** What a plain description of an operation says besides its attributes. */
export interface CallContext {
  /** The name of the span or event. */
  readonly name?: string;
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode?: number;
  readonly durationSeconds?: number;
  /** Name and version of the instrumentation. */
  readonly scopeName?: string;
  readonly scopeVersion?: string;
}

/** The attributes of one operation by numbers of keys. Valid until the next read or edit. */
export interface NotedAttributes {
  /** How many are there whose keys have numbers. */
  readonly count: number;
  /** Whether a key stands there twice: only the first one is noted. */
  readonly hasRepeated: boolean;
  /** The number of the key of one that is there, in their order. */
  fieldAt(index: number): number;
  /** The slot of the attribute with a key of this number, -1 when there is none. */
  placeOf(field: number): number;
  /** The number of a key that some dialect has or that the reader was given. For set-up. */
  numberOf(key: string): number;
}

const eventName = key('event.name');
/** How the keys of the dialects begin. */
const prefixes = keyPrefixes([
  'gen_ai.',
  'llm.',
  'openinference.',
  'traceloop.',
  'ai.',
  'langfuse.',
  'langsmith.',
  'ls_',
  'embedding.',
  'reranker.',
  'millrace.cache.',
]);

/**
 * Reads spans and log records of every dialect into one reused `Call`, which is valid until the next read. What has nothing to do with
 * generative AI is told from its attribute keys at the cost of a glance at each, and has the level `none`.
 */
export class CallReader {
  readonly #call = new Call();
  #isClear = true;
  readonly #texts = new TextMemory();
  readonly #facts: ViewFacts;
  readonly #eventFacts = new ViewFacts(this.#texts);

  readonly #repeated = new RepeatedCalls();

  /** `others`: keys that the caller wants to find in `noted`, besides those that some dialect has. */
  constructor(others: readonly string[] = []) {
    this.#facts = new ViewFacts(this.#texts, others);
  }

  /** Where the attributes are of what was read last and is an operation: who needs them too need not search for them again. */
  get noted(): NotedAttributes {
    return this.#facts;
  }

  #cleared(): Call {
    if (!this.#isClear) this.#call.clear();
    this.#isClear = true;
    return this.#call;
  }

  /** Reads a span, with its events. */
  readSpan(span: SpanView): Call {
    const call = this.#cleared();
    const { attributes } = span;
    if (!attributes.hasPrefix(prefixes)) return call;
    this.#isClear = false;
    this.#facts.bind(attributes);
    readFacts(this.#facts, span, call);
    if (call.level === 'none') return call;
    if (span.events.size > 0) readEvents(span, this.#eventFacts, call);
    if (call.billed) call.repeated = this.#repeated.isRepeated(span, call);
    markMissing(call);
    if (call.usageMissing) readContents(attributes, call);
    return call;
  }

  /** Reads a log record: the event of an evaluation, or of a call, also of tools that have no spans. */
  readLog(log: LogView): Call {
    const call = this.#cleared();
    const name = log.eventName || log.attributes.string(eventName) || '';
    if (name === '') return call;
    this.#isClear = false;
    this.#facts.bind(log.attributes);
    readLogFacts(name, this.#facts, { scope: log.scope, statusCode: 0, startTimeUnixNano: 0n }, call);
    if (call.level === 'none') return call;
    const { start, end } = log.spanId();
    call.repeated = call.billed && call.dialect !== 'body' && end > start;
    markMissing(call);
    return call;
  }
}

let plainFacts: PlainFacts | undefined;

/** The same from plain attributes, into a call of the caller's. */
export function readCall(attributes: Readonly<Record<string, unknown>>, into: Call, context?: CallContext): Call {
  into.clear();
  plainFacts ??= new PlainFacts();
  plainFacts.bind(attributes);
  const scope = { name: context?.scopeName ?? '', version: context?.scopeVersion ?? '' };
  readFacts(plainFacts, { scope, statusCode: context?.statusCode ?? 0, startTimeUnixNano: 0n }, into);
  markMissing(into);
  if (into.usageMissing) for (const [name, value] of Object.entries(attributes)) addContent(name, () => value, into);
  return into;
}
