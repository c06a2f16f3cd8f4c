/** Whether to keep a trace: what the parent decided, else what `root` says. */
export interface Sampler {
  /** The share of new traces that is kept, from 0 to 1. */
  readonly ratio: number;
  /** Whether a decision of the parent counts. */
  readonly parentBased: boolean;
}

/** Keeps everything whose parent was kept. */
export const keepAll: Sampler = { ratio: 1, parentBased: true };

/**
 * Whether a span is kept. The share is decided by the last 56 bits of the trace id, as W3C Trace Context level 2 asks for: every service that
 * keeps the same share or more keeps the same traces.
 */
export function isSampled({ ratio, parentBased }: Sampler, traceId: string, parent: { readonly traceFlags: number } | undefined): boolean {
  if (parent !== undefined && parentBased) return (parent.traceFlags & 1) === 1;
  if (ratio >= 1) return true;
  return Number.parseInt(traceId.slice(18), 16) >= (1 - ratio) * 2 ** 56;
}
