import { oneOf, optional } from './format.ts';
import type { Patterns } from './format.ts';

/** `times` pairs of hexadecimal digits, and so on, with a separator between them. */
function hexGroups(digits: number, separator: string, times: number): string {
  const group = `[0-9A-Fa-f]{${digits}}`;
  return `(?:${group}${separator}){${times - 1}}${group}`;
}

function dotted(octet: string): string {
  return String.raw`${octet}(?:\.${octet}){3}`;
}

/**
 * The text forms of RFC 4291, section 2.2, and a zone (RFC 4007, section 11), for every number of groups that stand before `::`, the most first.
 * Behind them come the groups that `::` leaves room for, or a dotted address in place of the last two.
 */
function ipv6(): string {
  const group = '[0-9A-Fa-f]{1,4}';
  const ipv4 = dotted(oneOf('25[0-5]', String.raw`2[0-4]\d`, String.raw`1\d\d`, String.raw`[1-9]?\d`));
  const forms: string[] = [];
  for (let before = 7; before >= 0; before--) {
    const start = before === 0 ? ':' : `(?:${group}:){${before}}`;
    const groups = before === 7 ? group : `(?::${group}){1,${7 - before}}`;
    const mixed = before === 7 ? [] : [before === 6 ? ipv4 : `(?::${group}){0,${5 - before}}:${ipv4}`];
    forms.push(start + oneOf(groups, ...mixed, ':'));
  }
  return oneOf(...forms) + optional('%.+');
}

const label = '[0-9A-Za-z][0-9A-Za-z-]{0,62}';

/** Addresses, and names of hosts and users. */
export const network: Patterns = {
  IPV4: dotted(oneOf('25[0-5]', String.raw`2[0-4]\d`, String.raw`[01]?\d\d?`)),
  IPV6: ipv6(),
  IP: '%{IPV6}|%{IPV4}',
  HOSTNAME: String.raw`\b${label}(?:\.${label})*\.?`,
  IPORHOST: '%{IP}|%{HOSTNAME}',
  HOSTPORT: '%{IPORHOST}:%{POSINT}',

  CISCOMAC: hexGroups(4, String.raw`\.`, 3),
  WINDOWSMAC: hexGroups(2, '-', 6),
  COMMONMAC: hexGroups(2, ':', 6),
  MAC: '%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC}',

  USERNAME: String.raw`[\w.-]+`,
  USER: '%{USERNAME}',
  // From + to = are also the digits.
  EMAILLOCALPART: '[A-Za-z][+-=A-Z_a-z]+',
  EMAILADDRESS: '%{EMAILLOCALPART}@%{HOSTNAME}',
};

/** Files, and the parts of a URI. */
export const paths: Patterns = {
  UNIXPATH: String.raw`(?:/[\w!$%+,.:@~-]+)+`,
  WINPATH: String.raw`[A-Za-z]+:(?:\\[^\\*?]+)+`,
  PATH: '%{UNIXPATH}|%{WINPATH}',
  TTY: String.raw`/dev/(?:pts|tty)\w*/?\d+`,

  URIPROTO: String.raw`[A-Za-z][\dA-Za-z+.-]+`,
  URIHOST: `%{IPORHOST}${optional(':%{POSINT}')}`,
  URIPATH: String.raw`(?:/[\w!#$%&'()*+,.:;=@{}~-]+)+`,
  URIQUERY: String.raw`[\w!#$%&'()*+,./:;<=>?@\[\]{|}~-]*`,
  URIPARAM: String.raw`\?%{URIQUERY}`,
  URIPATHPARAM: `%{URIPATH}${optional(String.raw`\?%{URIQUERY}`)}`,
  URI: [
    '%{URIPROTO}://',
    optional('%{USER}', optional(':[^@]*'), '@'),
    '%{URIHOST}',
    optional('%{URIPATH}', optional(String.raw`\?%{URIQUERY}`)),
  ].join(''),
};
