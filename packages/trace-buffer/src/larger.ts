/** A typed array with the same numbers and room for `length` of them; itself when it has that already. */
export function larger<A extends Int32Array | Uint32Array | Float64Array | Uint8Array>(array: A, length: number): A {
  if (array.length >= length) return array;
  const grown = new (array.constructor as new (length: number) => A)(length);
  grown.set(array);
  return grown;
}
