const low = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/** Marks the indexes of staleness markers, which are told from other NaNs by their bits; undefined when there are none. */
export function staleMarkers(values: Float64Array): Uint8Array | undefined {
  let words: Uint32Array | undefined;
  let marks: Uint8Array | undefined;
  for (let i = 0; i < values.length; i++) {
    // oxlint-disable-next-line no-self-compare -- the fastest question for NaN
    if (values[i] === values[i]) continue;
    words ??= new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    if (words[2 * i + low] !== 2 || words[2 * i + 1 - low] !== 0x7f_f0_00_00) continue;
    marks ??= new Uint8Array(values.length);
    marks[i] = 1;
  }
  return marks;
}
