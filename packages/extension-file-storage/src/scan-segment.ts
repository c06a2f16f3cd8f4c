import { formatVersion, marker, readRecord, readSegmentVersion, recordHeaderBytes, type RecordView, segmentHeaderBytes } from './record.ts';

/** An intact record and where it starts. */
export interface FoundRecord extends RecordView {
  readonly at: number;
}

/** What is in a segment file. */
export interface SegmentScan {
  /** `newer`: written by a later version of this program; nothing in it was looked at. */
  readonly state: 'known' | 'newer';
  readonly records: readonly FoundRecord[];
  /** Bytes that belong to no intact record and have intact ones, or a damaged header, around them. */
  readonly damagedBytes: number;
  /** Bytes behind the last intact record. */
  readonly tailBytes: number;
  /** They are a write that was cut off, nothing that ever was complete. */
  readonly torn: boolean;
}

/** Finds every intact record, those behind damage too. */
export function scanSegment(bytes: Buffer): SegmentScan {
  const version = readSegmentVersion(bytes);
  if (version !== undefined && version > formatVersion) return { state: 'newer', records: [], damagedBytes: 0, tailBytes: 0, torn: false };
  const records: FoundRecord[] = [];
  let damagedBytes = version === undefined ? Math.min(bytes.length, segmentHeaderBytes) : 0;
  let at = Math.min(bytes.length, segmentHeaderBytes);
  // In a file that was cut inside its header there never was a record.
  if (at < segmentHeaderBytes) return { state: 'known', records, damagedBytes: 0, tailBytes: at, torn: true };
  for (let from = at; from < bytes.length;) {
    const record = readRecord(bytes, from);
    if (record !== undefined) {
      damagedBytes += from - at;
      records.push({ ...record, at: from });
      at = from = record.end;
      continue;
    }
    const next = bytes.indexOf(marker, from + 1);
    if (next < 0) break;
    from = next;
  }
  return { state: 'known', records, damagedBytes, tailBytes: bytes.length - at, torn: isTorn(bytes.subarray(at)) };
}

/** Whether a tail is a record that was not written to its end (or not at all, where a file system filled up with zeros). */
function isTorn(tail: Buffer): boolean {
  if (tail.length < recordHeaderBytes) return true;
  return recordHeaderBytes + tail.readUInt32LE(8) > tail.length || tail.every((byte) => byte === 0);
}
