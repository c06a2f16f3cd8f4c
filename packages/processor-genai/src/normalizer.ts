import type { Call, NotedAttributes } from '@millrace/genai';
import { KeyMemory } from '@millrace/redaction';
import { key, keyPrefixes } from '@millrace/wire';
import type { AttributesEdit, Key, ValueView } from '@millrace/wire';
import type { Emit } from './config.ts';
import { Facts } from './facts.ts';
import { keyIn } from './generations.ts';
import { IndexedValues } from './indexed-values.ts';
import type { Message } from './messages.ts';
import { inputMessages, outputMessages, toolCallParts } from './messages.ts';
import { isJson, isText, parseContainer, partsOf, textPart } from './parts.ts';
import type { Part } from './parts.ts';
import { setNumber, writeParameters } from './request-parameters.ts';
import { responseId, writeFinishReasons, writeResponse } from './response-facts.ts';
import { codeOf, indexed, indexedPlace, rules } from './rules.ts';
import type { Rule } from './rules.ts';
import { jsonOf, plainOf } from './set-attribute.ts';
import { toolDefinitions } from './tool-definitions.ts';

const instructions = key('gen_ai.system_instructions');
const toolArguments = key('gen_ai.tool.call.arguments');
const toolResult = key('gen_ai.tool.call.result');
const query = key('gen_ai.retrieval.query.text');
const openInference = key('openinference.span.kind');
const answerText = key('ai.response.text');
const answerObject = key('ai.response.object');
const answerReasoning = key('ai.response.reasoning');
const answerToolCalls = key('ai.response.toolCalls');

/** What says something about a value that is gone. */
const companions: Readonly<Record<string, Key>> = { 'input.value': key('input.mime_type'), 'output.value': key('output.mime_type') };

/** How keys of parts begin. */
const indexedPrefixes = keyPrefixes(indexed.map(({ prefix }) => `${prefix}.`));

/** The keys that a reader of calls has to note. */
export const normalizedKeys: readonly string[] = rules.map(({ source }) => source);

const contents = new Set<Rule['as']>(['input', 'output', 'entityInput', 'entityOutput', 'promptBody', 'answer', 'tools']);

/** What is asked of a normalizer. */
export interface NormalizerOptions {
  readonly emit: Emit;
  readonly removesOriginals: boolean;
  /** False: content is not converted, since it will be dropped. */
  readonly keepsContent: boolean;
}

/** Gives the attributes of one operation the names of a generation, whatever dialect they are in. */
export class Normalizer {
  readonly #facts: Facts;
  readonly #removes: boolean;
  readonly #keepsContent: boolean;
  readonly #noted: NotedAttributes;
  readonly #keys = new KeyMemory(codeOf);
  /** Codes by the numbers of keys. */
  readonly #codeOf: number[] = [];
  /** The key that a rule writes to, by the rule's place; undefined when the conversion decides. */
  readonly #targets: readonly (Key | undefined)[];
  readonly #isOwn: readonly boolean[];
  readonly #indexedTargets: readonly Key[];
  readonly #indexedValues = indexed.map(({ prefix }) => new IndexedValues(prefix));
  readonly #said: boolean[] = indexed.map(() => false);
  readonly #input: Key;
  readonly #output: Key;
  readonly #slots: number[] = [];
  readonly #codes: number[] = [];
  /** By the place of a rule: where in `#slots` its first attribute is, and whether that says all under another name. */
  readonly #firsts: Int32Array = new Int32Array(rules.length);
  readonly #saysFirst: Uint8Array = new Uint8Array(rules.length);
  #structured = false;
  #hasIndexed = false;
  /** Whether there may be an attribute for a part of the usage. */
  #hasParts = false;

  /** `noted`: of the reader of the calls, which was made with `normalizedKeys`. */
  constructor({ emit, removesOriginals, keepsContent }: NormalizerOptions, noted: NotedAttributes) {
    this.#noted = noted;
    for (const source of normalizedKeys) this.#codeOf[noted.numberOf(source)] = codeOf(source);
    this.#facts = new Facts(emit);
    this.#removes = removesOriginals;
    this.#keepsContent = keepsContent;
    this.#targets = rules.map(({ target }) => (target === '' ? undefined : keyIn(emit, target)));
    const factNames = new Set(this.#facts.names);
    this.#isOwn = rules.map(({ source }, place) => factNames.has(source) || this.#targets[place]?.text === source);
    this.#indexedTargets = indexed.map(({ target }) => keyIn(emit, target));
    this.#input = keyIn(emit, 'gen_ai.input.messages');
    this.#output = keyIn(emit, 'gen_ai.output.messages');
  }

  /** `structured`: lists and maps are written as such (log records), not as JSON (spans), as the conventions have it. */
  apply(attributes: AttributesEdit, call: Call, structured: boolean): void {
    this.#structured = structured;
    const slots = this.#slots;
    const codes = this.#codes;
    slots.length = codes.length = 0;
    this.#hasIndexed = this.#hasParts = false;
    this.#find(attributes);
    this.#facts.write(attributes, call, this.#hasParts);
    if (slots.length === 0) return;
    const isOpenInference = attributes.has(openInference);
    if (this.#hasIndexed) this.#putTogether(attributes);
    for (let i = 0; i < slots.length; i++) {
      const place = codes[i]! - 1;
      const rule = rules[place];
      if (rule === undefined || indexedPlace(codes[i]!) >= 0) continue;
      if (rule.openInference && !isOpenInference) continue;
      if (this.#isAgain(i, place)) {
        if (this.#saysFirst[place] === 1) attributes.deleteAt(slots[i]!);
        continue;
      }
      if (!this.#says(attributes, slots[i]!, rule, this.#targets[place], call) || !this.#removes || rule.stays) continue;
      this.#saysFirst[place] = 1;
      attributes.deleteAt(slots[i]!);
      const companion = companions[rule.source];
      if (companion !== undefined) attributes.delete(companion);
    }
  }

  /** Whether an attribute with the same key stands before it, which decides for all: a search for each would take too long. */
  #isAgain(index: number, place: number): boolean {
    const first = this.#firsts[place]!;
    if (first < index && this.#codes[first] === place + 1) return true;
    this.#firsts[place] = index;
    this.#saysFirst[place] = 0;
    return false;
  }

  /** Finds what rules are about. */
  #find(attributes: AttributesEdit): void {
    const noted = this.#noted;
    if (!noted.hasRepeated && !attributes.hasPrefix(indexedPrefixes)) {
      for (let i = 0; i < noted.count; i++) {
        const field = noted.fieldAt(i);
        const code = this.#codeOf[field] ?? 0;
        if (code !== 0) this.#add(noted.placeOf(field), code);
      }
      return;
    }
    for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
      const { buffer, start, end } = attributes.keyRangeAt(slot);
      const code = this.#keys.askBytes(buffer, start, end);
      if (code !== 0) this.#add(slot, code);
    }
  }

  #add(slot: number, code: number): void {
    const isIndexed = indexedPlace(code) >= 0;
    if (!isIndexed && this.#isOwn[code - 1]) {
      this.#hasParts ||= rules[code - 1]!.as === 'usage';
      return;
    }
    this.#slots.push(slot);
    this.#codes.push(code);
    this.#hasIndexed ||= isIndexed;
  }

  /** Writes what was one attribute per element and field. */
  #putTogether(attributes: AttributesEdit): void {
    const values = this.#indexedValues;
    const slots = this.#slots;
    const codes = this.#codes;
    const said = this.#said;
    for (let place = 0; place < said.length; place++) said[place] = !this.#keepsContent || attributes.has(this.#indexedTargets[place]!);
    for (let i = 0; i < slots.length; i++) {
      const place = indexedPlace(codes[i]!);
      if (place < 0 || said[place]) continue;
      const value = attributes.valueAt(slots[i]!);
      values[place]!.add(attributes.keyAt(slots[i]!), value.type === 'string' ? value.string() : jsonOf(value.toPlain()));
    }
    for (let place = 0; place < said.length; place++) {
      if (values[place]!.isEmpty) continue;
      try {
        const target = this.#indexedTargets[place]!;
        said[place] = attributes.has(target) || this.#writeElements(attributes, target, indexed[place]!.as, values[place]!);
      } catch {
        // What cannot be put together stays in pieces.
      }
      values[place]!.clear();
    }
    if (!this.#removes) return;
    for (let i = 0; i < slots.length; i++) if (said[indexedPlace(codes[i]!)]) attributes.deleteAt(slots[i]!);
  }

  #writeElements(attributes: AttributesEdit, target: Key, as: (typeof indexed)[number]['as'], values: IndexedValues): boolean {
    if (as === 'documents') return this.#write(attributes, target, values.elements());
    if (as === 'tools') return this.#write(attributes, target, values.tools());
    const messages = values.messages(as === 'input' ? 'user' : 'assistant');
    if (as === 'output' && messages !== undefined) writeFinishReasons(attributes, messages);
    return this.#write(attributes, target, messages);
  }

  /** Whether everything that an attribute says stands under a name of the generation: writes it there when it does not yet. */
  #says(attributes: AttributesEdit, slot: number, rule: Rule, target: Key | undefined, call: Call): boolean {
    if (this.#facts.covers(rule.as, call)) return true;
    if (!this.#keepsContent && contents.has(rule.as)) return false;
    try {
      if (rule.as === 'entityInput') return this.#saysInput(attributes, slot, call);
      if (rule.as === 'entityOutput') return this.#saysOutput(attributes, slot, call);
      if (rule.as === 'parameters') return writeParameters(attributes, contentOf(attributes.valueAt(slot)), call);
      if (target === undefined) return false;
      return attributes.has(target) || this.#convert(attributes, slot, rule, target);
    } catch {
      return false;
    }
  }

  #convert(attributes: AttributesEdit, slot: number, rule: Rule, target: Key): boolean {
    const value = attributes.valueAt(slot);
    switch (rule.as) {
      case 'same':
        attributes.setFrom(target, slot);
        return true;
      case 'int':
      case 'double':
        return setNumber(attributes, target, rule.as, numberIn(value));
      case 'seconds':
        return setNumber(attributes, target, 'double', numberIn(value) / 1000);
      case 'flag':
        attributes.setBoolean(target, value.type === 'bool' ? value.boolean() : value.string().toLowerCase() === 'true');
        return true;
      case 'texts':
        return writeTexts(attributes, slot, target, value);
      case 'outputType':
        attributes.setString(target, value.string().startsWith('json') ? 'json' : 'text');
        return value.type === 'string';
      case 'input':
        return this.#write(attributes, target, inputMessages(contentOf(value)));
      case 'output':
        return this.#write(attributes, target, outputMessages(contentOf(value)));
      case 'promptBody':
        return this.#writePrompt(attributes, target, contentOf(value));
      case 'answer':
        return this.#writeAnswer(attributes, target);
      case 'tools': {
        const tools = contentOf(value);
        return Array.isArray(tools) && this.#write(attributes, target, toolDefinitions(tools as readonly unknown[]));
      }
      default:
        return false;
    }
  }

  /** What went into a step, whatever step it is. */
  #saysInput(attributes: AttributesEdit, slot: number, { level }: Call): boolean {
    if (level === 'tool') return copyTo(attributes, toolArguments, slot);
    if (level === 'retrieval') return attributes.typeAt(slot) === 'string' && copyTo(attributes, query, slot);
    if (level !== 'inference' && level !== 'agent' && level !== 'workflow') return false;
    return attributes.has(this.#input) || this.#write(attributes, this.#input, inputMessages(contentOf(attributes.valueAt(slot))));
  }

  #saysOutput(attributes: AttributesEdit, slot: number, { level }: Call): boolean {
    if (level === 'tool') return copyTo(attributes, toolResult, slot);
    if (level !== 'inference' && level !== 'agent' && level !== 'workflow') return false;
    const needsBody = !attributes.has(this.#output) || (level === 'inference' && !attributes.has(responseId));
    if (!needsBody) return true;
    const body = contentOf(attributes.valueAt(slot));
    if (level === 'inference') writeResponse(attributes, body);
    if (attributes.has(this.#output)) return true;
    const messages = outputMessages(body);
    writeFinishReasons(attributes, messages);
    return this.#write(attributes, this.#output, messages);
  }

  /** What the Vercel AI SDK was called with: a prompt or messages, and the instructions. */
  #writePrompt(attributes: AttributesEdit, target: Key, given: unknown): boolean {
    const { system } = isJson(given) ? given : { system: undefined };
    if (isText(system) && !attributes.has(instructions)) this.#write(attributes, instructions, [textPart(system)]);
    return this.#write(attributes, target, inputMessages(given));
  }

  /** What it answered, which it keeps by kind. */
  #writeAnswer(attributes: AttributesEdit, target: Key): boolean {
    const parts: Part[] = [];
    const thought = attributes.string(answerReasoning);
    if (isText(thought)) parts.push(...partsOf(thought).map((part) => (part.type === 'text' ? { ...part, type: 'reasoning' } : part)));
    const text = attributes.string(answerText);
    if (isText(text)) parts.push(textPart(text));
    const object = attributes.string(answerObject);
    if (isText(object)) parts.push(textPart(object));
    const calls = attributes.string(answerToolCalls);
    if (isText(calls)) parts.push(...toolCallParts(calls));
    return this.#write(attributes, target, [{ role: 'assistant', parts } satisfies Message]);
  }

  #write(attributes: AttributesEdit, target: Key, value: readonly unknown[] | undefined): boolean {
    if (value === undefined) return false;
    if (this.#structured) attributes.setPlain(target, plainOf(value));
    else attributes.setString(target, JSON.stringify(value));
    return true;
  }
}

function copyTo(attributes: AttributesEdit, target: Key, slot: number): boolean {
  if (!attributes.has(target)) attributes.setFrom(target, slot);
  return true;
}

/** A text, JSON in a text, or a list or map as JSON has it. */
function contentOf(value: ValueView): unknown {
  if (value.type !== 'string') return jsonOf(value.toPlain());
  const text = value.string();
  return parseContainer(text) ?? text;
}

function numberIn(value: ValueView): number {
  if (value.type !== 'string') return value.number();
  const text = value.string();
  return text === '' ? Number.NaN : Number(text);
}

function writeTexts(attributes: AttributesEdit, slot: number, target: Key, value: ValueView): boolean {
  if (value.type === 'array') {
    attributes.setFrom(target, slot);
    return true;
  }
  if (value.type !== 'string') return false;
  const text = value.string();
  const list = parseContainer(text);
  attributes.setPlain(target, Array.isArray(list) && list.every((item) => typeof item === 'string') ? (list as string[]) : [text]);
  return true;
}
