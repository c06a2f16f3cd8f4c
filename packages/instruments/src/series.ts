import type { Stream } from './stream.ts';

/** What a label can be. Numbers and booleans keep their type in OTLP. */
export type LabelValue = string | number | boolean;

/** The numbers of a series as plain data, to be sent to another thread. */
export type SeriesState = readonly unknown[];

/** One combination of label values of an instrument, with what was measured. A holder may keep it: one that expired begins again when it is used. */
export abstract class Series {
  readonly stream: Stream;
  /** In the order of the stream's labels; undefined where a label is absent. */
  readonly values: readonly (LabelValue | undefined)[];
  /** Whether this is the series of all that is beyond the limit, or has expired. */
  readonly isOverflow: boolean;
  /** When it began, since the epoch. */
  startMs: number;
  /** When it was last seen to be used. */
  seenMs: number;
  /** Whether it was used since it was last looked at. */
  isFresh = true;
  /** Whether it has expired and is not in its stream. */
  isGone = false;
  /** Its labels in Prometheus text. */
  text: string | undefined = undefined;
  /** Its attributes in OTLP, as fields of a data point. */
  attributes: Uint8Array | undefined = undefined;

  constructor(stream: Stream, values: readonly (LabelValue | undefined)[], isOverflow: boolean) {
    this.stream = stream;
    this.values = values;
    this.isOverflow = isOverflow;
    this.startMs = this.seenMs = stream.now();
  }

  /** To be called before a change when `isFresh` is not set. */
  touch(): void {
    this.isFresh = true;
    if (this.isGone) this.stream.revive(this);
  }

  /** Nothing was measured. */
  abstract get isEmpty(): boolean;
  /** Adds what another series of the same stream measured. */
  abstract merge(other: this): void;
  /** Forgets what was measured. */
  abstract clear(): void;
  /** What was measured so far, apart from the series. */
  abstract copy(): this;
  /** What was measured since `copy` returned `last`, apart from the series. */
  abstract since(last: this): this;
  /** The numbers as plain data. */
  abstract get state(): SeriesState;
  /** Adds the numbers of a series of another thread. */
  abstract absorb(state: SeriesState): void;
}
