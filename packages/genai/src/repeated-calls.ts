import type { ByteRange, SpanView } from '@millrace/wire';
import type { Call, Level } from './call.ts';

/** Calls that are remembered by each of the three ways to know them again; a new one takes the place of an old one. */
const slots = 4096;

/** The id of a span within its trace, in two words. */
class SpanKey {
  low = 0;
  high = 0;
  /** Where a table keeps it. */
  slot = 0;

  /** False when there is no id: one of zeros is none. */
  set({ buffer, start, end }: ByteRange, trace: number): boolean {
    if (end - start !== 8) return false;
    const low = buffer.readInt32LE(start);
    const high = buffer.readInt32LE(start + 4);
    if ((low | high) === 0) return false;
    this.low = low ^ trace;
    this.high = (high + trace) | 0;
    const hash = Math.imul(this.low ^ Math.imul(this.high, 0x01000193), 0x01000193);
    this.slot = (hash ^ (hash >>> 15)) & (slots - 1);
    return true;
  }
}

/** The levels of calls of models, from 1 on: 0 is an empty slot. */
const levels: readonly Level[] = ['none', 'inference', 'embeddings', 'rerank'];

/** Calls by the id of a span. */
class SpanTable {
  /** By slot, side by side: both words of the key, the level, and whether the usage is known. */
  readonly #rows = new Int32Array(slots * 4);

  add({ low, high, slot }: SpanKey, level: number, isKnown: boolean): void {
    const rows = this.#rows;
    rows[slot * 4] = low;
    rows[slot * 4 + 1] = high;
    rows[slot * 4 + 2] = level;
    rows[slot * 4 + 3] = isKnown ? 1 : 0;
  }

  /** Whether there is a call of the level, whose usage is known if it must be. */
  has({ low, high, slot }: SpanKey, level: number, mustBeKnown: boolean): boolean {
    const rows = this.#rows;
    if (rows[slot * 4] !== low || rows[slot * 4 + 1] !== high || rows[slot * 4 + 2] !== level) return false;
    return !mustBeKnown || rows[slot * 4 + 3] === 1;
  }
}

/**
 * Knows a call again that two instrumentations tell, such as that of a framework and the vendor's own client, so that it counts once: two spans of
 * the same level of which one is the other's parent, or two scopes that name the same answer of the vendor, for the same input. The one that is
 * read first counts; the other does too when it alone knows the usage. Remembers the last few thousand calls.
 */
export class RepeatedCalls {
  readonly #own = new SpanKey();
  readonly #parent = new SpanKey();
  /** Calls, and the parents of calls. */
  readonly #calls = new SpanTable();
  readonly #parents = new SpanTable();
  /** By slot, side by side: two hashes of what the vendor called its answer, and the tokens of the input in two words; and the scope. */
  readonly #responses = new Int32Array(slots * 4);
  readonly #scopes: string[] = Array.from<string>({ length: slots }).fill('');

  /** Whether the call of this span was told before; if not, it is remembered. */
  isRepeated(span: SpanView, call: Call): boolean {
    const isKnown = call.usage.known;
    const level = levels.indexOf(call.level);
    const trace = traceHash(span.traceId());
    const hasOwn = this.#own.set(span.spanId(), trace);
    const hasParent = this.#parent.set(span.parentSpanId(), trace);
    if (hasOwn && this.#parents.has(this.#own, level, isKnown)) return true;
    if (hasParent && this.#calls.has(this.#parent, level, isKnown)) return true;
    if (isKnown && call.responseId !== '' && this.#hasResponse(call, span.scope.name)) return true;
    if (hasOwn) this.#calls.add(this.#own, level, isKnown);
    if (hasParent) this.#parents.add(this.#parent, level, isKnown);
    return false;
  }

  #hasResponse({ responseId, usage: { inputTokens } }: Call, scope: string): boolean {
    let low = responseId.length;
    let high = 0;
    for (let i = 0; i < responseId.length; i++) {
      const code = responseId.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high + code, 0x5bd1e995) ^ (high >>> 13);
    }
    const slot = (low ^ (low >>> 15)) & (slots - 1);
    const responses = this.#responses;
    const at = slot * 4;
    const lowInput = inputTokens | 0;
    const highInput = (inputTokens / 0x1_0000_0000) | 0;
    const isSame = responses[at] === low && responses[at + 1] === high && responses[at + 2] === lowInput && responses[at + 3] === highInput;
    if (isSame && this.#scopes[slot] !== scope) return true;
    responses[at] = low;
    responses[at + 1] = high;
    if (!isSame) this.#scopes[slot] = scope;
    responses[at + 2] = lowInput;
    responses[at + 3] = highInput;
    return false;
  }
}

function traceHash({ buffer, start, end }: ByteRange): number {
  let hash = 0;
  for (let i = start; i < end; i += 4) hash = Math.imul(hash ^ buffer.readInt32LE(i), 0x01000193) ^ (hash >>> 15);
  return hash;
}
