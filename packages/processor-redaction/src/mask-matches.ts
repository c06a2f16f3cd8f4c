import { Regex } from '@millrace/regex';

/** Every match replaced. */
export function maskMatches(text: string, regex: Regex, replace: (match: string) => string): string {
  let masked = '';
  let at = 0;
  let isChanged = false;
  for (const { index, end } of regex.matches(text)) {
    masked += text.slice(at, index) + replace(text.slice(index, end));
    at = end;
    isChanged = true;
  }
  return isChanged ? masked + text.slice(at) : text;
}

const lines = new Regex('.*');

/** A whole text replaced: line by line, as the Collector does. */
export function maskAll(text: string, replace: (match: string) => string): string {
  return maskMatches(text, lines, replace);
}
