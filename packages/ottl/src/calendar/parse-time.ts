import { OttlError } from '../ottl-error.ts';
import { Time, utc } from '../time.ts';
import type { Zone } from '../time.ts';
import { timeOf, unixSeconds } from './civil.ts';
import { layoutElements } from './go-layout.ts';
import type { LayoutElement } from './go-layout.ts';
import { english } from './locale-names.ts';
import type { LocaleNames } from './locale-names.ts';
import { fixedZone } from './zone.ts';

/** A text is not in its layout, in the words of Go's `time.ParseError`. */
export class TimeParseError extends OttlError {
  /** The element of the layout that it failed at; empty for a text that goes on, and for a day that its month has not. */
  readonly element: string;
  /** The rest of the text from there on. */
  readonly rest: string;
  readonly #problem: string;

  constructor(text: string, layout: string, element: string, rest: string, problem = '') {
    super(
      problem === ''
        ? `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(element)}`
        : `parsing time ${JSON.stringify(text)}: ${problem}`,
    );
    this.element = element;
    this.rest = rest;
    this.#problem = problem;
  }

  /** The same error, told of another layout and element. */
  as(text: string, layout: string, element: string): TimeParseError {
    return new TimeParseError(text, layout, element, this.rest, this.#problem);
  }
}

/** A field of the time is out of its range. */
class RangeProblem {
  readonly field: string;

  constructor(field: string) {
    this.field = field;
  }
}

const halfYearSeconds = 182 * 86_400;

/** The text does not have the form of the element. */
const malformed = Symbol('malformed');

/**
 * Reads a text as Go's `time.ParseInLocation` does: what names no zone is in `zone`; an abbreviation that means nothing there makes a zone of
 * that name without an offset. Throws a `TimeParseError`.
 */
export function parseTime(layout: string, text: string, zone: Zone, names: LocaleNames = english): Time {
  const reader = new Reader(text, names);
  const elements = layoutElements(layout);
  for (const [i, element] of elements.entries()) {
    const { rest } = reader;
    try {
      reader.read(element, elements[i + 1]?.kind === 'fraction');
    } catch (problem) {
      if (problem instanceof RangeProblem)
        throw new TimeParseError(text, layout, element.text, reader.rest, `${problem.field} out of range`);
      if (problem !== malformed) throw problem;
      throw new TimeParseError(text, layout, element.text, element.kind === 'literal' ? reader.rest : rest);
    }
  }
  if (reader.rest !== '') throw new TimeParseError(text, layout, '', reader.rest, `extra text: ${JSON.stringify(reader.rest)}`);
  if (!reader.dayExists) throw new TimeParseError(text, layout, '', '', 'day out of range');
  return reader.time(zone);
}

class Reader {
  rest: string;
  #year = 0;
  #month = 1;
  #day = 1;
  #hour = 0;
  #minute = 0;
  #second = 0;
  #nanosecond = 0;
  #half: 'am' | 'pm' | undefined;
  #zone: Zone | undefined;
  #offset: number | undefined;
  #zoneName = '';
  readonly #names: LocaleNames;

  constructor(text: string, names: LocaleNames) {
    this.rest = text;
    this.#names = names;
  }

  get dayExists(): boolean {
    const date = new Date(0);
    date.setUTCFullYear(this.#year, this.#month, 0);
    return this.#day >= 1 && this.#day <= date.getUTCDate();
  }

  time(zone: Zone): Time {
    let hour = this.#hour;
    if (this.#half === 'pm' && hour < 12) hour += 12;
    if (this.#half === 'am' && hour === 12) hour = 0;
    const civil = {
      year: this.#year,
      month: this.#month,
      day: this.#day,
      hour,
      minute: this.#minute,
      second: this.#second,
      nanosecond: this.#nanosecond,
    };
    if (this.#zone !== undefined) return timeOf(civil, this.#zone);
    if (this.#offset !== undefined) {
      const time = timeOf(civil, fixedZone(this.#zoneName, this.#offset));
      const seconds = unixSeconds(time);
      const isLocal =
        zone.offsetSeconds(seconds) === this.#offset && (this.#zoneName === '' || zone.abbreviation(seconds) === this.#zoneName);
      return isLocal ? new Time(time.unixNanos, zone) : time;
    }
    if (this.#zoneName === '') return timeOf(civil, zone);
    const asUtc = timeOf(civil, utc);
    // Half a year apart clocks show standard time and summer time.
    for (const seconds of [unixSeconds(asUtc), unixSeconds(asUtc) + halfYearSeconds]) {
      if (zone.abbreviation(seconds) === this.#zoneName) {
        return new Time(asUtc.unixNanos - BigInt(zone.offsetSeconds(seconds)) * 1_000_000_000n, zone);
      }
    }
    const hours = /^GMT([+-]\d+)$/.exec(this.#zoneName)?.[1] ?? 0;
    return timeOf(civil, fixedZone(this.#zoneName, Number(hours) * 3600));
  }

  read({ kind, text }: LayoutElement, fractionFollows: boolean): void {
    switch (kind) {
      case 'literal':
        return this.#skip(text);
      case '2006':
        this.#year = Number(this.#take(/^\d{4}/));
        return;
      case '06': {
        const year = Number(this.#take(/^\d{2}/));
        this.#year = year + (year >= 69 ? 1900 : 2000);
        return;
      }
      case 'January':
        this.#month = this.#name(this.#names.months) + 1;
        return;
      case 'Jan':
        this.#month = this.#name(this.#names.shortMonths) + 1;
        return;
      case 'Monday':
        this.#name(this.#names.days);
        return;
      case 'Mon':
        this.#name(this.#names.shortDays);
        return;
      case '1':
      case '01':
        this.#month = this.#number(kind === '01', 1, 12, 'month');
        return;
      case '2':
      case '_2':
      case '02':
        if (kind === '_2') this.#take(/^ ?/);
        this.#day = this.#number(kind === '02', 0, 99, 'day');
        return;
      case '15':
        this.#hour = this.#number(false, 0, 23, 'hour');
        return;
      case '3':
      case '03':
        this.#hour = this.#number(kind === '03', 0, 12, 'hour');
        return;
      case '4':
      case '04':
        this.#minute = this.#number(kind === '04', 0, 59, 'minute');
        return;
      case '5':
      case '05':
        this.#second = this.#number(kind === '05', 0, 59, 'second');
        // A fraction is read even where the layout has none.
        if (!fractionFollows) this.#fraction();
        return;
      case 'PM':
      case 'pm':
        this.#half = this.#dayPeriod(kind);
        return;
      case 'MST':
        this.#abbreviation();
        return;
      case 'Z0700':
      case 'Z07:00':
      case 'Z07':
        if (this.rest.startsWith('Z')) {
          this.rest = this.rest.slice(1);
          this.#zone = utc;
          return;
        }
        return this.#numericZone(text);
      case 'fraction':
        return this.#fraction();
      default:
        return this.#numericZone(text);
    }
  }

  #skip(literal: string): void {
    for (let at = 0; at < literal.length;) {
      if (literal[at] === ' ') {
        // A run of spaces matches any run, at the end of the text none.
        if (this.rest !== '' && this.rest[0] !== ' ') throw malformed;
        while (literal[at] === ' ') at++;
        this.rest = this.rest.replace(/^ +/, '');
      } else {
        if (this.rest[0] !== literal[at]) throw malformed;
        this.rest = this.rest.slice(1);
        at++;
      }
    }
  }

  #take(form: RegExp): string {
    const match = form.exec(this.rest);
    if (match === null) throw malformed;
    this.rest = this.rest.slice(match[0].length);
    return match[0];
  }

  #number(fixed: boolean, min: number, max: number, field: string): number {
    const number = Number(this.#take(fixed ? /^\d\d/ : /^\d\d?/));
    if (number < min || number > max) throw new RangeProblem(field);
    return number;
  }

  #name(names: readonly string[]): number {
    let longest = -1;
    for (const [i, name] of names.entries()) {
      const isLonger = longest === -1 || name.length > names[longest]!.length;
      if (isLonger && name !== '' && this.rest.slice(0, name.length).toLowerCase() === name.toLowerCase()) longest = i;
    }
    if (longest === -1) throw malformed;
    this.rest = this.rest.slice(names[longest]!.length);
    return longest;
  }

  /** In English the case must be that of the layout. */
  #dayPeriod(kind: 'PM' | 'pm'): 'am' | 'pm' {
    if (this.#names !== english) return this.#name(this.#names.dayPeriods) === 0 ? 'am' : 'pm';
    return this.#take(kind === 'PM' ? /^[AP]M/ : /^[ap]m/).toLowerCase() as 'am' | 'pm';
  }

  #fraction(): void {
    const digits = /^[.,](\d+)/.exec(this.rest)?.[1];
    if (digits === undefined) return;
    this.rest = this.rest.slice(digits.length + 1);
    this.#nanosecond = Number(digits.slice(0, 9).padEnd(9, '0'));
  }

  #numericZone(form: string): void {
    const minutes = /:?00(?::?00)?$/.exec(form)?.[0] ?? '';
    const colon = minutes.startsWith(':') ? ':' : '';
    const count = minutes.replaceAll(':', '').length / 2;
    const zone = this.#take(new RegExp(`^.\\d\\d(?:${colon}\\d\\d){${count}}`));
    const [hour, minute = 0, second = 0] = zone.slice(1).replaceAll(':', '').match(/../g)!.map(Number) as [number, number?, number?];
    if (hour > 24) throw new RangeProblem('time zone offset hour');
    if (minute > 60) throw new RangeProblem('time zone offset minute');
    if (second > 60) throw new RangeProblem('time zone offset second');
    if (zone[0] !== '+' && zone[0] !== '-') throw malformed;
    this.#offset = (hour * 3600 + minute * 60 + second) * (zone[0] === '-' ? -1 : 1);
  }

  /** Three to five capital letters, of which four or five end in T; `GMT` with hours; bare hours. */
  #abbreviation(): void {
    if (this.rest.startsWith('UTC')) {
      this.rest = this.rest.slice(3);
      this.#zone = utc;
      return;
    }
    this.#zoneName = this.#take(
      /^(?:ChST|MeST|GMT(?:[+-](?:\d|1\d|2[0-3])(?!\d))?|[+-](?:\d|[01]\d|2[0-3])(?!\d)|[A-Z]{4}T(?![A-Z])|[A-Z]{3}T(?![A-Z])|WITA(?![A-Z])|[A-Z]{3}(?![A-Z]))/,
    );
  }
}
