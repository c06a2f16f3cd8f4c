/** What a part of the testbed runs. */
export interface PartOptions {
  readonly commands: { readonly millrace: readonly string[]; readonly otelcol: readonly string[] };
  /** Rows whose name contains this. */
  readonly only: string;
  readonly maxSeconds: number;
  /** Prints every difference. */
  readonly verbose: boolean;
}

/** What came of a part: a section of the report. */
export interface Part {
  readonly text: string;
  readonly rows: number;
  readonly failures: number;
}
