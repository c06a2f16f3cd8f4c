import { OttlError } from '../ottl-error.ts';
import type { MathOperator } from '../syntax/syntax-tree.ts';
import { Duration, Time } from '../time.ts';
import { typeName } from '../value.ts';
import type { Value } from '../value.ts';

const timesOnly = 'only addition and subtraction supported for time.Time and time.Duration';

/** Calculates by the rules of the language: ints wrap around at 64 bits and divide without a rest; an int with a float is a float; times and durations add up. */
export function calculate(a: Value, b: Value, operator: MathOperator): Value {
  if (a instanceof Time) return calculateTime(a, b, operator);
  if (a instanceof Duration) return calculateDuration(a, b, operator);
  if (typeof a !== 'bigint' && typeof a !== 'number') throw new OttlError(`${shown(a)} must be int64, float64, time.Time or time.Duration`);
  if (typeof b !== 'bigint' && typeof b !== 'number') throw new OttlError(`${shown(b)} must be int64 or float64`);
  if (operator === '/' && Number(b) === 0) throw new OttlError('attempted to divide by 0');
  if (typeof a === 'bigint' && typeof b === 'bigint') return BigInt.asIntN(64, calculateInts(a, b, operator));
  return calculateFloats(Number(a), Number(b), operator);
}

/** The value with the other sign. */
export function negate(value: Value): Value {
  if (typeof value === 'bigint') return BigInt.asIntN(64, -value);
  if (typeof value === 'number') return -value;
  throw new OttlError(`unsupported unary minus operation on type ${typeName(value)}`);
}

function shown(value: Value): string {
  return typeof value === 'object' || value === undefined ? typeName(value) : String(value);
}

function calculateInts(a: bigint, b: bigint, operator: MathOperator): bigint {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  return operator === '*' ? a * b : a / b;
}

function calculateFloats(a: number, b: number, operator: MathOperator): number {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  return operator === '*' ? a * b : a / b;
}

function calculateTime(a: Time, b: Value, operator: MathOperator): Value {
  if (operator === '+') {
    if (b instanceof Duration) return new Time(a.unixNanos + b.nanos, a.zone);
    throw new OttlError(`time.Time must be added to time.Duration; found ${shown(b)} instead`);
  }
  if (operator !== '-') throw new OttlError(timesOnly);
  if (b instanceof Time) return new Duration(a.unixNanos - b.unixNanos);
  if (b instanceof Duration) return new Time(a.unixNanos - b.nanos, a.zone);
  throw new OttlError(`time.Time or time.Duration must be subtracted from time.Time; found ${shown(b)} instead`);
}

function calculateDuration(a: Duration, b: Value, operator: MathOperator): Value {
  if (operator === '+') {
    if (b instanceof Duration) return new Duration(a.nanos + b.nanos);
    if (b instanceof Time) return new Time(b.unixNanos + a.nanos, b.zone);
    throw new OttlError(`time.Duration must be added to time.Duration or time.Time; found ${shown(b)} instead`);
  }
  if (operator !== '-') throw new OttlError(timesOnly);
  if (b instanceof Duration) return new Duration(a.nanos - b.nanos);
  throw new OttlError(`time.Duration must be subtracted from time.Duration; found ${shown(b)} instead`);
}
