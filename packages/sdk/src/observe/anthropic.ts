import type { ObservedCall } from './observed-call.ts';

interface Message {
  readonly id?: unknown;
  readonly model?: unknown;
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly stop_reason?: unknown;
  readonly content?: readonly { readonly type?: unknown; readonly text?: unknown }[];
}

interface Event {
  readonly type?: unknown;
  readonly message?: Message;
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly delta?: { readonly stop_reason?: unknown; readonly text?: unknown };
}

/** Reads a message of Anthropic's API. */
export function readMessage(answer: unknown, observed: ObservedCall): void {
  const { id, model, usage, stop_reason: reason, content } = answer as Message;
  if (typeof id === 'string') observed.responseId = id;
  if (typeof model === 'string') observed.call.responseModel = model;
  if (typeof reason === 'string') observed.finishReasons = [reason];
  readUsage(usage, observed);
  if (observed.output === undefined) return;
  for (const { text } of content ?? []) if (typeof text === 'string') observed.output += text;
}

/** Reads an event of a streamed message: the first has the input's usage, one of the last the output's. */
export function readMessageEvent(event: unknown, observed: ObservedCall): void {
  const { type, message, usage, delta } = event as Event;
  if (type === 'message_start' && message !== undefined) readMessage(message, observed);
  if (type === 'message_delta') {
    if (typeof delta?.stop_reason === 'string') observed.finishReasons = [delta.stop_reason];
    readUsage(usage, observed);
  }
  if (observed.output !== undefined && type === 'content_block_delta' && typeof delta?.text === 'string') observed.output += delta.text;
}

/** What a later event says replaces what an earlier one said, field by field. */
function readUsage(usage: Message['usage'], observed: ObservedCall): void {
  if (usage === undefined) return;
  const told = Object.entries(usage).filter(([, value]) => value !== null && value !== undefined);
  observed.usageBody = { ...observed.usageBody, ...Object.fromEntries(told) };
  const { service_tier: tier } = observed.usageBody;
  if (typeof tier === 'string') observed.call.serviceTier = tier;
  observed.call.usage.clear();
  observed.usage(observed.usageBody);
}
