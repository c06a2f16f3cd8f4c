import type { ByteWriter } from '@millrace/wire';

/** Parts of a text and what takes their place, in the order of the text. */
export class Edits {
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly texts: string[] = [];

  get size(): number {
    return this.starts.length;
  }

  add(start: number, end: number, text: string): void {
    this.starts.push(start);
    this.ends.push(end);
    this.texts.push(text);
  }

  clear(): void {
    if (this.starts.length > 0) this.starts.length = this.ends.length = this.texts.length = 0;
  }

  /** Bytes of the text `[start, end)` with the edits. */
  sizeBytes(start: number, end: number): number {
    let size = end - start;
    for (let i = 0; i < this.starts.length; i++) size += Buffer.byteLength(this.texts[i]!) - (this.ends[i]! - this.starts[i]!);
    return size;
  }

  /** Writes the text `[start, end)` of `b` with the edits. */
  write(b: Buffer, view: DataView, start: number, end: number, writer: ByteWriter): void {
    let from = start;
    for (let i = 0; i < this.starts.length; i++) {
      writer.copy(b, view, from, this.starts[i]!);
      writer.text(this.texts[i]!);
      from = this.ends[i]!;
    }
    writer.copy(b, view, from, end);
  }

  /** The text `[start, end)` of `b` with the edits. */
  apply(b: Buffer, start: number, end: number): string {
    let text = '';
    let from = start;
    for (let i = 0; i < this.starts.length; i++) {
      text += b.utf8Slice(from, this.starts[i]) + this.texts[i]!;
      from = this.ends[i]!;
    }
    return text + b.utf8Slice(from, end);
  }
}
