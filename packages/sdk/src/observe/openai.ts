import type { ObservedCall } from './observed-call.ts';

interface Choice {
  readonly finish_reason?: unknown;
  readonly message?: { readonly content?: unknown };
  readonly delta?: { readonly content?: unknown };
  readonly text?: unknown;
}

interface Body {
  readonly id?: unknown;
  readonly model?: unknown;
  readonly usage?: unknown;
  readonly service_tier?: unknown;
  readonly choices?: readonly Choice[];
  readonly status?: unknown;
  readonly incomplete_details?: { readonly reason?: unknown } | null;
  readonly error?: { readonly code?: unknown } | null;
  readonly output_text?: unknown;
}

/** Reads an answer, or a part of a streamed one, of chat completions, completions or embeddings. */
export function readCompletion(answer: unknown, observed: ObservedCall): void {
  const body = answer as Body;
  readHead(body, observed);
  observed.usage(body.usage);
  const reasons: string[] = [];
  for (const { finish_reason: reason } of body.choices ?? []) if (typeof reason === 'string') reasons.push(reason);
  if (reasons.length > 0) observed.finishReasons = reasons;
  if (observed.output === undefined) return;
  const [choice] = body.choices ?? [];
  const text = choice?.message?.content ?? choice?.delta?.content ?? choice?.text;
  if (typeof text === 'string') observed.output += text;
}

/** Reads an answer of the responses API. */
export function readResponse(answer: unknown, observed: ObservedCall): void {
  const body = answer as Body;
  readHead(body, observed);
  observed.usage(body.usage);
  const { status, incomplete_details: incomplete, error, output_text: text } = body;
  if (typeof status === 'string') observed.finishReasons = [typeof incomplete?.reason === 'string' ? incomplete.reason : status];
  if (status === 'failed') observed.call.errorType = typeof error?.code === 'string' ? error.code : 'failed';
  if (observed.output !== undefined && typeof text === 'string') observed.output = text;
}

/** Reads an event of the responses API: those that end it carry the whole answer. */
export function readResponseEvent(event: unknown, observed: ObservedCall): void {
  const { type, response, delta } = event as { type?: unknown; response?: unknown; delta?: unknown };
  if (typeof response === 'object' && response !== null) readResponse(response, observed);
  if (observed.output !== undefined && type === 'response.output_text.delta' && typeof delta === 'string') observed.output += delta;
}

function readHead({ id, model, service_tier: tier }: Body, observed: ObservedCall): void {
  if (typeof id === 'string') observed.responseId = id;
  if (typeof model === 'string') observed.call.responseModel = model;
  if (typeof tier === 'string') observed.call.serviceTier = tier;
}
