import type { Call } from '../call.ts';
import type { Facts } from '../facts.ts';
import { field } from '../field.ts';
import type { Origin } from '../origin.ts';

const errorType = field('error.type');
const exceptionType = field('exception.type');

/** The type of an error, also when only the status says that it failed. */
export function readError(facts: Facts, into: Call, { statusCode }: Origin): void {
  into.errorType = facts.text(errorType) || (statusCode === 2 ? facts.text(exceptionType) || '_OTHER' : '');
}

const score = field('gen_ai.evaluation.score.value');
const evaluationName = field('gen_ai.evaluation.name');

/** What an evaluation said. */
export function readEvaluation(facts: Facts, into: Call): void {
  const value = facts.number(score);
  if (!Number.isFinite(value)) return;
  into.qualityScore = value;
  into.evaluation = facts.text(evaluationName);
}
