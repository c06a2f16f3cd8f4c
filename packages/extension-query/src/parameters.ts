import type { LabelMatcher } from '@millrace/api';
import { parseDurationMs, parseQuery, QueryError } from '@millrace/promql';

/** What `start` and `end` mean when they are absent: all that there is. */
export const always: { readonly startMs: number; readonly endMs: number } = { startMs: -8.64e15, endMs: 8.64e15 };

function invalid(name: string, message: string): QueryError {
  return new QueryError('bad_data', `invalid parameter ${JSON.stringify(name)}: ${message}`);
}

/** Milliseconds of a time: seconds since the epoch, or RFC 3339. */
function parseTimeMs(text: string): number | undefined {
  const seconds = parseFloatExactly(text);
  if (seconds !== undefined) return Math.round(seconds * 1000);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function parseFloatExactly(text: string): number | undefined {
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** The parameters of a request, of its URL and of a form in its body. */
export class Parameters {
  readonly #values: URLSearchParams;

  constructor(values: URLSearchParams) {
    this.#values = values;
  }

  text(name: string): string {
    return this.#values.get(name) ?? '';
  }

  all(name: string): readonly string[] {
    return this.#values.getAll(name);
  }

  /** A time in milliseconds since the epoch. Without a default it must be there. */
  timeMs(name: string, otherwise?: number): number {
    const text = this.text(name);
    if (text === '' && otherwise !== undefined) return otherwise;
    const ms = parseTimeMs(text);
    if (ms === undefined) {
      const message = `cannot parse ${JSON.stringify(text)} to a valid timestamp`;
      throw invalid(name, otherwise === undefined ? message : `invalid time value for '${name}': ${message}`);
    }
    return ms;
  }

  /** A duration in milliseconds: a number of seconds, or as `5m`. */
  durationMs(name: string): number {
    const text = this.text(name);
    const seconds = parseFloatExactly(text);
    const ms = seconds === undefined ? parseDurationMs(text) : seconds * 1000;
    if (ms === undefined) throw invalid(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
    return ms;
  }

  /** As `durationMs`; undefined when it is absent. */
  optionalDurationMs(name: string): number | undefined {
    return this.text(name) === '' ? undefined : this.durationMs(name);
  }

  /** How many results are wanted at most; Infinity for all of them. */
  limit(): number {
    const text = this.text('limit');
    if (text === '') return Infinity;
    if (!/^[-+]?\d+$/.test(text)) throw invalid('limit', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    if (Number(text) < 0) throw invalid('limit', 'limit must be non-negative');
    return Number(text) || Infinity;
  }

  /** The period from `start` to `end`. */
  period(): { readonly startMs: number; readonly endMs: number } {
    const [startMs, endMs] = [this.timeMs('start', always.startMs), this.timeMs('end', always.endMs)];
    if (endMs < startMs) throw new QueryError('bad_data', 'end timestamp must not be before start timestamp');
    return { startMs, endMs };
  }

  /** The selectors of `match[]`. */
  selectors(): readonly (readonly LabelMatcher[])[] {
    return this.all('match[]').map((text) => {
      const expr = inParameter('match[]', () => parseQuery(text));
      if (expr.kind !== 'selector' || expr.offsetMs !== 0 || expr.at !== undefined)
        throw invalid('match[]', `${text} is no series selector`);
      return expr.matchers;
    });
  }
}

/** Names the parameter that an error is about. */
export function inParameter<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof QueryError && error.type === 'bad_data') throw invalid(name, error.message);
    throw error;
  }
}
