/** What statements and conditions can be about, from the highest to the lowest. */
export const contextNames = ['resource', 'scope', 'metric', 'datapoint', 'log', 'span', 'spanevent'] as const;

/** A name of `contextNames`. */
export type ContextName = (typeof contextNames)[number];
