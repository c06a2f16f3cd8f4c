import type { ByteRange } from '@millrace/wire';
import type { ByteWriter } from '@millrace/wire';

const traceIdBytes = 16;
const idBytes = traceIdBytes + 8;
/** About what the objects take beside the ids and values. */
const overheadBytes = 240;

/** The first few spans of a series since the last report. */
export class Exemplars {
  readonly #ids: Buffer;
  readonly #values: Float64Array;
  #size = 0;

  constructor(max: number) {
    this.#ids = Buffer.alloc(max * idBytes);
    this.#values = new Float64Array(max);
  }

  get sizeBytes(): number {
    return overheadBytes + this.#ids.length + this.#values.byteLength;
  }

  /** Adds a span; its id follows with `spanId`. False when there is no room. */
  begin({ buffer, start, end }: ByteRange, value: number): boolean {
    if (this.#size === this.#values.length) return false;
    this.#values[this.#size] = value;
    buffer.copy(this.#ids, this.#size * idBytes, start, end);
    return true;
  }

  /** The id of the span that was begun. */
  spanId({ buffer, start, end }: ByteRange): void {
    buffer.copy(this.#ids, this.#size++ * idBytes + traceIdBytes, start, end);
  }

  /** Writes each as a field with this tag. */
  write(to: ByteWriter, tag: number, nowMs: number): void {
    for (let i = 0; i < this.#size; i++) {
      const at = to.begin(tag);
      to.byte(0x11);
      to.fixed64(BigInt(nowMs) * 1_000_000n);
      to.byte(0x19);
      to.double(this.#values[i]);
      const idAt = i * idBytes;
      const spanAt = to.begin(0x22);
      to.bytes(this.#ids.subarray(idAt + traceIdBytes, idAt + idBytes));
      to.end(spanAt);
      const traceAt = to.begin(0x2a);
      to.bytes(this.#ids.subarray(idAt, idAt + traceIdBytes));
      to.end(traceAt);
      to.end(at);
    }
  }
}
