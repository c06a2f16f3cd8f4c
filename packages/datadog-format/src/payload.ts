/** The body of one request to the intake. */
export interface Payload {
  readonly bytes: Buffer;
  /** Spans, data points, log records or groups of statistics that go with it. */
  readonly items: number;
  /** The same in two smaller bodies, for an intake that finds this one too large; none when it cannot be split. */
  halves(): readonly Payload[];
}

/** A body that is a sequence of messages which make sense alone. `ends` are their ends, `items` counts the items up to each. */
export function messagesPayload(bytes: Buffer, ends: readonly number[], items: readonly number[]): Payload {
  const part = (from: number, to: number): Payload => {
    const start = from === 0 ? 0 : ends[from - 1]!;
    return {
      bytes: bytes.subarray(start, ends[to - 1]!),
      items: items[to - 1]! - (from === 0 ? 0 : items[from - 1]!),
      halves: () => {
        const middle = (from + to) >> 1;
        return middle === from ? [] : [part(from, middle), part(middle, to)];
      },
    };
  };
  return part(0, ends.length);
}

/** A body made of parts that are encoded together: `encode` gives it, `items` counts a part's items. */
export function partsPayload<T>(parts: readonly T[], encode: (parts: readonly T[]) => Buffer, items: (part: T) => number): Payload {
  let count = 0;
  for (const part of parts) count += items(part);
  const middle = parts.length >> 1;
  return {
    bytes: encode(parts),
    items: count,
    halves: () =>
      middle === 0 ? [] : [partsPayload(parts.slice(0, middle), encode, items), partsPayload(parts.slice(middle), encode, items)],
  };
}
