import type { Lease } from '../buffer-pool.ts';
import type { Batch } from '../batch.ts';
import { ByteWriter } from './byte-writer.ts';
import type { HeaderVersion } from './header.ts';
import type { Item } from './item.ts';
import type { Memory } from './memory.ts';
import { skipField } from './scan.ts';
import { varintSize } from '../varint.ts';

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

  /** Replaces an item at `[start, end)` by its edited form. */
  replaceItem(start: number, end: number, item: Item): void {
    this.appendItem(this.copyTo(start), this.#body[start], varintSize(end - start), item);
    this.skipTo(end);
  }

  /** Writes an item under a tag; `width` is the likely width of its length. */
  appendItem(writer: ByteWriter, tag: number, width: number, item: Item): void {
    writer.room(1 + width);
    writer.buffer[writer.position] = tag;
    const lengthAt = writer.position + 1;
    writer.position = lengthAt + width;
    item.tape.splice(writer);
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

/**
 * A message around items: ResourceSpans, ScopeSpans, Metric, a metric's data. It is opened in the output when its first child is kept, with
 * the header that it has then; one that lost all its children is left out, one that never had any stays.
 */
export class Container {
  readonly #output: Output;
  readonly #parent: Container | undefined;
  readonly #childTag: number;
  #body!: Buffer;
  /** Address of the field's tag, of its content, and its end. */
  start = 0;
  content = 0;
  end = 0;
  /** Children in the source. */
  children = 0;
  /** The header as it will be written, where it stands, and whether it is a field of its own. */
  header: HeaderVersion | undefined;
  headerStart = 0;
  headerEnd = 0;
  headerTag = 0;
  /** The header is edited by the hooks of items, so it is written when the container is left. */
  lateHeader = false;
  #opened = false;
  #lengthAt = 0;
  #headerAt = 0;
  #editsBefore = 0;
  /** Children were removed before the container was opened. */
  #removed = false;

  constructor(output: Output, parent: Container | undefined, childTag: number) {
    this.#output = output;
    this.#parent = parent;
    this.#childTag = childTag;
  }

  enter(body: Buffer, start: number, content: number, end: number): void {
    this.#body = body;
    this.start = start;
    this.content = content;
    this.end = end;
    this.children = 0;
    this.#opened = false;
    this.#removed = false;
  }

  /** A child at `[start, end)` is dropped. */
  removeChild(start: number, end: number): void {
    if (this.#opened) this.#output.remove(start, end);
    else this.#removed = true;
  }

  /** The child at `child` is kept (`end` of the container: there is none). */
  open(child: number): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#parent?.open(this.start);
    const output = this.#output;
    this.#lengthAt = output.placeOf(this.start + 1);
    this.#editsBefore = output.edits;
    const { header } = this;
    if (header !== undefined) {
      this.#headerAt = output.placeOf(this.headerStart);
      if (!this.lateHeader && header.tape.edits > 0) {
        const writer = output.copyTo(this.headerStart);
        this.#writeHeader(writer, header);
        output.skipTo(this.headerEnd);
      }
    }
    if (!this.#removed) return;
    const b = this.#body;
    for (let p = header === undefined ? this.content : this.headerEnd; p < child;) {
      const next = skipField(b, p);
      if (b[p] === this.#childTag) output.remove(p, next);
      p = next;
    }
  }

  #writeHeader(writer: ByteWriter, header: HeaderVersion): void {
    if (this.headerTag === 0) {
      header.tape.splice(writer);
      return;
    }
    const at = writer.begin(this.headerTag);
    header.tape.splice(writer);
    writer.end(at);
  }

  /** The container is left. `dropped`: some visitor does not want it. Returns whether it stays. */
  close(dropped: boolean): boolean {
    if (!this.#opened) {
      if (dropped || this.children > 0) {
        this.#remove();
        return false;
      }
      this.open(this.end);
    }
    const output = this.#output;
    if (this.lateHeader && this.header !== undefined && this.header.tape.edits > 0) this.#insertHeader(this.header);
    if (output.edits === this.#editsBefore) return true;
    const writer = output.copyTo(this.end);
    writer.patchLength(this.#lengthAt, this.content - this.start - 1);
    return true;
  }

  #remove(): void {
    if (this.#parent === undefined) this.#output.remove(this.start, this.end);
    else this.#parent.removeChild(this.start, this.end);
  }

  /** Puts the header before what is already written. */
  #insertHeader(header: HeaderVersion): void {
    const output = this.#output;
    const writer = output.copyTo(this.end);
    output.edits++;
    const { scratch } = header.memory;
    const from = scratch.position;
    this.#writeHeader(scratch, header);
    writer.replace(this.#headerAt, this.headerEnd - this.headerStart, scratch.buffer, from, scratch.position);
    scratch.position = from;
  }
}
