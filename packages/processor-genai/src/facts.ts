import { key } from '@millrace/wire';
import type { AttributesEdit, Key } from '@millrace/wire';
import { tokenIndex } from '@millrace/genai';
import type { Call } from '@millrace/genai';
import type { Emit } from './config.ts';
import { keyIn, providerIn } from './generations.ts';
import type { Conversion } from './rules.ts';
import { setChanged } from './set-attribute.ts';

const operation = key('gen_ai.operation.name');
const requestModel = key('gen_ai.request.model');
const responseModel = key('gen_ai.response.model');
const conversation = key('gen_ai.conversation.id');
const errorType = key('error.type');
const stream = key('gen_ai.request.stream');
const firstChunk = key('gen_ai.response.time_to_first_chunk');
const inputTokens = key('gen_ai.usage.input_tokens');
const outputTokens = key('gen_ai.usage.output_tokens');
const cacheRead = key('gen_ai.usage.cache_read.input_tokens');
const reasoning = key('gen_ai.usage.reasoning.output_tokens');

const {
  cache_read: cacheReadAt,
  cache_write: cacheWriteAt,
  cache_write_5m: cacheWrite5mAt,
  cache_write_1h: cacheWrite1hAt,
  reasoning: reasoningAt,
} = tokenIndex;

const modalities = ['audio', 'image', 'video'] as const;
const byModality: readonly Modality[] = modalities.map((modality) => ({
  input: tokenIndex[`input_${modality}`],
  cacheRead: tokenIndex[`cache_read_${modality}`],
  output: tokenIndex[`output_${modality}`],
  inputKey: key(`gen_ai.usage.${modality}.input_tokens`),
  cacheReadKey: key(`gen_ai.usage.${modality}.cache_read.input_tokens`),
  outputKey: key(`gen_ai.usage.${modality}.output_tokens`),
}));

/** The places of its tokens, and their keys. */
interface Modality {
  readonly input: number;
  readonly cacheRead: number;
  readonly output: number;
  readonly inputKey: Key;
  readonly cacheReadKey: Key;
  readonly outputKey: Key;
}

/** Writes what the canonical record says under the names of a generation. */
export class Facts {
  readonly #emit: Emit;
  readonly #provider: Key;
  readonly #cacheWrite: Key;

  constructor(emit: Emit) {
    this.#emit = emit;
    this.#provider = keyIn(emit, 'gen_ai.provider.name');
    this.#cacheWrite = keyIn(emit, 'gen_ai.usage.cache_write.input_tokens');
  }

  /** The names it writes, so that an attribute with one of them is no original. */
  get names(): readonly string[] {
    const parts = byModality.flatMap(({ inputKey, cacheReadKey, outputKey }) => [inputKey, cacheReadKey, outputKey]);
    return [this.#provider, this.#cacheWrite, cacheRead, reasoning, ...parts].map(({ text }) => text);
  }

  /** Whether an attribute of this kind says nothing that is not written. */
  covers(as: Conversion, call: Call): boolean {
    switch (as) {
      case 'usage':
        return call.usage.known && !call.usage.estimated;
      case 'model':
        return call.model !== '';
      case 'provider':
        return call.provider !== '';
      case 'conversation':
        return call.conversation !== '';
      default:
        return as === 'operation' && call.operation !== '' && namesOperation(call);
    }
  }

  /** `hasParts`: whether there may be an attribute for a part of the usage already. */
  write(attributes: AttributesEdit, call: Call, hasParts: boolean): void {
    if (call.operation !== '' && (namesOperation(call) || attributes.has(operation)))
      setChanged.text(attributes, operation, call.operation);
    if (call.provider !== '') setChanged.text(attributes, this.#provider, providerIn(this.#emit, call.provider));
    if (call.requestModel !== '') setChanged.text(attributes, requestModel, call.requestModel);
    if (call.responseModel !== '') setChanged.text(attributes, responseModel, call.responseModel);
    if (call.conversation !== '' && !attributes.has(conversation)) attributes.setString(conversation, call.conversation);
    if (call.errorType !== '' && !attributes.has(errorType)) attributes.setString(errorType, call.errorType);
    if (call.streamed) setChanged.flag(attributes, stream);
    if (!Number.isNaN(call.timeToFirstChunk) && !attributes.has(firstChunk)) attributes.setDouble(firstChunk, call.timeToFirstChunk);
    if (call.usage.known && !call.usage.estimated) this.#writeUsage(attributes, call, hasParts);
  }

  #writeUsage(attributes: AttributesEdit, { usage, level }: Call, hasParts: boolean): void {
    setChanged.int(attributes, inputTokens, usage.inputTokens);
    const output = usage.outputTokens;
    if (output > 0 || level !== 'embeddings' || attributes.has(outputTokens)) setChanged.int(attributes, outputTokens, output);
    const { tokens } = usage;
    const write = tokens[cacheWriteAt]! + tokens[cacheWrite5mAt]! + tokens[cacheWrite1hAt]!;
    setPart(attributes, hasParts, this.#cacheWrite, write);
    setPart(attributes, hasParts, reasoning, tokens[reasoningAt]!);
    let read = tokens[cacheReadAt]!;
    for (const modality of byModality) {
      const readOf = tokens[modality.cacheRead]!;
      read += readOf;
      setPart(attributes, hasParts, modality.cacheReadKey, readOf);
      setPart(attributes, hasParts, modality.inputKey, tokens[modality.input]! + readOf);
      setPart(attributes, hasParts, modality.outputKey, tokens[modality.output]!);
    }
    setPart(attributes, hasParts, cacheRead, read);
  }
}

/** A part of the whole: absent when there is none, unless the sender said 0. */
function setPart(attributes: AttributesEdit, mayBeThere: boolean, to: Key, tokens: number): void {
  if (tokens > 0 || (mayBeThere && attributes.has(to))) setChanged.int(attributes, to, tokens);
}

/** Whether the conventions have a name for what it is. */
function namesOperation({ level }: Call): boolean {
  return level !== 'evaluation' && level !== 'memory';
}
