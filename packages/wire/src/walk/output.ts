import type { Lease } from '../buffer-pool.ts';
import type { Batch } from '../batch.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Item } from './item.ts';
import type { Memory } from './memory.ts';
import { splice } from './splice.ts';

/** Room for what edits add, so that most outputs never grow. */
const headroomBytes = 4096;

/** The bytes of the new batch: long unchanged ranges of the old one with what was edited between them. Nothing is leased before the first edit. */
export class Output {
  #batch!: Batch;
  #body!: Buffer;
  #view!: DataView;
  #writer: ByteWriter | undefined;
  /** Everything before is copied or left out. */
  #source = 0;
  /** Changes so far; 0 means that the old batch stands. */
  edits = 0;

  start(batch: Batch, memory: Memory): void {
    this.#batch = batch;
    this.#body = memory.body;
    this.#view = memory.view(0);
    this.#writer = undefined;
    this.#source = 0;
    this.edits = 0;
  }

  /** Gives the lease back when the walk failed half-way. */
  abandon(): void {
    this.#writer?.lease?.release();
    this.#writer = undefined;
  }

  /** The writer, behind the source up to `source`. */
  copyTo(source: number): ByteWriter {
    let writer = this.#writer;
    if (writer === undefined) {
      const size = this.#body.length;
      writer = this.#writer = new ByteWriter(this.#batch.pool.lease(size + (size >> 3) + headroomBytes));
    }
    writer.copy(this.#body, this.#view, this.#source, source);
    this.#source = source;
    return writer;
  }

  /** Leaves out the source up to `source`; what was before the range must have been copied. */
  skipTo(source: number): void {
    this.#source = source;
    this.edits++;
  }

  /** Leaves out `[start, end)`. */
  remove(start: number, end: number): void {
    this.copyTo(start);
    this.skipTo(end);
  }

  /** Where the byte at `source` will be, when everything up to there is copied. */
  placeOf(source: number): number {
    return (this.#writer?.position ?? 0) + source - this.#source;
  }

  /** Replaces an item by its edited form: its tag is at `start`, its content at `[content, end)`. */
  replaceItem(start: number, content: number, end: number, item: Item): void {
    this.appendItem(this.copyTo(start), this.#body[start], content - start - 1, item);
    this.skipTo(end);
  }

  /** Writes an item under a tag; `width` is the likely width of its length. */
  appendItem(writer: ByteWriter, tag: number, width: number, item: Item): void {
    writer.room(1 + width);
    writer.buffer[writer.position] = tag;
    const lengthAt = writer.position + 1;
    writer.position = lengthAt + width;
    splice(item.tape, writer);
    writer.patchLength(lengthAt, width);
    this.edits++;
  }

  /** The finished bytes; undefined when the old batch stands. The caller takes the lease over. */
  finish(): { lease: Lease; sizeBytes: number } | undefined {
    if (this.edits === 0) return undefined;
    const writer = this.copyTo(this.#body.length);
    this.#writer = undefined;
    return { lease: writer.lease as Lease, sizeBytes: writer.position };
  }
}
