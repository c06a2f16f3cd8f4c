import { OttlError } from '../ottl-error.ts';
import type { Time } from '../time.ts';
import { formatTime } from './format-time.ts';
import { TimeParseError } from './parse-time.ts';

/** The layout of Go for each directive, as times are written. */
const written: { readonly [directive: string]: string } = {
  '%Y': '2006',
  '%y': '06',
  '%m': '01',
  '%o': '_1',
  '%q': '1',
  '%b': 'Jan',
  '%h': 'Jan',
  '%B': 'January',
  '%d': '02',
  '%e': '_2',
  '%g': '2',
  '%a': 'Mon',
  '%A': 'Monday',
  '%H': '15',
  '%l': '3',
  '%I': '03',
  '%p': 'PM',
  '%P': 'pm',
  '%M': '04',
  '%S': '05',
  '%L': '999',
  '%f': '999999',
  '%s': '999999999',
  '%Z': 'MST',
  '%z': 'Z0700',
  '%w': '-070000',
  '%i': '-07',
  '%j': '-07:00',
  '%k': '-07:00:00',
  '%D': '01/02/2006',
  '%x': '01/02/2006',
  '%F': '2006-01-02',
  '%T': '15:04:05',
  '%X': '15:04:05',
  '%r': '03:04:05 pm',
  '%R': '15:04',
  '%n': '\n',
  '%t': '\t',
  '%%': '%',
  '%c': 'Mon Jan 02 15:04:05 2006',
};

/** Where reading is more lenient: the layouts to try, each as its elements. */
const read: { readonly [directive: string]: readonly (readonly string[])[] } = {
  '%m': [['1']],
  '%o': [['1']],
  '%q': [['1']],
  '%d': [['2']],
  '%e': [['2']],
  '%g': [['2']],
  '%I': [['3']],
  '%M': [['4']],
  '%S': [['5']],
  '%D': [
    ['1', '/', '2', '/', '2006'],
    ['1', '/', '2', '/', '06'],
  ],
  '%x': [
    ['1', '/', '2', '/', '2006'],
    ['1', '/', '2', '/', '06'],
  ],
  '%F': [['2006', '-', '1', '-', '2']],
  '%T': [['15', ':', '4', ':', '5']],
  '%X': [['15', ':', '4', ':', '5']],
  '%r': [['3', ':', '4', ':', '5', ' ', 'pm']],
  '%R': [['15', ':', '4']],
  '%c': [['Mon', ' ', 'Jan', ' ', '2', ' ', '15', ':', '4', ':', '5', ' ', '2006']],
  '%z': [['Z0700'], ['Z07:00'], ['Z07']],
};

/** Throws an Error when a format has what no time can be read or written with. */
export function validateStrptime(format: string): void {
  if (/\d/.test(format)) throw new Error('format string should not contain decimals');
  const fraction = /[^.,]%[Lfs]/.exec(format);
  if (fraction !== null) throw new Error(`invalid fractional seconds directive: '${fraction[0]}'. must be preceded with '.' or ','`);
  const unknown = (format.match(/%./g) ?? []).filter((directive) => written[directive] === undefined);
  if (unknown.length > 0) {
    throw new Error(`invalid strptime format: [${unknown.map((it) => `unsupported ctimefmt.toNative() directive: ${it}`).join(' ')}]`);
  }
}

/** Writes times by a format that is valid. */
export function strptimeWriter(format: string): (time: Time) => string {
  const layout = format.replaceAll(/%./g, (directive) => written[directive]!);
  return (time) => formatTime(time, layout);
}

/**
 * Reads times by a format that is valid, with `parse` for a layout of Go: leading zeros may be missing, offsets have any usual form, and there may
 * be spaces before digits. The layout that fitted last is tried first.
 */
export function strptimeReader(format: string, parse: (layout: string, text: string) => Time): (text: string) => Time {
  let last: string | undefined;
  return (text) => {
    if (last !== undefined) {
      try {
        return parse(last, text);
      } catch {
        // Another layout may fit this text.
      }
    }
    const attempt = new Attempt(format, text, parse);
    const time = attempt.time();
    last = attempt.layout;
    return time;
  };
}

class Attempt {
  layout = '';
  readonly #format: string;
  readonly #text: string;
  readonly #parse: (layout: string, text: string) => Time;
  readonly #parts: readonly string[];

  constructor(format: string, text: string, parse: (layout: string, text: string) => Time) {
    this.#format = format;
    this.#text = text;
    this.#parse = parse;
    // Text and directives by turns, text first.
    this.#parts = format.split(/(%.)/);
  }

  time(): Time {
    const result = this.#from('', 0);
    if (result instanceof TimeParseError) throw result.as(this.#text, this.#format, result.element);
    if (result instanceof Error) throw result;
    return result;
  }

  /** Tries the directives from a part on, behind a layout for those before. An error comes back, told of the directive that it is about. */
  #from(before: string, part: number): Time | Error {
    const layout = before + this.#parts[part]!;
    const directive = this.#parts[part + 1];
    if (directive === undefined) {
      this.layout = layout;
      try {
        return this.#parse(layout, this.#text);
      } catch (error) {
        return error as Error;
      }
    }
    let result: Time | Error | undefined;
    for (const choice of read[directive] ?? [[written[directive]!]]) {
      for (let elements = choice; ;) {
        result = this.#from(layout + elements.join(''), part + 2);
        if (!(result instanceof TimeParseError)) return result;
        const failed = elements.indexOf(result.element);
        if (failed === -1) return result;
        const space = /^[\dZ]/.test(elements[failed]!) ? /^\s+/.exec(result.rest)?.[0] : undefined;
        result = result.as(this.#text, this.#format, directive);
        if (space === undefined) break;
        elements = elements.toSpliced(failed, 0, space);
      }
    }
    return result ?? new OttlError(`unsupported ctimefmt.FlexibleParse() directive: ${directive}`);
  }
}
