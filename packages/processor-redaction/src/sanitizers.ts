/** What a span is to the sanitizers. */
export interface SpanFacts {
  readonly kind: number;
  readonly hasHttp: boolean;
}

/** The sanitizers of URLs and database commands that are enabled. */
export interface Sanitizers {
  /** Attributes that tell that a span is about HTTP. */
  readonly httpKeys: ReadonlySet<string>;
  /** Whether the attribute is one of theirs. */
  wants(key: string): boolean;
  attribute(text: string, key: string, dbSystem: string): string;
  body(text: string): string;
  spanName(name: string, span: SpanFacts, dbSystem: string): string;
}
