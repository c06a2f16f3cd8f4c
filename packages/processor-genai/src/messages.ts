import { asText, isJson, isText, parseContainer, partsOf, textPart, toolCallPart, toolResponsePart } from './parts.ts';
import type { Json, Part } from './parts.ts';

/** A message of `gen_ai.input.messages` and `gen_ai.output.messages`. */
export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
  readonly name?: string;
  readonly finish_reason?: string;
}

const roles: Readonly<Record<string, string>> = {
  human: 'user',
  ai: 'assistant',
  model: 'assistant',
  chatbot: 'assistant',
  aimessage: 'assistant',
  humanmessage: 'user',
  systemmessage: 'system',
  toolmessage: 'tool',
  function: 'tool',
};

/** A message in the shape of any vendor or framework; undefined when it is none. */
export function messageOf(value: unknown, role = 'user'): Message | undefined {
  if (typeof value === 'string') return { role, parts: partsOf(value) };
  if (!isJson(value)) return undefined;
  const message = isJson(value['kwargs']) ? value['kwargs'] : isJson(value['message']) ? value['message'] : value;
  const { type } = message;
  if (type === 'function_call') return { role: 'assistant', parts: partsOf(message) };
  if (type === 'function_call_output') return { role: 'tool', parts: partsOf(message) };
  if (type === 'reasoning') return { role: 'assistant', parts: partsOf(message) };
  const named = message['role'] ?? (type === 'message' ? undefined : type);
  const given = isText(named) ? named : role;
  const isKnown = 'content' in message || 'parts' in message || 'tool_calls' in message;
  if (!isKnown && message['role'] === undefined) return undefined;
  const lower = given.toLowerCase();
  const finish = message['finish_reason'] ?? value['finish_reason'];
  return {
    role: roles[lower] ?? lower,
    parts: messageParts(message, lower),
    ...(isText(message['name']) && { name: message['name'] }),
    ...(isText(finish) && { finish_reason: finish }),
  };
}

function messageParts(message: Json, role: string): Part[] {
  if (Array.isArray(message['parts'])) return partsOf(message['parts']);
  const id = message['tool_call_id'] ?? message['toolCallId'];
  const { content } = message;
  if (role === 'tool' && isText(id)) return [toolResponsePart(id, content)];
  const thought = message['reasoning_content'] ?? message['reasoning'];
  const parts: Part[] = isText(thought) ? [{ type: 'reasoning', content: thought }] : [];
  const calls = message['tool_calls'] ?? message['toolCalls'];
  const called = Array.isArray(calls) ? calls.flatMap(toolCallsOf) : [];
  // Some say a call both in the content and beside it.
  const told = new Set(called.map((part) => part['id']));
  parts.push(...partsOf(content).filter((part) => part.type !== 'tool_call' || !isText(part['id']) || !told.has(part['id'])), ...called);
  return parts;
}

/** A call of a tool in the shape of OpenAI, LangChain or the Vercel AI SDK. */
function toolCallsOf(call: unknown): Part[] {
  if (!isJson(call)) return [];
  const own = call['function'];
  if (isJson(own)) return [toolCallPart(call['id'], own['name'], own['arguments'])];
  return [
    toolCallPart(call['id'] ?? call['toolCallId'], call['name'] ?? call['toolName'], call['arguments'] ?? call['args'] ?? call['input']),
  ];
}

/** The calls of tools in a JSON text; none when there are none in it. */
export function toolCallParts(text: string): Part[] {
  const calls = parseContainer(text);
  return Array.isArray(calls) ? calls.flatMap(toolCallsOf) : [];
}

/** What was asked: a text, messages, or the body of a request with messages in it, as it is or as JSON. Never empty: what is none of these is one text. */
export function inputMessages(value: unknown): Message[] {
  return messagesIn(value, 'user', ['messages', 'input_messages', 'contents', 'input', 'prompt', 'inputs']);
}

/** What was answered, likewise. */
export function outputMessages(value: unknown): Message[] {
  return messagesIn(value, 'assistant', ['messages', 'choices', 'output', 'candidates', 'outputs']);
}

function messagesIn(value: unknown, role: string, members: readonly string[]): Message[] {
  const parsed = typeof value === 'string' ? parseContainer(value) : value;
  const found = Array.isArray(parsed) ? listed(parsed, role) : isJson(parsed) ? withinBody(parsed, role, members) : undefined;
  return found ?? [{ role, parts: [textPart(asText(value))] }];
}

function listed(values: readonly unknown[], role: string): Message[] | undefined {
  const messages: Message[] = [];
  // LangChain has a list of messages for each prompt.
  const flat = values.length === 1 && Array.isArray(values[0]) ? (values[0] as readonly unknown[]) : values;
  for (const value of flat) {
    const message = messageOf(
      isJson(value) && isJson(value['content']) && value['message'] === undefined && 'parts' in value['content'] ? value['content'] : value,
      role,
    );
    if (message === undefined) return undefined;
    messages.push(message);
  }
  return messages.length > 0 ? messages : undefined;
}

function withinBody(body: Json, role: string, members: readonly string[]): Message[] | undefined {
  if ('role' in body || 'content' in body || 'parts' in body) {
    const message = messageOf(body, role);
    if (message !== undefined) return [message];
  }
  for (const member of members) {
    const inner = body[member];
    if (typeof inner === 'string') return [{ role, parts: partsOf(inner) }];
    if (Array.isArray(inner)) {
      const messages = listed(inner, role);
      if (messages !== undefined) return messages;
    }
  }
  return undefined;
}
