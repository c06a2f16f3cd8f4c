import type { ByteRange } from '@millrace/wire';
import { ByteKey } from './byte-key.ts';

/** Which field of a data point message is what, as tags, by the kind of point (opentelemetry.proto.metrics.v1). */
export interface PointFields {
  readonly attributes: number;
  readonly flags: number;
  readonly exemplars: number;
  readonly isNumber: boolean;
}

export const numberFields: PointFields = { attributes: 0x3a, flags: 0x40, exemplars: 0x2a, isNumber: true };
export const histogramFields: PointFields = { attributes: 0x4a, flags: 0x50, exemplars: 0x42, isNumber: false };
export const exponentialFields: PointFields = { attributes: 0x0a, flags: 0x50, exemplars: 0x5a, isNumber: false };
export const summaryFields: PointFields = { attributes: 0x3a, flags: 0x40, exemplars: -1, isNumber: false };

/**
 * What every update of a series needs from its data point, read in one pass over the point's bytes and without an object: its key, its
 * times, and the value of a number. The bytes of a batch are well formed.
 */
export class PointScan {
  /** Of the point: milliseconds since the epoch with a resolution of 250 ns; 0 for none. */
  startMs = 0;
  timeMs = 0;
  /** The value of a number point; 0 when it has none. */
  value = 0;
  hasExemplars = false;
  isNoRecordedValue = false;
  /** The id of the context and the bytes of the attributes: equal for points of one series that were encoded alike. */
  readonly key = new ByteKey();
  #buffer: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Reads a point whose attributes come with those of the context `id`. */
  read({ buffer, start, end }: ByteRange, id: number, fields: PointFields): void {
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    this.startMs = this.timeMs = this.value = 0;
    this.hasExemplars = this.isNoRecordedValue = false;
    const { key } = this;
    key.clear();
    key.appendWord(id);
    const { attributes, flags, exemplars, isNumber } = fields;
    let keyFrom = 0;
    let keyTo = 0;
    for (let p = start; p < end;) {
      const from = p;
      const tag = buffer[p++]!;
      switch (tag & 7) {
        case 1:
          if (tag === 0x11) this.startMs = this.#timeMs(p);
          else if (tag === 0x19) this.timeMs = this.#timeMs(p);
          else if (isNumber && tag === 0x21) this.value = this.#view.getFloat64(p, true);
          else if (isNumber && tag === 0x31) this.value = this.#view.getInt32(p + 4, true) * 0x1_0000_0000 + this.#view.getUint32(p, true);
          p = (tag < 0x80 ? p : skipVarint(buffer, p)) + 8;
          break;
        case 2: {
          if (tag >= 0x80) p = skipVarint(buffer, p);
          let length = buffer[p++]!;
          if (length >= 0x80) {
            length = readVarint(buffer, p - 1);
            p = skipVarint(buffer, p);
          }
          p += length;
          if (tag === attributes) {
            if (keyTo !== from) {
              if (keyTo > 0) key.append(buffer, keyFrom, keyTo);
              keyFrom = from;
            }
            keyTo = p;
          } else if (tag === exemplars) this.hasExemplars = true;
          break;
        }
        case 0:
          if (tag === flags) this.isNoRecordedValue = (buffer[p]! & 1) === 1;
          if (tag >= 0x80) p = skipVarint(buffer, p);
          p = skipVarint(buffer, p);
          break;
        case 5:
          p = (tag < 0x80 ? p : skipVarint(buffer, p)) + 4;
          break;
        default:
          p = skipGroup(buffer, from);
      }
    }
    if (keyTo > 0) key.append(buffer, keyFrom, keyTo);
  }

  #timeMs(p: number): number {
    // 2^32 nanoseconds are 4294 milliseconds and 967,296 nanoseconds: this way whole milliseconds stay whole.
    const high = this.#view.getUint32(p + 4, true);
    return high * 4294 + (high * 967_296 + this.#view.getUint32(p, true)) / 1e6;
  }
}

function skipVarint(b: Buffer, p: number): number {
  while (b[p++]! > 0x7f);
  return p;
}

function readVarint(b: Buffer, p: number): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = b[p++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}

/** Where the group (of a field unknown to us) that starts at `p` ends. */
function skipGroup(b: Buffer, p: number): number {
  for (let depth = 0; ;) {
    const wireType = b[p]! & 7;
    p = skipVarint(b, p);
    if (wireType === 0) p = skipVarint(b, p);
    else if (wireType === 1) p += 8;
    else if (wireType === 5) p += 4;
    else if (wireType === 2) p = skipVarint(b, p) + readVarint(b, p);
    else if (wireType === 3) depth++;
    else if (--depth === 0) return p;
  }
}
