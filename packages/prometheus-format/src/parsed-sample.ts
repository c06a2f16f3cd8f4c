import type { Exemplar, FamilyType, Label, NativeHistogram } from './metric-family.ts';

/** A native histogram as protobuf carries it; of a float histogram the counts are not whole. */
export interface ParsedHistogram extends NativeHistogram {
  readonly count: number;
  readonly sum: number;
  /** Whether it is a gauge histogram. */
  readonly isGauge: boolean;
}

/** One sample while it is being visited: the object is reused, and its methods answer only until the visit returns. */
export interface ParsedSample {
  /** Name and labels as text. The same text is the same series, so it can be the key of what is known about the series. */
  readonly series: string;
  /** As in the exposition: with `_bucket`, `_total` and the like. */
  readonly name: string;
  readonly value: number;
  /** Since the epoch; NaN when the sample has none. */
  readonly timestampMs: number;
  /**
   * When the series began, since the epoch; NaN when unknown. In protobuf every sample has it; in OpenMetrics it comes as a sample of its own,
   * see `isCreated`.
   */
  readonly createdMs: number;
  /** OpenMetrics: this is a `_created` sample: its `createdMs` belongs to the series of the family with the same labels. */
  readonly isCreated: boolean;
  /** Protobuf: the native histogram of the series; `value` is its count then. */
  readonly histogram: ParsedHistogram | undefined;
  /** In the order of the exposition, without the name. */
  labels(): Label[];
  exemplar(): Exemplar | undefined;
}

/** Who is told what an exposition contains, in its order. What a visitor throws ends the parsing. */
export interface ExpositionVisitor {
  /** `unknown` stands for `untyped`, too. Names are as in the metadata: OpenMetrics leaves out `_total` and `_info`. */
  type?(name: string, type: FamilyType): void;
  help?(name: string, help: string): void;
  unit?(name: string, unit: string): void;
  sample(sample: ParsedSample): void;
}

/** Reads an exposition in pieces as they arrive. */
export interface ExpositionParser {
  /** Reads the next bytes. They are not kept, except for what a later piece completes. Throws an `ExpositionError`. */
  push(chunk: Uint8Array): void;
  /** There is no more. Throws when something is missing. */
  end(): void;
}

/** An exposition is not well formed. */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';
  /** Counting from 1; 0 in protobuf. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(line > 0 ? `line ${line}: ${message}` : message);
    this.line = line;
  }
}
