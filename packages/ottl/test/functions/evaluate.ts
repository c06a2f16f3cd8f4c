import { compileExpression, standardFunctions, TransformContext } from '@millrace/ottl';
import type { Value } from '@millrace/ottl';

/** 27 January 2026, 12:00 UTC. */
const nowNanos = 1_769_515_200_000_000_000n;

/** The value of an expression that reads no item. */
export function evaluate(expression: string, now: bigint = nowNanos): Value {
  return compileExpression('log', expression, { functions: standardFunctions, now: () => now })(new TransformContext());
}

/** Nanoseconds since the epoch of an RFC 3339 text. */
export function nanos(text: string): bigint {
  return BigInt(Date.parse(text)) * 1_000_000n;
}
