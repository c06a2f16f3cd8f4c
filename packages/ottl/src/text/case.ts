import { trimSpace } from './trim.ts';

/** Each character as its one small letter; the rules for several characters, and for their place in a word, do not apply. */
export function toLowerCase(text: string): string {
  return isAscii(text) ? text.toLowerCase() : mapLetters(text, (letter) => letter.toLowerCase());
}

/** Each character as its one capital letter: `ß` has none. */
export function toUpperCase(text: string): string {
  return isAscii(text) ? text.toUpperCase() : mapLetters(text, (letter) => letter.toUpperCase());
}

function mapLetters(text: string, map: (letter: string) => string): string {
  let mapped = '';
  for (const letter of text) {
    const other = map(letter);
    // The one letter that loses its dot.
    if (letter === 'İ' && other.length > 1) mapped += 'i';
    else mapped += other.length > letter.length ? letter : other;
  }
  return mapped;
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /^[\0-\x7f]*$/.test(text);
}

/**
 * `some_name` and `SOME-name 2` become `SomeName` and `SomeName2`: a letter behind `_`, ` `, `-`, `.` or a digit is a capital one, of a run of
 * capitals only the first stays. Everything but ASCII letters and digits goes.
 */
export function toCamelCase(text: string): string {
  let camel = '';
  let startsWord = true;
  let followsCapital = false;
  for (const letter of trimSpace(text)) {
    const isCapital = letter >= 'A' && letter <= 'Z';
    if (isCapital || (letter >= 'a' && letter <= 'z')) {
      if (startsWord) camel += letter.toUpperCase();
      else camel += followsCapital && isCapital ? letter.toLowerCase() : letter;
      startsWord = false;
    } else if (letter >= '0' && letter <= '9') {
      camel += letter;
      startsWord = true;
    } else {
      startsWord = letter === '_' || letter === ' ' || letter === '-' || letter === '.';
    }
    followsCapital = isCapital;
  }
  return camel;
}

/** `someName` and `JSONData2 x` become `some_name` and `json_data_2_x`. */
export function toSnakeCase(text: string): string {
  const trimmed = trimSpace(text);
  let snake = '';
  for (let i = 0; i < trimmed.length; i++) {
    const letter = trimmed[i]!;
    const kind = kindOf(letter);
    const next = kindOf(trimmed[i + 1] ?? ' ');
    if (kind === 'other' || next === 'other' || kind === next) {
      snake += letter === ' ' || letter === '-' || letter === '.' ? '_' : lower(letter);
      continue;
    }
    // The last capital of a run begins the next word.
    if (kind === 'capital' && next === 'small' && kindOf(trimmed[i - 1] ?? ' ') === 'capital') snake += '_';
    snake += lower(letter);
    if (kind !== 'capital' || next === 'digit') snake += '_';
  }
  return snake;
}

function kindOf(letter: string): 'capital' | 'small' | 'digit' | 'other' {
  if (letter >= 'A' && letter <= 'Z') return 'capital';
  if (letter >= 'a' && letter <= 'z') return 'small';
  return letter >= '0' && letter <= '9' ? 'digit' : 'other';
}

function lower(letter: string): string {
  return letter >= 'A' && letter <= 'Z' ? letter.toLowerCase() : letter;
}
