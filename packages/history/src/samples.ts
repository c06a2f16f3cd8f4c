/** Samples of one series, oldest first, one for each time. */
export interface Samples {
  /** Whole milliseconds since the epoch. */
  readonly times: Float64Array<ArrayBuffer>;
  /** Numbers; their bits count, since a staleness marker is told from another NaN by them. */
  readonly values: Float64Array<ArrayBuffer>;
  /** By index: where one is defined it is the sample, as `histogramBytes` made it. Absent: all are numbers. */
  readonly histograms?: readonly (Uint8Array | undefined)[] | undefined;
}

/** Copies values with all their bits. */
export function copyValue(from: Uint32Array, index: number, to: Uint32Array, at: number): void {
  to[at * 2] = from[index * 2]!;
  to[at * 2 + 1] = from[index * 2 + 1]!;
}

/** The words of values. */
export function wordsOf(values: Float64Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** The samples `[from, to)`. */
export function slice({ times, values, histograms }: Samples, from: number, to: number): Samples {
  return { times: times.subarray(from, to), values: values.subarray(from, to), histograms: histograms?.slice(from, to) };
}

/** Both, in order of time; of two at the same time that of `b`. */
export function mergeSamples(a: Samples, b: Samples): Samples {
  const sizeA = a.times.length;
  const sizeB = b.times.length;
  if (sizeA === 0) return b;
  if (sizeB === 0) return a;
  const size = sizeA + sizeB;
  const times = new Float64Array(size);
  const values = new Float64Array(size);
  if (a.times[sizeA - 1]! < b.times[0]!) {
    times.set(a.times);
    times.set(b.times, sizeA);
    const words = wordsOf(values);
    words.set(wordsOf(a.values));
    words.set(wordsOf(b.values), sizeA * 2);
    return { times, values, histograms: joined(a, b) };
  }
  const histograms: (Uint8Array | undefined)[] | undefined = a.histograms === undefined && b.histograms === undefined ? undefined : [];
  const words = wordsOf(values);
  const wordsA = wordsOf(a.values);
  const wordsB = wordsOf(b.values);
  let at = 0;
  for (let i = 0, j = 0; i < sizeA || j < sizeB; at++) {
    const takesB = i === sizeA || (j < sizeB && b.times[j]! <= a.times[i]!);
    if (takesB && i < sizeA && a.times[i] === b.times[j]) i++;
    times[at] = takesB ? b.times[j]! : a.times[i]!;
    if (takesB) copyValue(wordsB, j, words, at);
    else copyValue(wordsA, i, words, at);
    histograms?.push(takesB ? b.histograms?.[j] : a.histograms?.[i]);
    if (takesB) j++;
    else i++;
  }
  return { times: times.subarray(0, at), values: values.subarray(0, at), histograms };
}

/** All of them, which come in the order of their first times. */
export function joinSamples(parts: readonly Samples[]): Samples {
  const [first] = parts;
  if (first === undefined) return { times: new Float64Array(), values: new Float64Array() };
  if (parts.length === 1) return first;
  const isApart = parts.every((part, i) => i === 0 || parts[i - 1]!.times.at(-1)! < part.times[0]!);
  if (!isApart) return parts.reduce(mergeSamples);
  const size = parts.reduce((sum, { times }) => sum + times.length, 0);
  const times = new Float64Array(size);
  const values = new Float64Array(size);
  const words = wordsOf(values);
  let at = 0;
  for (const part of parts) {
    times.set(part.times, at);
    words.set(wordsOf(part.values), at * 2);
    at += part.times.length;
  }
  const hasHistograms = parts.some(({ histograms }) => histograms !== undefined);
  return { times, values, histograms: hasHistograms ? parts.flatMap(histogramsOf) : undefined };
}

/** The last number of samples, markers and histograms not counted. */
export function lastNumber({ values, histograms }: Samples, otherwise: number): number {
  for (let i = values.length - 1; i >= 0; i--) if (histograms?.[i] === undefined && !Number.isNaN(values[i]!)) return values[i]!;
  return otherwise;
}

function histogramsOf({ times, histograms }: Samples): readonly (Uint8Array | undefined)[] {
  return histograms ?? Array.from({ length: times.length }, () => undefined);
}

function joined(a: Samples, b: Samples): readonly (Uint8Array | undefined)[] | undefined {
  if (a.histograms === undefined && b.histograms === undefined) return undefined;
  return [...histogramsOf(a), ...histogramsOf(b)];
}

/** Samples in any order, of which several may have the same time (the last one counts), in order. */
export function sortSamples({ times, values, histograms }: Samples): Samples {
  let sorted = true;
  for (let i = 1; i < times.length && sorted; i++) sorted = times[i]! > times[i - 1]!;
  if (sorted) return { times, values, histograms };
  const order = Array.from(times.keys()).sort((a, b) => times[a]! - times[b]! || a - b);
  const kept = order.filter((index, i) => times[index] !== times[order[i + 1]!]);
  const inOrder = new Float64Array(kept.length);
  const from = wordsOf(values);
  const to = wordsOf(inOrder);
  kept.forEach((index, at) => copyValue(from, index, to, at));
  return {
    times: Float64Array.from(kept, (index) => times[index]!),
    values: inOrder,
    histograms: histograms && kept.map((index) => histograms[index]),
  };
}

/** The index of the first sample at or after a time. */
export function firstAt(times: Float64Array, timeMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The samples from `startMs` to `endMs`, both inclusive. */
export function within(samples: Samples, startMs: number, endMs: number): Samples {
  const from = firstAt(samples.times, startMs);
  const to = firstAt(samples.times, endMs + 0.5);
  return from === 0 && to === samples.times.length ? samples : slice(samples, from, to);
}
