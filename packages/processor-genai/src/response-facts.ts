import { key } from '@millrace/wire';
import type { AttributesEdit, Key } from '@millrace/wire';
import type { Message } from './messages.ts';
import { isJson, isText } from './parts.ts';

const finishReasons = key('gen_ai.response.finish_reasons');
export const responseId: Key = key('gen_ai.response.id');

/** Writes why messages ended, where they say so. */
export function writeFinishReasons(attributes: AttributesEdit, messages: readonly Message[]): void {
  if (attributes.has(finishReasons)) return;
  const reasons = messages.flatMap(({ finish_reason: reason }) => (reason === undefined ? [] : [reason]));
  if (reasons.length > 0) attributes.setPlain(finishReasons, reasons);
}

/** What the body of a response says beside its messages. */
export function writeResponse(attributes: AttributesEdit, body: unknown): void {
  if (!isJson(body)) return;
  const id = body['id'] ?? body['responseId'];
  if (isText(id) && !attributes.has(responseId)) attributes.setString(responseId, id);
  if (attributes.has(finishReasons)) return;
  const { choices, stop_reason: stop } = body;
  const reasons = Array.isArray(choices)
    ? choices.flatMap((choice: unknown) => (isJson(choice) && isText(choice['finish_reason']) ? [choice['finish_reason']] : []))
    : isText(stop)
      ? [stop]
      : [];
  if (reasons.length > 0) attributes.setPlain(finishReasons, reasons);
}
