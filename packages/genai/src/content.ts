import type { AttributesView } from '@millrace/wire';
import type { Call } from './call.ts';
import { isRecord, parseJson } from './json.ts';

/** Beyond these a text is not taken apart: its length counts as it is. */
const longestParsedBytes = 4 << 20;

/** Members of messages that hold text of the conversation. */
const textMembers: ReadonlySet<string> = new Set([
  'content',
  'text',
  'arguments',
  'args',
  'input',
  'result',
  'response',
  'output',
  'thinking',
  'reasoning',
  'system',
  'prompt',
  'completion',
]);

/** Adds the characters of the contents that an attribute holds to the call; nothing when it holds none. */
export function addContent(key: string, text: () => unknown, into: Call): void {
  const side = contentSide(key);
  if (side === '') return;
  const characters = charactersOf(text());
  if (side === 'input') into.inputCharacters += characters;
  else into.outputCharacters += characters;
}

/** Counts the contents in the attributes of a span or log. */
export function readContents(attributes: AttributesView, into: Call): void {
  for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
    const { start, end } = attributes.keyRangeAt(slot);
    if (end - start < 9) continue;
    addContent(attributes.keyAt(slot), () => attributes.valueAt(slot).toPlain(), into);
  }
}

const inputKeys: ReadonlySet<string> = new Set([
  'gen_ai.input.messages',
  'gen_ai.system_instructions',
  'gen_ai.prompt',
  'ai.prompt',
  'ai.prompt.messages',
  'ai.value',
  'langfuse.observation.input',
  'embedding.text',
]);
const outputKeys: ReadonlySet<string> = new Set([
  'gen_ai.output.messages',
  'gen_ai.completion',
  'ai.response.text',
  'ai.response.toolCalls',
  'ai.response.object',
  'langfuse.observation.output',
]);
const indexedInput =
  /^(?:llm\.input_messages|gen_ai\.prompt|llm\.prompts|embedding\.embeddings|llm\.system_message)\.\d*\.?.*(?:content|text|arguments|prompt)$/;
const indexedOutput = /^(?:llm\.output_messages|gen_ai\.completion|llm\.completions)\.\d+\..*(?:content|text|arguments)$/;

function contentSide(key: string): 'input' | 'output' | '' {
  if (inputKeys.has(key)) return 'input';
  if (outputKeys.has(key)) return 'output';
  if (key.startsWith('llm.') || key.startsWith('gen_ai.') || key.startsWith('embedding.')) {
    if (indexedInput.test(key)) return 'input';
    if (indexedOutput.test(key)) return 'output';
  }
  return '';
}

/** Characters of a text, or of the texts inside messages, written as JSON or not. */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') {
    const first = value.trimStart().charAt(0);
    if ((first === '[' || first === '{') && value.length < longestParsedBytes) {
      const parsed = parseJson(value);
      if (parsed !== undefined) return textsIn(parsed, true);
    }
    return value.length;
  }
  return textsIn(value, true);
}

/** Texts deeper than this are not counted: no message is made so, and the stack has an end. */
const deepest = 64;

function textsIn(value: unknown, isText: boolean, depth = 0): number {
  if (typeof value === 'string') return isText ? value.length : 0;
  let characters = 0;
  if (depth === deepest) return 0;
  if (Array.isArray(value)) for (const element of value) characters += textsIn(element, isText, depth + 1);
  else if (isRecord(value))
    for (const [name, member] of Object.entries(value)) characters += textsIn(member, textMembers.has(name), depth + 1);
  return characters;
}
