import { comparisons, trimOperators } from '../ast.ts';
import { QueryError } from '../query-error.ts';

/** x to the power of y as C has it: 1 to any power is 1, and -1 to an infinite one. */
export function power(x: number, y: number): number {
  return x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : x ** y;
}

/** What an arithmetic operator gives. */
export function arithmetic(operator: string): (a: number, b: number) => number {
  switch (operator) {
    case '+':
      return (a, b) => a + b;
    case '-':
      return (a, b) => a - b;
    case '*':
      return (a, b) => a * b;
    case '/':
      return (a, b) => a / b;
    case '%':
      return (a, b) => a % b;
    case '^':
      return power;
    default:
      return Math.atan2;
  }
}

/** Whether a comparison holds. */
export function comparison(operator: string): (a: number, b: number) => boolean {
  switch (operator) {
    case '==':
      return (a, b) => a === b;
    case '!=':
      return (a, b) => a !== b;
    case '>':
      return (a, b) => a > b;
    case '<':
      return (a, b) => a < b;
    case '>=':
      return (a, b) => a >= b;
    default:
      return (a, b) => a <= b;
  }
}

/** An operator between numbers; comparisons give 0 or 1. */
export function scalarOperation(operator: string, a: number, b: number): number {
  if (trimOperators.has(operator)) throw new QueryError('execution', `operator "${operator}" not allowed for Scalar operations`);
  if (!comparisons.has(operator)) return arithmetic(operator)(a, b);
  return comparison(operator)(a, b) ? 1 : 0;
}
