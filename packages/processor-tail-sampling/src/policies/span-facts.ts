import type { SpanView } from '@millrace/api';
import { outcomes } from '../fact.ts';
import type { Fact, Outcome } from '../fact.ts';

const sampledFlag = 1;
const statusCodes: readonly string[] = ['UNSET', 'OK', 'ERROR'];

const outcomeOf = (holds: boolean): Outcome => (holds ? outcomes.holds : outcomes.open);

/** Some span has one of the statuses. Throws an `Error` for a status that there is not. */
export function statusFact(texts: readonly string[]): Fact {
  if (texts.length === 0) throw new Error('expected at least one status code to filter on');
  const wanted = texts.map((text) => {
    const code = statusCodes.indexOf(text);
    if (code < 0) throw new Error(`unknown status code ${JSON.stringify(text)}, supported: OK, ERROR, UNSET`);
    return code;
  });
  return { span: (span) => outcomeOf(wanted.includes(span.statusCode)) };
}

/** Some span has the sampled flag. */
export const flagsFact: Fact = { span: (span) => outcomeOf((span.flags & sampledFlag) !== 0) };

/** The time from the earliest start to the latest end, of the spans so far, is at some span long enough and not too long. */
export class LatencyFact implements Fact {
  readonly #leastMs: bigint;
  readonly #mostMs: bigint;
  #start = 0n;
  #end = 0n;

  /** In milliseconds. `most` 0: no limit; otherwise the time must be longer than `least`. */
  constructor(least: number, most: number) {
    this.#leastMs = BigInt(least);
    this.#mostMs = BigInt(most);
  }

  begin(): void {
    this.#start = this.#end = 0n;
  }

  span(span: SpanView): Outcome {
    const start = span.startTimeUnixNano;
    const end = span.endTimeUnixNano;
    if (this.#start === 0n || start < this.#start) this.#start = start;
    if (this.#end === 0n || end > this.#end) this.#end = end;
    const ms = (this.#end - this.#start) / 1_000_000n;
    return outcomeOf(this.#mostMs === 0n ? ms >= this.#leastMs : ms > this.#leastMs && ms <= this.#mostMs);
  }
}

const keyRest = '[a-z0-9_\\-*/]';
const member = new RegExp(
  `^[ \\t]*(?<key>[a-z]${keyRest}{0,255}|[a-z0-9]${keyRest}{0,240}@[a-z]${keyRest}{0,13})=(?<value>[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e])[ \\t]*$`,
);
const maxMembers = 32;

/** Some span's tracestate has one of the values at the key. A tracestate that breaks a rule of the W3C has none. */
export function traceStateFact(name: string, values: readonly string[]): Fact {
  // The Collector's rule: key, `=` and value do not exceed 256 characters.
  const wanted = new Set(values.filter((value) => value !== '' && Buffer.byteLength(name) + Buffer.byteLength(value) < 256));
  return {
    span: (span) => {
      const text = span.traceState;
      return outcomeOf(text !== '' && wanted.has(valueIn(text, name) ?? ''));
    },
  };
}

function valueIn(text: string, name: string): string | undefined {
  let value: string | undefined;
  const seen = new Set<string>();
  for (const part of text.split(',')) {
    if (part === '') continue;
    const groups = member.exec(part)?.groups;
    if (groups === undefined || seen.has(groups['key']) || seen.size === maxMembers) return undefined;
    seen.add(groups['key']);
    if (groups['key'] === name) value = groups['value'];
  }
  return value;
}
