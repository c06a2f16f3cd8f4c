import { OttlError } from '../ottl-error.ts';
import { trimSpace } from './trim.ts';

/** The parts between delimiters outside quotes. Quotes go, an escaped one (`\"`) stays with its backslash; empty parts go. */
export function splitQuoted(text: string, delimiter: string): string[] {
  const parts: string[] = [];
  let current = '';
  let quote = '';
  let isEscaped = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quote === '' && text.startsWith(delimiter, i)) {
      if (current !== '') parts.push(current);
      current = '';
      i += delimiter.length - 1;
      continue;
    }
    if (isEscaped) isEscaped = false;
    else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      continue;
    } else if (character === quote) {
      quote = '';
      continue;
    } else isEscaped = character === '\\';
    current += character;
  }
  if (quote !== '') throw new OttlError('never reached the end of a quoted value');
  if (current !== '') parts.push(current);
  return parts;
}

/** Splits each pair at its first delimiter. Throws one error that tells of every pair without one. */
export function splitPairs(pairs: readonly string[], delimiter: string): Map<string, string> {
  const result = new Map<string, string>();
  const problems: string[] = [];
  for (const pair of pairs) {
    const at = pair.indexOf(delimiter);
    if (at === -1) problems.push(`cannot split ${JSON.stringify(pair)} into 2 items, got 1 item(s)`);
    else result.set(trimSpace(pair.slice(0, at)), trimSpace(pair.slice(at + delimiter.length)));
  }
  if (problems.length > 0) throw new OttlError(problems.join('; '));
  return result;
}

/** The delimiters of a function's arguments. Throws an Error when they cannot be told apart. */
export function pairDelimiters(delimiter = '=', pairDelimiter = ' '): { readonly delimiter: string; readonly pairDelimiter: string } {
  if (delimiter === '') throw new Error('delimiter cannot be set to an empty string');
  if (pairDelimiter === '') throw new Error('pair delimiter cannot be set to an empty string');
  if (pairDelimiter === delimiter) {
    throw new Error(`pair delimiter ${JSON.stringify(pairDelimiter)} cannot be equal to delimiter ${JSON.stringify(delimiter)}`);
  }
  return { delimiter, pairDelimiter };
}
