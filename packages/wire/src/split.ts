import { type Batch, createBatch } from './batch.ts';
import type { Lease } from './buffer-pool.ts';
import { copyAll } from './copy-bytes.ts';
import { childOf, flags, requestRow, table } from './schema-table.ts';
import { readVarint, skipValue, varintSize, writeVarint } from './varint.ts';

/** Upper bounds for each part; an absent one does not bound. */
export interface SplitLimit {
  /** At least 1. */
  readonly items?: number;
  /** Bytes of the encoded request, at least 1. */
  readonly bytes?: number;
}

/** A message that is being read and has items below it: the request, a resource, a scope, a metric, its data. */
interface Container {
  readonly row: number;
  /** Its field in its parent: one byte. */
  readonly tag: number;
  readonly start: number;
  readonly end: number;
  /** Starts and ends of the ranges that are no children; they are repeated in every part that the container reaches. */
  readonly header: readonly number[];
  readonly headerBytes: number;
  /** Length of its content in the current part when all its open children are closed; -1 before its first unit there. */
  bytes: number;
  /** Where its content starts in the current part, and how many bytes are left free for its length. */
  contentAt: number;
  lengthBytes: number;
}

/** Headers may make all parts together so many times larger than the batch, and so many bytes more, before the splitting ends. */
const largestGrowth = { factor: 8, bytes: 16 * 1024 * 1024 };

/** Bytes of a message with its length and its one-byte tag. */
const fieldBytes = (contentBytes: number): number => 1 + varintSize(contentBytes) + contentBytes;

/** Goes once over the units of a batch (items, and messages without any item below them, which are never cut) and copies them into parts. */
class Splitter {
  readonly parts: Batch[] = [];
  readonly #batch: Batch;
  readonly #source: Buffer;
  readonly #limitItems: number;
  readonly #limitBytes: number;
  /** About the size of a part. */
  readonly #expectedBytes: number;
  /** Bytes that further parts may take. */
  #allowance: number;
  /** From the request down to the innermost container. */
  readonly #open: Container[] = [];
  // The current part.
  #lease: Lease | undefined;
  #out: Buffer = Buffer.alloc(0);
  #at = 0;
  #units = 0;
  #items = 0;
  /** Units at the end of the part that are neighbours in the source too and not copied yet. */
  #runStart = 0;
  #runEnd = 0;

  constructor(batch: Batch, limitItems: number, limitBytes: number) {
    this.#batch = batch;
    this.#source = batch.bytes;
    this.#limitItems = limitItems;
    this.#limitBytes = limitBytes;
    const share = (batch.sizeBytes * limitItems) / Math.max(1, batch.items);
    this.#expectedBytes = Math.min(batch.sizeBytes, limitBytes, share * 1.1);
    this.#allowance = batch.sizeBytes * largestGrowth.factor + largestGrowth.bytes;
  }

  run(): void {
    try {
      this.#read(requestRow[this.#batch.signal], 0, 0, this.#source.length);
      if (this.#units > 0) this.#finish();
    } catch (error) {
      this.#lease?.release();
      throw error;
    }
  }

  /** The end of the field at `at`. */
  #skip(at: number): number {
    const tag = readVarint(this.#source, at);
    return skipValue(this.#source, at + varintSize(tag), tag & 7);
  }

  #entry(row: number, at: number): number {
    const tag = this.#source[at]!;
    return tag < 128 ? table[(row << 8) | tag]! : 0;
  }

  #hasItems(row: number, start: number, end: number): boolean {
    for (let at = start, next = 0; at < end; at = next) {
      next = this.#skip(at);
      const entry = this.#entry(row, at);
      if ((entry & flags.item) !== 0) return true;
      if ((entry & flags.child) !== 0 && this.#hasItems(childOf(entry), next - readVarint(this.#source, at + 1), next)) return true;
    }
    return false;
  }

  #read(row: number, tag: number, start: number, end: number): void {
    const header: number[] = [];
    let headerBytes = 0;
    for (let at = start, next = 0; at < end; at = next) {
      next = this.#skip(at);
      if ((this.#entry(row, at) & flags.child) !== 0) continue;
      headerBytes += next - at;
      if (header.at(-1) === at) header[header.length - 1] = next;
      else header.push(at, next);
    }
    const container: Container = { row, tag, start, end, header, headerBytes, bytes: -1, contentAt: 0, lengthBytes: 0 };
    this.#open.push(container);
    for (let at = start, next = 0; at < end; at = next) {
      next = this.#skip(at);
      const entry = this.#entry(row, at);
      if ((entry & flags.child) === 0) continue;
      const contentAt = next - readVarint(this.#source, at + 1);
      const isItem = (entry & flags.item) !== 0;
      if (isItem || !this.#hasItems(childOf(entry), contentAt, next)) this.#unit(at, next, isItem);
      else this.#read(childOf(entry), this.#source[at]!, contentAt, next);
    }
    this.#flush();
    if (container.bytes >= 0 && this.#open.length > 1) this.#close(container);
    this.#open.pop();
  }

  #unit(start: number, end: number, isItem: boolean): void {
    const full =
      (isItem && this.#items >= this.#limitItems) || (this.#limitBytes < Infinity && this.#grow(end - start, false) > this.#limitBytes);
    if (full && this.#units > 0 && this.#allowance > 0) this.#finish();
    const first = this.#open.findIndex((container) => container.bytes < 0);
    this.#grow(end - start, true);
    if (first >= 0) this.#begin(first);
    if (this.#runEnd !== start) {
      this.#flush();
      this.#runStart = start;
    }
    this.#runEnd = end;
    this.#units++;
    if (isItem) this.#items++;
  }

  /** Size of the part with a unit of so many bytes more in the innermost container. */
  #grow(unitBytes: number, commit: boolean): number {
    let more = unitBytes;
    for (let level = this.#open.length - 1; ; level--) {
      const container = this.#open[level]!;
      const isOpen = container.bytes >= 0;
      const before = isOpen ? container.bytes : container.headerBytes;
      const after = before + more;
      if (commit) container.bytes = after;
      if (level === 0) return after;
      more = isOpen ? fieldBytes(after) - fieldBytes(before) : fieldBytes(after);
    }
  }

  /** Writes the starts and headers of the open containers from a level on. */
  #begin(level: number): void {
    this.#flush();
    if (this.#lease === undefined) {
      this.#lease = this.#batch.pool.lease(this.#expectedBytes);
      this.#out = this.#lease.buffer;
    }
    for (; level < this.#open.length; level++) {
      const container = this.#open[level]!;
      this.#room(container.headerBytes + 6);
      if (level > 0) {
        this.#out[this.#at++] = container.tag;
        container.lengthBytes = varintSize(Math.min(container.end - container.start, this.#expectedBytes));
        this.#at += container.lengthBytes;
      }
      container.contentAt = this.#at;
      for (let i = 0; i < container.header.length; i += 2) this.#copy(container.header[i]!, container.header[i + 1]!);
    }
  }

  #close({ bytes, contentAt, lengthBytes }: Container): void {
    const width = varintSize(bytes);
    if (width !== lengthBytes) {
      this.#room(width);
      this.#out.copyWithin(contentAt - lengthBytes + width, contentAt, this.#at);
      this.#at += width - lengthBytes;
    }
    writeVarint(this.#out, contentAt - lengthBytes, bytes);
  }

  #flush(): void {
    this.#copy(this.#runStart, this.#runEnd);
    this.#runStart = this.#runEnd = 0;
  }

  #copy(start: number, end: number): void {
    if (start === end) return;
    this.#room(end - start);
    copyAll(this.#out, this.#at, this.#source.subarray(start, end));
    this.#at += end - start;
  }

  #room(sizeBytes: number): void {
    if (this.#at + sizeBytes <= this.#out.length) return;
    this.#lease!.grow(this.#at + sizeBytes, this.#at);
    this.#out = this.#lease!.buffer;
  }

  /** Makes what was read since the last part one. */
  #finish(): void {
    this.#flush();
    for (let level = this.#open.length - 1; level > 0; level--) if (this.#open[level]!.bytes >= 0) this.#close(this.#open[level]!);
    for (const container of this.#open) container.bytes = -1;
    this.parts.push(createBatch(this.#batch.signal, this.#lease!, 0, this.#at, this.#items, this.#batch.client));
    this.#lease = undefined;
    this.#allowance -= this.#at;
    this.#at = 0;
    this.#units = 0;
    this.#items = 0;
  }
}

/**
 * Splits a batch at item borders into parts within the limit, items in order. Resource, scope, metric without its points, schema URLs and
 * unknown fields of these are repeated in each part. Only a part that holds one item, or one message without items, may exceed `bytes`. A batch
 * within the limit, and any batch of profiles, comes back as one `hold()`. The parts are the caller's to release, and so is the batch still.
 *
 * Headers that outweigh the items are not repeated without end: when all parts together come to 8 times the batch plus 16 MiB, the rest is
 * one last part, whatever its size.
 *
 * @throws RangeError for a limit below 1.
 */
export function split(batch: Batch, limit: SplitLimit): Batch[] {
  const { items = Infinity, bytes = Infinity } = limit;
  if (!(items >= 1 && bytes >= 1)) throw new RangeError(`split limits must be at least 1: ${items} items, ${bytes} bytes`);
  if (batch.signal === 'profiles' || (batch.items <= items && batch.sizeBytes <= bytes)) return [batch.hold()];
  const splitter = new Splitter(batch, items, bytes);
  try {
    splitter.run();
  } catch (error) {
    for (const part of splitter.parts) part.release();
    throw error;
  }
  return splitter.parts.length > 0 ? splitter.parts : [batch.hold()];
}
