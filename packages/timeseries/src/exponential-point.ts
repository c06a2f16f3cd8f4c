import type { BucketsView, DataPointView } from '@millrace/wire';

/** The buckets of one sign. */
export interface Buckets {
  readonly offset: number;
  readonly counts: readonly bigint[];
}

/** The numbers of an exponential histogram data point. */
export interface ExponentialPoint {
  readonly count: bigint;
  readonly sum: number;
  readonly scale: number;
  readonly zeroCount: bigint;
  readonly zeroThreshold: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
}

/** Numbers of fields of `ExponentialHistogramDataPoint`. */
const fields = { count: 4, sum: 5, zeroCount: 7, positive: 8, negative: 9, min: 12, max: 13 } as const;

/** Reads an exponential histogram point. Without a sum it is 0. */
export function readExponential(point: DataPointView): ExponentialPoint {
  const { count, sum = 0, scale, zeroCount, zeroThreshold } = point;
  return { count, sum, scale, zeroCount, zeroThreshold, positive: readBuckets(point.positive), negative: readBuckets(point.negative) };
}

function readBuckets(view: BucketsView): Buckets {
  return { offset: view.offset, counts: Array.from({ length: view.size }, (_, i) => view.at(i)) };
}

/** Puts the numbers into a point, but for scale and zero threshold. A sum only where it has one; minimum and maximum go. */
export function writeExponential(point: DataPointView, { count, sum, zeroCount, positive, negative }: ExponentialPoint): void {
  const edit = point.fields;
  const had = point.sum;
  edit.setFixed64(fields.count, count);
  if (had !== undefined && !Number.isNaN(had)) edit.setDouble(fields.sum, sum);
  edit.setFixed64(fields.zeroCount, zeroCount);
  edit.setBytes(fields.positive, bytesOfBuckets(positive));
  edit.setBytes(fields.negative, bytesOfBuckets(negative));
  edit.remove(fields.min, 1);
  edit.remove(fields.max, 1);
}

/** The encoded `Buckets` message: `sint32 offset = 1`, `repeated uint64 bucket_counts = 2`. */
export function bytesOfBuckets({ offset, counts }: Buckets): Uint8Array {
  const bytes: number[] = [];
  const varint = (value: bigint): void => {
    let rest = value;
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
  };
  const zigzag = BigInt(offset < 0 ? -2 * offset - 1 : 2 * offset);
  if (zigzag > 0n) {
    bytes.push(8);
    varint(zigzag);
  }
  if (counts.length > 0) {
    const start = bytes.length;
    for (const count of counts) varint(count);
    const packed = bytes.splice(start);
    bytes.push(18);
    varint(BigInt(packed.length));
    bytes.push(...packed);
  }
  return Uint8Array.from(bytes);
}
