import { converter, string, stringLike } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { regexOf } from './regex-of.ts';

/** `IsMatch(target, pattern)`: whether the expression matches somewhere in the target's text; false for nil. */
export const isMatch: FunctionDefinition = converter('IsMatch', { target: stringLike, pattern: string }, ({ target, pattern }) => {
  const regex = regexOf('IsMatch', pattern);
  return (context) => {
    const expression = regex(context);
    const text = target(context);
    return text !== undefined && expression.test(text);
  };
});
