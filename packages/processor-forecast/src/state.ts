import { deserialize, serialize } from 'node:v8';
import type { Book } from './book.ts';
import type { InputsState, Points } from './points.ts';
import type { Rounds } from './rounds.ts';
import type { SeriesState } from './series.ts';

const version = 1;
/** Series of a record: about a megabyte. */
const seriesPerRecord = 40;

interface StateRecord {
  readonly version: number;
  /** With another number of open hours, open ones mean nothing. */
  readonly openHours: number;
  /** A state is several records, all of which count or none. */
  readonly part: number;
  readonly parts: number;
  readonly time: { readonly maxMs: number; readonly openHour: number; readonly roundMs: number; readonly sinceMs: number };
  readonly seen: Uint8Array;
  readonly inputs: InputsState | undefined;
  readonly series: readonly SeriesState[];
}

/** What is remembered. */
export interface State {
  readonly book: Book;
  readonly points: Points;
  readonly rounds: Rounds;
}

/** State as records. `all`: also closed hours that the storage has as they are. */
export function encodeState({ book, points, rounds }: State, all: boolean): Buffer[] {
  if (book.openHour === -Infinity) return [];
  const series = [...book.series.values()].map((one) => one.save(all));
  const { maxMs, openHour, sinceMs } = book;
  // A round that was not made before the end is made after it.
  const time = { maxMs, openHour, sinceMs, roundMs: rounds.working === undefined ? book.roundMs : rounds.madeMs };
  const parts = Math.max(1, Math.ceil(series.length / seriesPerRecord));
  return Array.from({ length: parts }, (_, part) =>
    serialize({
      version,
      openHours: book.openHours,
      part,
      parts,
      time,
      seen: book.seen,
      inputs: part === 0 ? points.save() : undefined,
      series: series.slice(part * seriesPerRecord, (part + 1) * seriesPerRecord),
    } satisfies StateRecord),
  );
}

/** Applies records of an earlier run, oldest first. Returns how many could not be read, and how many are of another lateness. */
export function restoreState(state: State, records: readonly Buffer[]): { unreadable: number; foreign: number } {
  const left = { unreadable: 0, foreign: 0 };
  let parts: StateRecord[] = [];
  for (const bytes of records) {
    const record = recordIn(bytes);
    if (record === undefined) left.unreadable++;
    else if (record.openHours !== state.book.openHours) left.foreign++;
    else {
      if (record.part === 0) parts = [];
      if (record.part !== parts.length) continue;
      parts.push(record);
      if (parts.length === record.parts) apply(state, parts);
    }
  }
  return left;
}

function apply({ book, points, rounds }: State, parts: readonly StateRecord[]): void {
  const [{ time, seen, inputs }] = parts as [StateRecord];
  book.resume(time, seen);
  rounds.madeMs = time.roundMs;
  points.restore(inputs!);
  const kept = new Set<string>();
  for (const state of parts.flatMap(({ series }) => series)) {
    const identity = points.known(state.identity);
    if (identity === undefined) continue;
    kept.add(identity.key);
    book.open(identity, state.firstHour, state.closed?.values !== undefined)?.restore(state);
  }
  book.keep(kept);
}

/** A record; undefined when it is none of ours, or of another version. */
function recordIn(bytes: Buffer): StateRecord | undefined {
  try {
    const record = deserialize(bytes) as Partial<StateRecord> | undefined;
    return record?.version === version && Array.isArray(record.series) ? (record as StateRecord) : undefined;
  } catch {
    return undefined;
  }
}
