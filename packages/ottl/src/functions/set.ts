import { editor, getter, target } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';

/** `set(target, value)`: makes the value that of the target; nil changes nothing. */
export const set: FunctionDefinition = editor('set', { target, value: getter }, ({ target: to, value }) => {
  const constant = value.literal?.value;
  if (typeof constant === 'string' && to.setText !== undefined) return to.setText(constant);
  return (context) => {
    const next = value(context);
    if (next !== undefined) to.set(context, next);
  };
});
