import { Key } from '@millrace/wire';
import type { TransformContext } from './transform-context.ts';

/** Yields a value of the item that the context shows. Throws an `OttlError` when it cannot. */
export interface Getter<T> {
  (context: TransformContext): T;
  /** The value is the same for every item, known when the statement is compiled. */
  readonly literal?: { readonly value: T };
}

/** The getter of a constant. */
export function literal<T>(value: T): Getter<T> {
  return Object.assign((): T => value, { literal: { value } });
}

/** A getter whose result is derived from another one's: once, now, when that is a literal. */
export function derive<A, B>(getter: Getter<A>, convert: (value: A) => B): Getter<B> {
  if (getter.literal !== undefined) return literal(convert(getter.literal.value));
  return (context) => convert(getter(context));
}

/** The getter of a text as a key of maps: made once for a literal, else again whenever the text changes. */
export function keyOf(getter: Getter<string>): Getter<Key> {
  if (getter.literal !== undefined) return literal(new Key(getter.literal.value));
  let last = new Key('');
  return (context) => {
    const text = getter(context);
    return last.text === text ? last : (last = new Key(text));
  };
}
