/** Who made the telemetry. */
export interface Scope {
  readonly name: string;
  readonly version: string;
}

/** What an operation says besides its attributes. A span is one. */
export interface Origin {
  readonly scope: Scope;
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  /** When it began; 0 when that is not known. */
  readonly startTimeUnixNano: bigint;
}
