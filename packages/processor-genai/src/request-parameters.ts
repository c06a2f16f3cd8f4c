import { key } from '@millrace/wire';
import type { Call } from '@millrace/genai';
import type { AttributesEdit, Key } from '@millrace/wire';
import { isJson, isText } from './parts.ts';

const requestModel = key('gen_ai.request.model');
const responseModel = key('gen_ai.response.model');

type Kind = 'int' | 'double' | 'flag' | 'text' | 'texts';

const parameter = (name: string, as: Kind): readonly [Key, Kind] => [key(`gen_ai.request.${name}`), as];
const maxTokens = parameter('max_tokens', 'int');
const stops = parameter('stop_sequences', 'texts');
const topP = parameter('top_p', 'double');
const topK = parameter('top_k', 'int');
const frequencyPenalty = parameter('frequency_penalty', 'double');
const presencePenalty = parameter('presence_penalty', 'double');
const reasoning = parameter('reasoning.level', 'text');
const choices = parameter('choice.count', 'int');

/** What vendors call the parameters of a request, in JSON. */
const parameters: Readonly<Record<string, readonly [Key, Kind]>> = {
  temperature: parameter('temperature', 'double'),
  top_p: topP,
  topP,
  top_k: topK,
  topK,
  max_tokens: maxTokens,
  maxTokens,
  max_completion_tokens: maxTokens,
  max_output_tokens: maxTokens,
  maxOutputTokens: maxTokens,
  max_tokens_to_sample: maxTokens,
  stop: stops,
  stop_sequences: stops,
  stopSequences: stops,
  frequency_penalty: frequencyPenalty,
  frequencyPenalty,
  presence_penalty: presencePenalty,
  presencePenalty,
  seed: parameter('seed', 'int'),
  stream: parameter('stream', 'flag'),
  n: choices,
  candidate_count: choices,
  candidateCount: choices,
  reasoning_effort: reasoning,
  encoding_format: parameter('encoding_formats', 'texts'),
  dimensions: [key('gen_ai.embeddings.dimension.count'), 'int'],
};

/**
 * Writes the parameters of a request that stand in one map; false when the map says more. OpenInference has the model that was asked for among the parameters, and one name for it and for what answered.
 */
export function writeParameters(attributes: AttributesEdit, parameters: unknown, call: Call): boolean {
  const asked = isJson(parameters) ? parameters['model'] : undefined;
  if (isText(asked) && asked !== call.requestModel) {
    if (call.requestModel !== '' && call.responseModel === '') attributes.setString(responseModel, call.requestModel);
    attributes.setString(requestModel, asked);
  }
  return setParameters(attributes, parameters);
}

/**
 * Writes the parameters of a request that stand in one map; those that are attributes already stay. False when something in it has no
 * attribute, so that the map itself is worth keeping.
 */
function setParameters(attributes: AttributesEdit, map: unknown): boolean {
  if (!isJson(map)) return false;
  let isComplete = true;
  for (const [name, value] of Object.entries(map)) {
    const known = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (name === 'model' || value === null) continue;
    if (known === undefined) isComplete = false;
    else if (!attributes.has(known[0]) && !set(attributes, known[0], known[1], value)) isComplete = false;
  }
  return isComplete;
}

function set(attributes: AttributesEdit, to: Key, as: Kind, value: unknown): boolean {
  if (as === 'flag') {
    if (typeof value !== 'boolean') return false;
    if (value) attributes.setBoolean(to, true);
    return true;
  }
  if (as === 'text') {
    if (!isText(value)) return false;
    attributes.setString(to, value);
    return true;
  }
  if (as === 'texts') {
    const texts = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    if (!texts.every((text) => typeof text === 'string')) return false;
    attributes.setPlain(to, texts);
    return true;
  }
  return setNumber(attributes, to, as, typeof value === 'string' && value !== '' ? Number(value) : value);
}

/** Writes a number, as an integer where it is whole and shall be one; false when it is none. */
export function setNumber(attributes: AttributesEdit, to: Key, as: 'int' | 'double', value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (as === 'int' && Number.isSafeInteger(value)) attributes.setInt(to, value);
  else attributes.setDouble(to, value);
  return true;
}
