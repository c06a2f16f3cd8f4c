/** What a policy says about a trace; 0 is undecided. */
export const decisions = { pending: 0, sampled: 1, notSampled: 2, dropped: 3, error: 4 } as const;

/** One of `decisions`. */
export type Decision = (typeof decisions)[keyof typeof decisions];

/** A trace that is decided about. Reused. */
export interface DecidedTrace {
  /** Four words of the trace id, in the order of its bytes. */
  readonly id: Int32Array;
  spans: number;
  /** Encoded. */
  sizeBytes: number;
  nowMs: number;
  /** Outcomes of the facts about this trace, from `base` on. */
  outcomes: Uint8Array;
  base: number;
  /** Set by a composite policy: the policy in it that matched. */
  subPolicy: string;
}

/** Decides about traces. */
export interface Policy {
  /** Whether the decision depends on other traces, or can be taken back when more spans come. */
  readonly isStateful: boolean;
  evaluate(trace: DecidedTrace): Decision;
}
