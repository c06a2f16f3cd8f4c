import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteInput, ByteOutput } from './byte-output.ts';
import { readNumbers, readTimes, writeNumbers, writeTimes } from './column.ts';
import type { Rollup } from './rollup.ts';
import type { Samples } from './samples.ts';

const hasHistograms = 1;
const isCompressed = 2;

/** What is smaller is not worth compressing. */
const minCompressedBytes = 256;

const out = new ByteOutput();
const section = new ByteOutput();
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

/** Samples as bytes: columns of times and numbers, then the histograms. */
export function encodeSamples(samples: Samples): Uint8Array<ArrayBuffer> {
  out.clear();
  write(samples);
  return out.take();
}

/** The further columns of a rollup as bytes; its samples are encoded by themselves. */
export function encodeSpans(rollup: Rollup): Uint8Array<ArrayBuffer> {
  out.clear();
  for (const column of [rollup.counts, rollup.sums, rollup.mins, rollup.maxs, rollup.increases]) {
    writeNumbers(out, column, rollup.times.length);
  }
  return out.take();
}

function write({ times, values, histograms }: Samples): void {
  const size = times.length;
  const stored = histograms === undefined ? undefined : histogramSection(histograms);
  out.byte(stored === undefined ? 0 : hasHistograms | (stored.isSmaller ? isCompressed : 0));
  out.varint(size);
  writeTimes(out, times, size);
  writeNumbers(out, values, size);
  if (stored === undefined) return;
  out.varint(stored.bytes.length);
  out.append(stored.bytes);
}

function histogramSection(histograms: readonly (Uint8Array | undefined)[]): { bytes: Uint8Array; isSmaller: boolean } {
  section.clear();
  for (const histogram of histograms) {
    section.varint(histogram?.length ?? 0);
    if (histogram !== undefined) section.append(histogram);
  }
  const plain = section.bytes.subarray(0, section.length);
  return plain.length < minCompressedBytes ? { bytes: plain, isSmaller: false } : { bytes: zstdCompressSync(plain, fast), isSmaller: true };
}

/** The rollup of a chunk. Throws when the bytes are damaged. */
export function decodeRollup(bytes: Uint8Array, spans: Uint8Array): Rollup {
  const samples = decodeSamples(bytes);
  const input = new ByteInput(spans);
  const column = (): Float64Array<ArrayBuffer> => readNumbers(input, samples.times.length);
  return { ...samples, counts: column(), sums: column(), mins: column(), maxs: column(), increases: column() };
}

/** The samples of a chunk, or the last ones of the spans of a rollup. Throws when the bytes are damaged. */
export function decodeSamples(bytes: Uint8Array): Samples {
  const input = new ByteInput(bytes);
  const flags = input.byte();
  const size = input.varint();
  if (size > 1e6) throw new RangeError(`a chunk of ${size} samples`);
  const times = readTimes(input, size);
  const values = readNumbers(input, size);
  if ((flags & hasHistograms) === 0) return { times, values };
  const stored = input.take(input.varint());
  const plain = new ByteInput((flags & isCompressed) === 0 ? stored : zstdDecompressSync(stored));
  const histograms = Array.from({ length: size }, () => {
    const length = plain.varint();
    return length === 0 ? undefined : plain.take(length);
  });
  return { times, values, histograms };
}
