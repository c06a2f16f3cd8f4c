import type { Condition } from '../compile.ts';

/** The condition that holds for everything: known when a text is compiled, so that what it decides is not evaluated. */
export const always: Condition = () => true;

/** The condition that holds for nothing. */
export const never: Condition = () => false;
