import type { HeaderVersion } from './header.ts';
import type { Output } from './output.ts';
import { ByteWriter } from './byte-writer.ts';
import { skipField } from './scan.ts';
import { splice } from './splice.ts';
import { writeSchemaUrl } from './schema-url.ts';

/** Fields of a container that are neither header nor children and are written anew at its end. */
export interface ContainerExtra {
  hides(tag: number): boolean;
  hidesSome(): boolean;
  write(output: Output, end: number): void;
}

/**
 * A message around items: ResourceSpans, ScopeSpans, Metric, a metric's data. It is opened in the output when its first child is kept, with
 * the header that it has then; one that lost all its children is left out, one that never had any stays.
 */
export class Container {
  readonly #output: Output;
  readonly #parent: Container | undefined;
  readonly #childTag: number;
  readonly #level: { readonly latest: HeaderVersion } | undefined;
  readonly #extra: ContainerExtra | undefined;
  /** The child that it was opened for. */
  #firstChild = 0;
  #body!: Buffer;
  /** Address of the field's tag, of its content, and its end. */
  start = 0;
  content = 0;
  end = 0;
  /** Children in the source. */
  children = 0;
  /** Where the header stands, and its tag when it is a field of its own. */
  headerStart = 0;
  headerEnd = 0;
  readonly #headerTag: number;
  readonly #lateHeader: boolean;
  #opened = false;
  #lengthAt = 0;
  #headerAt = 0;
  #editsBefore = 0;
  /** Children were removed before the container was opened. */
  #removed = false;

  /** `level`: the header as it will be written. `headerTag`: 0 when the header is no field of its own. `lateHeader`: the hooks of items edit it, so it is written when the container is left. */
  constructor(
    output: Output,
    parent: Container | undefined,
    childTag: number,
    level?: { readonly latest: HeaderVersion },
    headerTag = 0,
    lateHeader = false,
    extra?: ContainerExtra,
  ) {
    this.#extra = extra;
    this.#level = level;
    this.#headerTag = headerTag;
    this.#lateHeader = lateHeader;
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

  /** A field at `[start, end)` that is neither header nor child is passed. */
  pass(start: number, end: number): void {
    if (this.#opened && this.#hides(this.#body[start])) this.#output.remove(start, end);
  }

  /** Whether a field with this tag is left out, because another value stands elsewhere. */
  #hides(tag: number): boolean {
    return this.#extra?.hides(tag) ?? this.#level?.latest.hides(tag) ?? false;
  }

  get #hidesSome(): boolean {
    return this.#extra?.hidesSome() ?? this.#level?.latest.hidesSchemaUrl ?? false;
  }

  /** The child at `child` is kept (`end` of the container: there is none). */
  open(child: number): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#firstChild = child;
    this.#parent?.open(this.start);
    const output = this.#output;
    this.#lengthAt = output.placeOf(this.start + 1);
    this.#editsBefore = output.edits;
    const header = this.#level?.latest;
    if (header !== undefined) {
      this.#headerAt = output.placeOf(this.headerStart);
      if (!this.#lateHeader && header.isEdited) {
        const writer = output.copyTo(this.headerStart);
        this.#writeHeader(writer, header);
        output.skipTo(this.headerEnd);
      }
    }
    // Items that are still to come may hide more: then it is done when the container is left.
    const hidesNow = !this.#lateHeader && this.#hidesSome;
    if (!this.#removed && !hidesNow) return;
    const b = this.#body;
    for (let p = header === undefined ? this.content : this.headerEnd; p < child;) {
      const next = skipField(b, p);
      if (b[p] === this.#childTag || (hidesNow && this.#hides(b[p]))) output.remove(p, next);
      p = next;
    }
  }

  #writeHeader(writer: ByteWriter, header: HeaderVersion): void {
    if (this.#headerTag === 0) {
      splice(header.tape, writer);
      return;
    }
    if (header.tape.edits > 0 || this.headerEnd > this.headerStart) {
      const at = writer.begin(this.#headerTag);
      splice(header.tape, writer);
      writer.end(at);
    }
    writeSchemaUrl(writer, header.addedSchemaUrl);
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
    const header = this.#level?.latest;
    this.#extra?.write(output, this.end);
    if (this.#lateHeader && header === undefined && this.#hidesSome) this.#hideFront();
    if (this.#lateHeader && header?.isEdited === true) this.#insertHeader(header);
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
    let end = this.headerEnd;
    // What stood between the header and the first child was copied as it is, unless children were removed there.
    if (this.#hidesSome && !this.#removed) end = this.#copyVisible(scratch, end);
    writer.replace(this.#headerAt, end - this.headerStart, scratch.buffer, from, scratch.position);
    scratch.position = from;
  }

  /** Takes fields before the first child out of what is already written. */
  #hideFront(): void {
    if (this.#removed) return;
    const output = this.#output;
    const writer = output.copyTo(this.end);
    const visible = new ByteWriter();
    const end = this.#copyVisible(visible, this.content);
    writer.replace(this.#lengthAt + this.content - this.start - 1, end - this.content, visible.buffer, 0, visible.position);
    output.edits++;
  }

  /** Copies the fields from `start` to the first child that are not hidden; returns where they end. */
  #copyVisible(writer: ByteWriter, start: number): number {
    const b = this.#body;
    let p = start;
    while (p < this.#firstChild && b[p] !== this.#childTag) {
      const next = skipField(b, p);
      if (!this.#hides(b[p])) writer.bytes(b.subarray(p, next));
      p = next;
    }
    return p;
  }
}
