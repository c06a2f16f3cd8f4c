import type { Expr } from '../ast.ts';

const dateFunctions: ReadonlySet<string> = new Set('days_in_month day_of_month day_of_week day_of_year hour minute month year'.split(' '));
const timeFunctions: ReadonlySet<string> = new Set(['time', 'timestamp', 'predict_linear']);

/** Whether an expression gives the same at every step, so that one evaluation is enough. */
export function isInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return true;
    case 'selector':
    case 'subquery':
      return expr.at !== undefined;
    case 'matrix':
      return expr.selector.at !== undefined;
    case 'paren':
    case 'unary':
      return isInvariant(expr.expr);
    case 'binary':
      return isInvariant(expr.left) && isInvariant(expr.right);
    case 'aggregate':
      // Whatever the parameter is: as in Prometheus, which then takes the parameter of the first step.
      return isInvariant(expr.expr);
    case 'call':
      if (timeFunctions.has(expr.name) || (expr.args.length === 0 && dateFunctions.has(expr.name))) return false;
      return expr.args.every(isInvariant);
    default:
      return false;
  }
}
