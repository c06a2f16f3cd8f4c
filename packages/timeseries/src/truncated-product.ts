/** An int times a float, as amd64 makes an int of it: truncated, the smallest one when it does not fit. */
export function truncatedProduct(value: bigint, factor: number): bigint {
  const product = Number(value) * factor;
  return product >= -(2 ** 63) && product < 2 ** 63 ? BigInt(Math.trunc(product)) : -(2n ** 63n);
}
