import { durationMs } from '@millrace/config';

/** One place where what came is not what was expected. */
export interface Difference {
  /** Such as `attributes.http.route`; empty for the whole. */
  readonly path: string;
  readonly expected: unknown;
  /** Undefined: nothing is there. */
  readonly received: unknown;
}

/**
 * Where a value lacks what is expected of it. Of a map only the expected keys are looked at, and one that is expected null must be absent;
 * lists are compared item by item; `{ matches: REGEX }` fits texts; durations are equal in any unit.
 */
export function differences(expected: unknown, received: unknown, path = ''): Difference[] {
  const differs = [{ path, expected, received }];
  if (expected === null) return received === undefined || received === null ? [] : differs;
  if (Array.isArray(expected)) {
    if (!Array.isArray(received) || received.length !== expected.length) return differs;
    return expected.flatMap((each, index) => differences(each, received[index], `${path}[${index}]`));
  }
  if (typeof expected === 'object') {
    const { matches, ...others } = expected as Record<string, unknown>;
    if (typeof matches === 'string' && Object.keys(others).length === 0 && typeof received !== 'object') {
      return received !== undefined && new RegExp(matches, 'u').test(String(received as unknown)) ? [] : differs;
    }
    // What is empty is not shown.
    const given = received === undefined ? {} : received;
    if (typeof given !== 'object' || given === null) return differs;
    return Object.entries(expected as object).flatMap(([key, value]) =>
      differences(value, (given as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`),
    );
  }
  if (expected === received) return [];
  return path === 'duration' && durationOf(expected) === durationOf(received) ? [] : differs;
}

function durationOf(text: unknown): number | undefined {
  try {
    return typeof text === 'string' ? durationMs(text) : text === undefined ? 0 : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Pairs each expected item with one that came, the nearest first come. Gives the differences of every expected item to its partner, and what
 * nobody expected.
 */
export function pairUp(
  expected: readonly unknown[],
  received: readonly unknown[],
): { readonly unlike: readonly { readonly index: number; readonly found: readonly Difference[] }[]; readonly others: readonly unknown[] } {
  const left = [...received];
  const missing: number[] = [];
  for (const [index, wanted] of expected.entries()) {
    const at = left.findIndex((item) => differences(wanted, item).length === 0);
    if (at < 0) missing.push(index);
    else left.splice(at, 1);
  }
  const unlike = missing.map((index) => {
    let nearest: { readonly at: number; readonly found: readonly Difference[] } | undefined;
    for (const [at, item] of left.entries()) {
      const found = differences(expected[index], item);
      if (nearest === undefined || found.length < nearest.found.length) nearest = { at, found };
    }
    if (nearest === undefined) return { index, found: [{ path: '', expected: expected[index], received: undefined }] };
    left.splice(nearest.at, 1);
    return { index, found: nearest.found };
  });
  return { unlike, others: left };
}
