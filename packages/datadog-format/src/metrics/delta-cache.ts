interface Entry {
  start: bigint;
  time: bigint;
  value: number;
  expiresAtMs: number;
}

/** What a cumulative value adds to the one before. */
export interface Step {
  /** Undefined when it is older than the one before. */
  readonly delta: number | undefined;
  /** Nothing comes before it, or a reset. */
  readonly isFirst: boolean;
}

/** The last points of cumulative series, kept for a time, to compute differences (opentelemetry-mapping-go, ttlCache). */
export class DeltaCache {
  readonly #ttlMs: number;
  readonly #entries = new Map<string, Entry>();
  #sizeBytes = 0;
  #sweepAtMs = 0;

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /** About what the entries occupy. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Forgets what expired, now and then: to be called once a batch. */
  sweep(nowMs: number): void {
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + Math.max(1000, this.#ttlMs / 2);
    for (const [key, entry] of this.#entries) {
      if (entry.expiresAtMs > nowMs) continue;
      this.#entries.delete(key);
      this.#sizeBytes -= entryBytes(key);
    }
  }

  /** The difference of a value that only grows; a fall is a reset. */
  monotonic(key: string, start: bigint, time: bigint, value: number, nowMs: number): Step {
    const last = this.#find(key, nowMs);
    if (last !== undefined && last.time >= time) return { delta: undefined, isFirst: false };
    const delta = value - (last?.value ?? 0);
    const isFirst = last === undefined || !continues(start, time, last.start) || delta < 0;
    this.#set(key, last, start, time, value, nowMs);
    return { delta, isFirst };
  }

  /** The difference of a value that may fall; `undefined` for the first one and for older ones. */
  difference(key: string, start: bigint, time: bigint, value: number, nowMs: number): number | undefined {
    const last = this.#find(key, nowMs);
    if (last !== undefined && last.time > time) return undefined;
    const delta = last === undefined || !continues(start, time, last.start) ? undefined : value - last.value;
    this.#set(key, last, start, time, value, nowMs);
    return delta;
  }

  /** Whether the extreme value since the start was reached since the last point; `sign` is 1 for maxima and -1 for minima. */
  isNewExtreme(key: string, sign: 1 | -1, start: bigint, time: bigint, value: number, nowMs: number): boolean {
    const last = this.#find(key, nowMs);
    if (last !== undefined && last.time > time) return false;
    const change = last === undefined ? 0 : sign * (value - last.value);
    const isNew = change < 0 || (change > 0 && continues(start, time, last!.start));
    this.#set(key, last, start, time, value, nowMs);
    return isNew;
  }

  #find(key: string, nowMs: number): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.expiresAtMs <= nowMs ? undefined : entry;
  }

  #set(key: string, last: Entry | undefined, start: bigint, time: bigint, value: number, nowMs: number): void {
    const expiresAtMs = nowMs + this.#ttlMs;
    if (last !== undefined) {
      last.start = start;
      last.time = time;
      last.value = value;
      last.expiresAtMs = expiresAtMs;
      return;
    }
    if (!this.#entries.has(key)) this.#sizeBytes += entryBytes(key);
    this.#entries.set(key, { start, time, value, expiresAtMs });
  }
}

function entryBytes(key: string): number {
  return key.length + 150;
}

/** Whether a point goes on with the series: its start is not known, or the same as before and not its own time. */
function continues(start: bigint, time: bigint, lastStart: bigint): boolean {
  return start === 0n || (start !== time && start === lastStart);
}
