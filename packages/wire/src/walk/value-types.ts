import type { ValueType } from '../views.ts';

/** A value's type is the number of its field in `AnyValue`, 0 for none. */
export const stringType = 1;
export const boolType = 2;
export const intType = 3;
export const doubleType = 4;
export const arrayType = 5;
export const kvlistType = 6;
export const bytesType = 7;

/** The names of the types by their numbers. */
export const typeNames: readonly ValueType[] = ['empty', 'string', 'bool', 'int', 'double', 'array', 'kvlist', 'bytes'];
