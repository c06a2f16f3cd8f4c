import { Call } from '@millrace/genai';

/** Calls that nobody needs any more: a service makes many. */
const spare: Call[] = [];
const maxSpare = 1024;

/** A call that says nothing so far. */
export function takeCall(): Call {
  return spare.pop() ?? new Call();
}

/** Gives a call back that nobody will use. */
export function giveBack(call: Call): void {
  if (spare.length >= maxSpare) return;
  call.clear();
  spare.push(call);
}
