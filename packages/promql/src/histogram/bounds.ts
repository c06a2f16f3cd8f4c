/** The schema of histograms whose bounds are given one by one. */
export const customSchema = -53;

const fractions = new Map<number, Float64Array>();

/** 2^(i / 2^schema) / 2 for each i, rounded as the double nearest to it. */
function fractionsOf(schema: number): Float64Array {
  let table = fractions.get(schema);
  if (table === undefined) {
    table = Float64Array.from({ length: 1 << schema }, (_, i) => 2 ** (i / (1 << schema)) / 2);
    fractions.set(schema, table);
  }
  return table;
}

/** 2^exponent times a fraction, also where 2^exponent alone would leave the range. */
function scaled(fraction: number, exponent: number): number {
  if (exponent > 1023) return fraction * 2 ** 1023 * 2 ** (exponent - 1023);
  return exponent < -1021 ? fraction * 2 ** -1021 * 2 ** (exponent + 1021) : fraction * 2 ** exponent;
}

/** The upper, inclusive bound of a positive bucket; the lower one is that of the index before. */
export function boundOf(index: number, schema: number, customBounds: ArrayLike<number>): number {
  if (schema === customSchema) {
    if (index >= customBounds.length) return Infinity;
    return index < 0 ? -Infinity : customBounds[index]!;
  }
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : scaled(1, exponent);
  }
  const size = 1 << schema;
  const fraction = fractionsOf(schema)[index & (size - 1)]!;
  const exponent = (index >> schema) + 1;
  return fraction === 0.5 && exponent === 1025 ? Number.MAX_VALUE : scaled(fraction, exponent);
}

/** The index of the bucket of a coarser schema that contains a bucket. */
export function coarserIndex(index: number, from: number, to: number): number {
  return ((index - 1) >> (from - to)) + 1;
}
