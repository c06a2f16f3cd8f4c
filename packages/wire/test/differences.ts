/** One way in which a verdict on a request may differ from the reference's. */
export interface Difference {
  /** What the refusal says. */
  readonly reason: RegExp;
  readonly why: string;
}

/** Everything that is refused although the reference reads it. */
export const differences: readonly Difference[] = [
  {
    reason: /\bid of \d+ bytes instead of (?:8|16)\b/,
    why: 'To protobuf an id is a string of bytes of any length; OTLP allows 16 (trace), 8 (span) or none, and the Collector refuses others too.',
  },
  {
    reason: /\bwire type \d is not the one of this field\b/,
    why: 'The reference takes a known field with a foreign wire type for an unknown one. The Collector refuses it, and so does everybody who reads our output.',
  },
  {
    reason: /\bvalues nested deeper than 64\b/,
    why: 'The reference sets no limit to the nesting of AnyValue. Unbounded nesting would let a small request exhaust the stack of whoever reads it next.',
  },
  {
    reason: /\bgroups nested deeper than 100\b/,
    why: 'As for values: the reference sets no limit to unknown groups within unknown groups.',
  },
  {
    reason: /\ba value nested deeper than 256 levels\b/,
    why: 'JSON: the same for unknown members.',
  },
];

/** The difference that explains a refusal, if there is one. */
export function explain(reason: string): Difference | undefined {
  return differences.find((difference) => difference.reason.test(reason));
}

/**
 * What the reference refuses although it is accepted: tags and lengths that are padded to more than 5 bytes. Varints have up to 10 bytes;
 * Go reads them all. protobufjs, the strict half of the reference, says it with these words.
 */
export const narrower: RegExp = /^invalid (?:tag|length) encoding$/;
