/** A member of a `tracestate` as W3C Trace Context has it. */
const member =
  /^(?:[a-z][a-z0-9_\-*/]*|[a-z0-9][a-z0-9_\-*/]*@[a-z][a-z0-9_\-*/]*)=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
/** The member `ot`: OpenTelemetry's own list of values. */
const otelField = /^[a-z][a-z0-9]*:[a-zA-Z0-9._-]*$/;
const maxLength = 1024;
const maxMembers = 31;
const maxKeyLength = 256;
const maxTenantLength = 241;
const maxSystemLength = 14;
const maxOtelLength = 256;
const thresholdDigits = 14;
const spans = 2 ** 56;

/**
 * How many spans one span stands for, from the sampling threshold in its `tracestate` (`ot=th:...`): 2^56 / (2^56 - threshold), rounded at random
 * so that the mean is right. Consecutive equal states are read once.
 */
export class AdjustedCount {
  /** Whether the span that was read last had a threshold. */
  isAdjusted = false;
  readonly #random: () => number;
  #state = '';
  #whole = 1;
  #chance = 0;

  /** `random`: numbers from 0 up to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The count; 1 for a state without a threshold, or one that breaks a rule. */
  of(traceState: string): number {
    if (traceState !== this.#state) {
      this.#state = traceState;
      const remaining = remainingOf(traceState);
      this.isAdjusted = remaining !== undefined;
      this.#whole = 1;
      this.#chance = 0;
      if (remaining !== undefined) {
        this.#whole = Math.floor(spans / remaining);
        this.#chance = (spans % remaining) / remaining;
      }
    }
    return this.#chance > 0 && this.#random() < this.#chance ? this.#whole + 1 : this.#whole;
  }
}

/** 2^56 minus the threshold. Beyond 2^53 it is rounded, which changes the count by less than 2^-52 of it. */
function remainingOf(traceState: string): number | undefined {
  if (!traceState.includes('ot=') || traceState.length > maxLength) return undefined;
  const members = traceState.split(',');
  if (members.length > maxMembers) return undefined;
  let threshold: string | undefined;
  for (const text of members) {
    const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, '');
    if (trimmed === '') continue;
    if (!member.test(trimmed)) return undefined;
    const [name, value] = trimmed.split('=') as [string, string];
    const [tenant, system = ''] = name.split('@') as [string, string?];
    if (name.length > maxKeyLength || (name.includes('@') && (tenant.length > maxTenantLength || system.length > maxSystemLength))) {
      return undefined;
    }
    if (name !== 'ot') continue;
    const read = thresholdOf(value);
    if (read === undefined) return undefined;
    threshold = read;
  }
  if (threshold === undefined || threshold === '') return undefined;
  return Number(2n ** 56n - BigInt(`0x${threshold.padEnd(thresholdDigits, '0')}`));
}

/** The digits of `th`, '' when there is none; undefined when something in the list is wrong. */
function thresholdOf(list: string): string | undefined {
  if (list.length > maxOtelLength) return undefined;
  let threshold = '';
  for (const field of list.split(';')) {
    if (!otelField.test(field)) return undefined;
    const [name, value] = field.split(':') as [string, string];
    if (name === 'rv' && !/^[0-9a-fA-F]{14}$/.test(value)) return undefined;
    if (name !== 'th') continue;
    if (!/^[0-9a-fA-F]{1,14}$/.test(value)) return undefined;
    threshold = value;
  }
  return threshold;
}
