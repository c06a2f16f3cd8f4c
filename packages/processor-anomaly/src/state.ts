import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { Cell } from './cell.ts';
import type { AnomalyConfig } from './config.ts';
import type { Watch } from './watch.ts';

const version = 1;
/** Groups of a record: some hundred kilobytes. */
const groupsPerRecord = 500;

interface GroupState {
  readonly key: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly numbers: Float32Array;
  readonly profile: Int16Array;
}

interface StateRecord {
  readonly version: number;
  readonly fingerprint: string;
  readonly closedMs: number;
  readonly groups: readonly GroupState[];
  readonly cells: readonly { readonly name: string; readonly lastMs: number; readonly numbers: Float64Array }[];
}

/** What state depends on: with other groups or intervals it means nothing. */
export function fingerprintOf({ group_by, interval, hash, hash_key, time_zone }: AnomalyConfig): string {
  const words = JSON.stringify([group_by, interval, hash, hash_key ?? '', time_zone]);
  return createHash('sha256').update(words).digest('hex').slice(0, 16);
}

/** State as records: what a later one says of a group or cell replaces what an earlier one says. `all`: also the groups that the storage has as they are. */
export function encodeState(watch: Watch, fingerprint: string, all: boolean): Buffer[] {
  const groups: GroupState[] = [];
  for (const group of watch.store.groups.values()) {
    if (!group.dirty && !all) continue;
    group.dirty = false;
    groups.push({ key: group.key, firstMs: group.firstMs, lastMs: group.lastMs, ...group.save() });
  }
  if (groups.length === 0) return [];
  const records: Buffer[] = [];
  for (let from = 0; from < groups.length; from += groupsPerRecord) {
    const cells = from > 0 ? [] : [...watch.cells].map(([name, { lastMs, numbers }]) => ({ name, lastMs, numbers }));
    const part = groups.slice(from, from + groupsPerRecord);
    records.push(serialize({ version, fingerprint, closedMs: watch.windows.closedMs, groups: part, cells } satisfies StateRecord));
  }
  return records;
}

/** Applies records of an earlier run, oldest first. Returns how many could not be read, and how many are of another configuration. */
export function restoreState(watch: Watch, fingerprint: string, records: readonly Buffer[]): { unreadable: number; foreign: number } {
  const left = { unreadable: 0, foreign: 0 };
  for (const bytes of records) {
    const record = recordIn(bytes);
    if (record === undefined) left.unreadable++;
    else if (record.fingerprint !== fingerprint) left.foreign++;
    else apply(watch, record);
  }
  watch.resume();
  return left;
}

function apply(watch: Watch, { closedMs, groups, cells }: StateRecord): void {
  watch.windows.continueAt(closedMs);
  for (const { name, lastMs, numbers } of cells) watch.cells.set(name, new Cell(lastMs, numbers));
  for (const { key, firstMs, lastMs, numbers, profile } of groups) {
    const group = watch.store.open(key, firstMs);
    if (group === undefined) continue;
    group.restore(numbers, profile);
    group.lastMs = lastMs;
    group.dirty = false;
  }
}

/** A record; undefined when it is none of ours, or of another version. */
function recordIn(bytes: Buffer): StateRecord | undefined {
  try {
    const record = deserialize(bytes) as Partial<StateRecord> | undefined;
    return record?.version === version && Array.isArray(record.groups) ? (record as StateRecord) : undefined;
  } catch {
    return undefined;
  }
}
