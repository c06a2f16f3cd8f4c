/** A text is not in the language, or means nothing. The message starts with the place as `line:column`, both from 1. */
export class SyntaxProblem extends Error {
  /** The message without the place. */
  readonly problem: string;
  readonly place: string;

  constructor(problem: string, place: string) {
    super(`${place}: ${problem}`);
    this.name = 'SyntaxProblem';
    this.problem = problem;
    this.place = place;
  }
}

/** The place of an offset as `line:column`, both from 1. */
export function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return `${before.split('\n').length}:${Array.from(before.slice(lineStart)).length + 1}`;
}
