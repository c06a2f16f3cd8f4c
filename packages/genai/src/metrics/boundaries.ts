/** Upper bounds of buckets, from a first one on, each `factor` times the one before. */
function growing(first: number, factor: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => Number((first * factor ** index).toPrecision(12)));
}

/** Seconds, as the conventions advise for calls of a model: 0.01 to 81.92. */
export const durationBounds: readonly number[] = growing(0.01, 2, 14);
/** Seconds, as the conventions advise for agents and workflows: 0.1 to 409.6. */
export const agentDurationBounds: readonly number[] = growing(0.1, 2, 13);
/** Tokens, as the conventions advise: 1 to 67,108,864. */
export const tokenBounds: readonly number[] = growing(1, 4, 14);
/** Calls within one run of an agent, as the conventions advise: 1 to 128. */
export const callCountBounds: readonly number[] = growing(1, 2, 8);
/** Seconds to the first token of a model server, as the conventions advise. */
export const firstTokenBounds: readonly number[] = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Seconds for each further token of a model server, as the conventions advise. */
export const perTokenBounds: readonly number[] = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
/** Seconds of MCP requests and sessions, as the conventions advise. */
export const mcpBounds: readonly number[] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
/** Seconds of HTTP requests, as the conventions advise. */
export const httpBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Seconds of what is quick: a cache, a router, a store. */
export const quickBounds: readonly number[] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** Seconds of what takes long: loading a model, a checkpoint. */
export const longBounds: readonly number[] = growing(0.1, 2, 14);
/** Tokens per second. */
export const speedBounds: readonly number[] = [1, 2.5, 5, 10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000, 2500];
/** Whole currency units that one request costs: a millionth to a hundred. */
export const costBounds: readonly number[] = [
  1e-6, 1e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 100,
];
/** Percent by which something is above or below what was expected. */
export const driftBounds: readonly number[] = [-100, -50, -25, -10, -5, -2, -1, 0, 1, 2, 5, 10, 25, 50, 100, 200, 500];
/** Percent of a whole. */
export const percentBounds: readonly number[] = [1, 2.5, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100];
/** Scores, mostly between 0 and 1. */
export const scoreBounds: readonly number[] = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 10];
/** Requests in a batch. */
export const sizeBounds: readonly number[] = growing(1, 2, 15);
