import type { ResourceView, SpanView } from '@millrace/api';

/** What is known of a fact: nothing found yet, it holds, or finding out failed. */
export const outcomes = { open: 0, holds: 1, failed: 2 } as const;

/** One of `outcomes`. */
export type Outcome = (typeof outcomes)[keyof typeof outcomes];

/** Something that a policy wants to know about the spans of a trace. It is asked until it holds or fails; state is for one trace at a time. */
export interface Fact {
  /** Another trace begins. */
  begin?(): void;
  resource?(resource: ResourceView): Outcome;
  span(span: SpanView): Outcome;
}
