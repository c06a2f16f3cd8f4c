import type { Patterns } from './format.ts';

const hex = '[0-9A-Fa-f]';

/** Words, numbers and other pieces of text. */
export const text: Patterns = {
  WORD: String.raw`\b\w+\b`,
  NOTSPACE: String.raw`\S+`,
  SPACE: String.raw`\s*`,
  // As little as leads to a match, and as much as does.
  DATA: '.*?',
  GREEDYDATA: '.*',
  BOOL: 'true|false',

  INT: String.raw`[+-]?\d+`,
  POSINT: String.raw`\b[1-9]\d*\b`,
  NONNEGINT: String.raw`\b\d+\b`,
  // `.5` is a number without a sign only.
  BASE10NUM: String.raw`[+-]?\d+(?:\.\d+)?|\.\d+`,
  NUMBER: '%{BASE10NUM}',
  BASE16NUM: `[+-]?(?:0x)?${hex}+`,
  BASE16FLOAT: String.raw`[+-]?(?:0x)?${hex}+(?:\.${hex}*)?`,

  // In double or in single quotes; a backslash takes the next character along.
  QUOTEDSTRING: ['"', "'"].map((quote) => String.raw`${quote}(?:[^${quote}\\]|\\.)*${quote}`).join('|'),
  QS: '%{QUOTEDSTRING}',

  UUID: `${hex}{8}(?:-${hex}{4}){3}-${hex}{12}`,
  // RFC 2141: a name space, and a name in it.
  URN: String.raw`urn:[\dA-Za-z][\dA-Za-z-]{0,31}:[\w!#$'()*+,./:;=?@-]+`,

  LOGLEVEL: '(?i:alert|crit(?:ical)?|debug|emerg(?:ency)?|err(?:or)?|fatal|info(?:rmation)?|notice|severe|trace|warn(?:ing)?)',
};
