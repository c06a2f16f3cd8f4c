import { ByteWriter } from '@millrace/wire';
import type { Batch, Lease } from '@millrace/wire';

/** Room for what edits add, so that most outputs never grow. */
const headroomBytes = 4096;

/** The bytes of a batch with some ranges replaced. Nothing is leased before the first edit. */
export class Splicer {
  #batch!: Batch;
  #bytes!: Buffer;
  #view!: DataView;
  #writer: ByteWriter | undefined;
  /** Everything before is copied or left out. */
  #source = 0;
  edits = 0;

  start(batch: Batch): void {
    this.#batch = batch;
    this.#bytes = batch.bytes;
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    this.#writer = undefined;
    this.#source = 0;
    this.edits = 0;
  }

  /** The writer, behind the source up to `source`. */
  copyTo(source: number): ByteWriter {
    let writer = this.#writer;
    if (writer === undefined) {
      const size = this.#bytes.length;
      writer = this.#writer = new ByteWriter(this.#batch.pool.lease(size + (size >> 3) + headroomBytes));
    }
    writer.copy(this.#bytes, this.#view, this.#source, source);
    this.#source = source;
    return writer;
  }

  /** Leaves out the source up to `source`. */
  skipTo(source: number): void {
    this.#source = source;
    this.edits++;
  }

  /** Where the byte at `source` will be when everything before is copied. */
  placeOf(source: number): number {
    return (this.#writer?.position ?? 0) + source - this.#source;
  }

  /** Writes the length of the message that ends at `end` anew; its old length is at `place` of the output and has `width` bytes. */
  patch(end: number, place: number, width: number): void {
    this.copyTo(end).patchLength(place, width);
  }

  /** The finished bytes; undefined when nothing changed. The caller takes the lease over. */
  finish(): { readonly lease: Lease; readonly sizeBytes: number } | undefined {
    if (this.edits === 0) return undefined;
    const writer = this.copyTo(this.#bytes.length);
    this.#writer = undefined;
    return { lease: writer.lease as Lease, sizeBytes: writer.position };
  }

  /** Gives the lease back when something failed half-way. */
  abandon(): void {
    this.#writer?.lease?.release();
    this.#writer = undefined;
  }
}
