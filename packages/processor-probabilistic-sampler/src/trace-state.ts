import { parseRandomness, Threshold } from './threshold.ts';
import type { Randomness } from './threshold.ts';

const maxMembers = 32;
const maxLength = 1024;
const maxKeyLength = 256;
const maxTenantLength = 241;
const maxSystemLength = 14;
const maxValueLength = 256;

const syntax = 'invalid syntax';
const size = 'invalid tracestate size';

const w3cKey = /^(?:[a-z][a-z0-9_\-*/]*|[a-z0-9][a-z0-9_\-*/]*@[a-z][a-z0-9_\-*/]*)$/;
const w3cValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const otList = /^[a-z][a-z0-9]*:[a-zA-Z0-9._-]*(?:;[a-z][a-z0-9]*:[a-zA-Z0-9._-]*)*$/;

/** A W3C `tracestate` with its OpenTelemetry entry (`ot`) taken apart. Reused: `parse` starts it over. */
export class TraceState {
  /** `th`. */
  threshold: Threshold | undefined;
  #thresholdText = '';
  /** `rv`; meaningful when `hasRandomness`. */
  readonly randomness: Randomness = { high: 0, low: 0 };
  hasRandomness = false;
  #randomnessText = '';
  #otRest = '';
  #rest = '';

  /** Reads a `tracestate`; returns what is wrong with it. What was read up to there stays. */
  parse(text: string): string | undefined {
    this.#rest = '';
    this.#clearOt();
    if (text === '') return undefined;
    if (text.length > maxLength) return size;
    const members = text.split(',');
    let problem: string | undefined;
    for (const member of members) {
      const trimmed = trimSpace(member);
      if (trimmed === '') continue;
      const equals = trimmed.indexOf('=');
      if (equals < 1 || !w3cKey.test(trimmed.slice(0, equals)) || !w3cValue.test(trimmed.slice(equals + 1))) return syntax;
    }
    for (const [index, member] of members.entries()) {
      if (index === maxMembers - 1) return size;
      const trimmed = trimSpace(member);
      if (trimmed === '') continue;
      const equals = trimmed.indexOf('=');
      const name = trimmed.slice(0, equals);
      if (isTooLong(name)) problem ??= size;
      else if (name === 'ot') problem = this.#parseOt(trimmed.slice(equals + 1)) ?? problem;
      else this.#rest += `,${trimmed}`;
    }
    return problem;
  }

  #clearOt(): void {
    this.threshold = undefined;
    this.hasRandomness = false;
    this.#thresholdText = this.#randomnessText = this.#otRest = '';
  }

  #parseOt(list: string): string | undefined {
    this.#clearOt();
    if (list.length > maxValueLength) return size;
    if (!otList.test(list)) return syntax;
    let problem: string | undefined;
    for (const member of list.split(';')) {
      const colon = member.indexOf(':');
      const value = member.slice(colon + 1);
      switch (member.slice(0, colon)) {
        case 'th': {
          const threshold = Threshold.parse(value);
          this.threshold = typeof threshold === 'string' ? undefined : threshold;
          this.#thresholdText = typeof threshold === 'string' ? '' : value;
          if (typeof threshold === 'string') problem ??= threshold;
          break;
        }
        case 'rv':
          this.hasRandomness = parseRandomness(value, this.randomness);
          this.#randomnessText = this.hasRandomness ? value : '';
          if (!this.hasRandomness) problem ??= 'r-value must have 14 hex digits';
          break;
        default:
          this.#otRest += `;${member}`;
      }
    }
    return problem;
  }

  setThreshold(threshold: Threshold): void {
    this.threshold = threshold;
    this.#thresholdText = threshold.text;
  }

  /** Sets `rv` to 14 hexadecimal digits. */
  setRandomness(text: string): void {
    this.#randomnessText = text;
  }

  /** The text: `ot` first. */
  toString(): string {
    let ot = this.#randomnessText === '' ? '' : `;rv:${this.#randomnessText}`;
    if (this.#thresholdText !== '') ot += `;th:${this.#thresholdText}`;
    ot += this.#otRest;
    return ot === '' ? this.#rest.slice(1) : `ot=${ot.slice(1)}${this.#rest}`;
  }
}

/** Spaces and tabs only. */
function trimSpace(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

function isTooLong(name: string): boolean {
  const at = name.indexOf('@');
  if (name.length > maxKeyLength) return true;
  return at >= 0 && (at > maxTenantLength || name.length - at - 1 > maxSystemLength);
}
