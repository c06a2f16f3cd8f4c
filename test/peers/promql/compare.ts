import { QueryError, queryJson } from '@millrace/promql';
import { labelsOf } from '../../../packages/promql/test/memory-source.ts';
import type { Engine } from '@millrace/promql';

/** A query at one time, or at several. */
export interface Asked {
  readonly query: string;
  readonly startMs: number;
  /** Of a range query. */
  readonly endMs?: number;
  readonly stepMs?: number;
}

/** An answer of the query API. */
export interface Answer {
  readonly status: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** What Prometheus answers. */
export async function ask(url: string, { query, startMs, endMs, stepMs }: Asked): Promise<Answer> {
  const form = new URLSearchParams({ query });
  if (endMs === undefined) form.set('time', String(startMs / 1000));
  else for (const [name, ms] of Object.entries({ start: startMs, end: endMs, step: stepMs! })) form.set(name, String(ms / 1000));
  const response = await fetch(`${url}/api/v1/query${endMs === undefined ? '' : '_range'}`, { method: 'POST', body: form });
  return (await response.json()) as Answer;
}

/** What our engine answers, through its JSON. */
export async function answer(engine: Engine, { query, startMs, endMs, stepMs }: Asked): Promise<Answer> {
  try {
    const result = await (endMs === undefined ? engine.instant(query, startMs) : engine.range(query, startMs, endMs, stepMs!));
    const data = JSON.parse([...queryJson(result.data)].join('')) as Answer['data'];
    const { warnings, infos } = result;
    return { status: 'success', data: data!, ...(warnings.length > 0 ? { warnings } : {}), ...(infos.length > 0 ? { infos } : {}) };
  } catch (error) {
    if (error instanceof QueryError) return { status: 'error', errorType: error.type, error: error.message };
    throw error;
  }
}

function numberOf(text: string): number | undefined {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return text === 'NaN' ? Number.NaN : /^-?\d/.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

/** Where two values differ by more than 1e-9 of their size; undefined when they do not. */
export function difference(a: unknown, b: unknown, path = ''): string | undefined {
  if (typeof a === 'string' && typeof b === 'string' && a !== b) {
    const [x, y] = [numberOf(a), numberOf(b)];
    const isClose =
      x !== undefined &&
      y !== undefined &&
      (Object.is(x, y) || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y)) || Math.abs(x - y) < 1e-12);
    return isClose ? undefined : `${path}: ${a} instead of ${b}`;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return `${path}: ${a.length} instead of ${b.length} elements`;
    for (let i = 0; i < a.length; i++) {
      const found = difference(a[i], b[i], `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
    for (const key of new Set([...Object.keys(x), ...Object.keys(y)])) {
      const found = difference(x[key], y[key], `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return a === b ? undefined : `${path}: ${JSON.stringify(a)} instead of ${JSON.stringify(b)}`;
}

/** Series in one order, as Prometheus promises none for instant vectors that are not sorted. */
export function inOrder(one: Answer, isSorted: boolean): Answer {
  const result = one.data?.result;
  if (isSorted || !Array.isArray(result) || typeof result[0] !== 'object') return one;
  const key = (series: { readonly metric: Record<string, string> }): string => JSON.stringify(labelsOf(series.metric));
  const ordered = (result as { readonly metric: Record<string, string> }[]).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  return { ...one, data: { ...one.data!, result: ordered } };
}
