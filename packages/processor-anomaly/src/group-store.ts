import { measures } from './measures.ts';

/** Numbers of a measure of a group; `since` and `opened` are intervals after the first one of the group. */
export const field = {
  /** Nats of evidence that something is wrong. */
  evidence: 0,
  /** Of the calls since the evidence was nothing: how many, the sum of their deviations, the sum of their variances. */
  calls: 1,
  deviation: 2,
  variance: 3,
  /** The interval in which the evidence began, and that in which the anomaly did: 0 when there is none. */
  since: 4,
  opened: 5,
  /** The highest severity told: 0 none, 1 warning, 2 critical. */
  severity: 6,
  /** Calls that were learned of, up to `enough`; hours that were. */
  known: 7,
  hours: 8,
  /** Deviations of the hour that is going on, their weight, and of how many calls. */
  hourSum: 9,
  hourWeight: 10,
  hourCalls: 11,
  /** How far the group is usually from its cells, whatever the hour. */
  level: 12,
} as const;

const fieldCount = 13;
const hoursOfDay = 24;
const daysOfWeek = 7;
const profileLength = hoursOfDay + daysOfWeek;
/** Numbers and profile slots of a group. */
const groupNumbers: number = measures.length * fieldCount;
const groupProfile: number = measures.length * profileLength;
const profileUnit = 1 / 4096;
const chunkGroups = 512;

/**
 * What is known of one group: numbers of each measure, and how the hours of the day and the days of the week differ from the rest (natural logarithms; log odds of
 * rates; points). The numbers of many groups are in one array, so that a group takes little more than they do.
 */
export class Group {
  /** The number of the list of names, and their values: as `Labels` makes it. */
  readonly key: string;
  readonly firstMs: number;
  lastMs: number;
  /** Bits of the measures that are in an anomaly. */
  open = 0;
  /** Whether the storage has it as it is. */
  dirty = true;
  readonly slot: number;
  readonly #numbers: Float32Array;
  readonly #profile: Int16Array;

  constructor(key: string, firstMs: number, chunk: Chunk, slot: number) {
    this.key = key;
    this.firstMs = this.lastMs = firstMs;
    this.slot = slot;
    this.#numbers = chunk.numbers;
    this.#profile = chunk.profiles;
  }

  get(measure: number, name: number): number {
    return this.#numbers[(this.slot % chunkGroups) * groupNumbers + measure * fieldCount + name]!;
  }

  set(measure: number, name: number, value: number): void {
    this.#numbers[(this.slot % chunkGroups) * groupNumbers + measure * fieldCount + name] = value;
  }

  #profileAt(measure: number, slot: number): number {
    return (this.slot % chunkGroups) * groupProfile + measure * profileLength + slot;
  }

  /** How far an hour of the day is from the rest. */
  hour(measure: number, hour: number): number {
    return this.#profile[this.#profileAt(measure, hour)]! * profileUnit;
  }

  setHour(measure: number, hour: number, value: number): void {
    this.#profile[this.#profileAt(measure, hour)] = inRange(value);
  }

  /** How far a day of the week is from the rest. */
  day(measure: number, day: number): number {
    return this.#profile[this.#profileAt(measure, hoursOfDay + day)]! * profileUnit;
  }

  setDay(measure: number, day: number, value: number): void {
    this.#profile[this.#profileAt(measure, hoursOfDay + day)] = inRange(value);
  }

  /** Copies of all that changes. */
  save(): { numbers: Float32Array; profile: Int16Array } {
    const at = this.slot % chunkGroups;
    return {
      numbers: this.#numbers.slice(at * groupNumbers, (at + 1) * groupNumbers),
      profile: this.#profile.slice(at * groupProfile, (at + 1) * groupProfile),
    };
  }

  restore(numbers: Float32Array, profile: Int16Array): void {
    const at = this.slot % chunkGroups;
    this.#numbers.set(numbers.subarray(0, groupNumbers), at * groupNumbers);
    this.#profile.set(profile.subarray(0, groupProfile), at * groupProfile);
    for (let measure = 0; measure < measures.length; measure++) if (this.get(measure, field.opened) > 0) this.open |= 1 << measure;
  }
}

function inRange(value: number): number {
  return Math.round(Math.min(32_767, Math.max(-32_768, value / profileUnit)));
}

interface Chunk {
  readonly numbers: Float32Array;
  readonly profiles: Int16Array;
}

/** The groups, at most so many at a time. */
export class GroupStore {
  readonly groups = new Map<string, Group>();
  readonly #chunks: Chunk[] = [];
  readonly #free: number[] = [];
  #used = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** The group with a key, made when it is not there; undefined when there are too many. */
  open(key: string, nowMs: number): Group | undefined {
    const found = this.groups.get(key);
    if (found !== undefined) return found;
    if (this.groups.size >= this.#most) return undefined;
    const slot = this.#free.pop() ?? this.#used++;
    const chunk = Math.floor(slot / chunkGroups);
    this.#chunks[chunk] ??= {
      numbers: new Float32Array(chunkGroups * groupNumbers),
      profiles: new Int16Array(chunkGroups * groupProfile),
    };
    const group = new Group(key, nowMs, this.#chunks[chunk], slot);
    this.groups.set(key, group);
    return group;
  }

  /** Forgets groups without calls since a time, and without anomalies. */
  sweep(beforeMs: number): void {
    for (const group of this.groups.values()) {
      if (group.lastMs >= beforeMs || group.open !== 0) continue;
      group.restore(new Float32Array(groupNumbers), new Int16Array(groupProfile));
      this.groups.delete(group.key);
      this.#free.push(group.slot);
    }
  }

  /** About the bytes of memory. */
  get sizeBytes(): number {
    return this.#chunks.length * chunkGroups * (groupNumbers * 4 + groupProfile * 2) + this.groups.size * 300;
  }
}
