import { ByteWriter } from '@millrace/wire';
import type { BufferPool, Lease } from '@millrace/wire';
import { Headers } from './headers.ts';
import { larger } from './larger.ts';
import type { SpanCursor } from './span-cursor.ts';
import { varintSize } from './varint.ts';

const groupTag = 0x0a;
const childTag = 0x12;

const chunkBytes = 1 << 18;
/** A place is the number of a chunk and the offset in it in units of 8 bytes. Chunk 0 does not exist: place 0 is none. */
const unitShift = 3;
const offsetBits = 18 - unitShift;
const offsetMask = (1 << offsetBits) - 1;
const maxChunks = 2 ** (32 - offsetBits);

/** Before the bytes of a record: the place of the next record of the chain, the numbers of the headers, the length of the bytes. */
const recordBytes = 16;
const resourceWord = 1;
const scopeWord = 2;
const lengthWord = 3;

interface Chunk {
  readonly lease: Lease;
  readonly words: Int32Array;
  readonly writer: ByteWriter;
  /** Bytes of records that are still part of a chain. */
  live: number;
}

/**
 * Spans as the bytes they came in, in chains that grow one span at a time: behind one another in large leased chunks, with one small record
 * around neighbours that share resource and scope. A chunk goes back to the pool with the last chain in it.
 */
export class SpanStore {
  readonly #pool: BufferPool;
  readonly #resources = new Headers();
  readonly #scopes = new Headers();
  readonly #chunks: (Chunk | undefined)[] = [undefined];
  readonly #freeChunks: number[] = [];
  /** The chunk that is being filled, 0 for none. */
  #current = 0;
  /** The record that is being filled, which is the last one of its chunk. */
  #tail = 0;
  #tailChain = -1;
  #first = new Uint32Array(64);
  #last = new Uint32Array(64);
  #spans = new Uint32Array(64);
  #sizes = new Float64Array(64);
  /** Records of the chain that is being assembled: chunk, offset, length, resource, scope. */
  #parts = new Int32Array(5 * 64);

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Spans of a chain. */
  spans(chain: number): number {
    return chain < this.#spans.length ? this.#spans[chain] : 0;
  }

  /** Bytes of a chain as a request. */
  sizeBytes(chain: number): number {
    return chain < this.#sizes.length ? this.#sizes[chain] : 0;
  }

  /** Bytes of the store beside its leases. */
  get stateBytes(): number {
    return this.#first.length * 20 + this.#resources.sizeBytes + this.#scopes.sizeBytes;
  }

  /** Appends a copy of the span that the cursor is at. Chains are small numbers; one begins with its first span. */
  append(chain: number, cursor: SpanCursor): void {
    if (chain >= this.#first.length) this.#grow(chain + 1);
    const { buffer, view, start, end } = cursor;
    const length = end - start;
    const resource = this.#resources.add(cursor.resource, buffer);
    const scope = this.#scopes.add(cursor.scope, buffer);
    let chunk = this.#chunks[this.#current];
    let word = this.#tail;
    this.#spans[chain]++;
    this.#sizes[chain] += length;
    if (
      chunk === undefined ||
      this.#tailChain !== chain ||
      chunk.words[word + resourceWord] !== resource ||
      chunk.words[word + scopeWord] !== scope ||
      chunk.writer.position + length > chunk.writer.buffer.length
    ) {
      chunk = this.#begin(chain, resource, scope, length);
      word = this.#tail;
    }
    chunk.words[word + lengthWord] += length;
    chunk.live += length;
    chunk.writer.copy(buffer, view, start, end);
  }

  /** Starts a record with room for a span. */
  #begin(chain: number, resource: number, scope: number, length: number): Chunk {
    let chunk = this.#chunks[this.#current];
    if (chunk !== undefined) {
      const { writer } = chunk;
      writer.position = (writer.position + 7) & ~7;
      // A chunk can be larger for the sake of one span; places do not reach into what is left of it.
      if (writer.position >= chunkBytes || writer.position + recordBytes + length > writer.buffer.length) chunk = undefined;
    }
    chunk ??= this.#open(recordBytes + length);
    const { writer, words } = chunk;
    const place = this.#current * 2 ** offsetBits + (writer.position >>> unitShift);
    const word = writer.position >>> 2;
    const last = this.#last[chain];
    let isSameResource = false;
    let isSameScope = false;
    if (last === 0) this.#first[chain] = place;
    else {
      const before = this.#chunks[last >>> offsetBits]!.words;
      const at = (last & offsetMask) << 1;
      before[at] = place;
      isSameResource = before[at + resourceWord] === resource;
      isSameScope = isSameResource && before[at + scopeWord] === scope;
    }
    this.#last[chain] = place;
    words[word] = 0;
    words[word + resourceWord] = resource;
    words[word + scopeWord] = scope;
    words[word + lengthWord] = 0;
    this.#resources.retain(resource);
    this.#scopes.retain(scope);
    // The lengths around are counted with two bytes each.
    if (!isSameScope) this.#sizes[chain] += this.#scopes.bytes(scope).length + 3;
    if (!isSameResource) this.#sizes[chain] += this.#resources.bytes(resource).length + 3;
    writer.position += recordBytes;
    chunk.live += recordBytes;
    this.#tail = word;
    this.#tailChain = chain;
    return chunk;
  }

  #open(sizeBytes: number): Chunk {
    if (this.#freeChunks.length === 0 && this.#chunks.length === maxChunks) throw new RangeError('no place for more spans');
    const lease = this.#pool.lease(Math.max(sizeBytes, chunkBytes));
    const { buffer } = lease;
    const words = new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length >>> 2);
    const chunk: Chunk = { lease, words, writer: new ByteWriter(lease), live: 0 };
    const number = this.#freeChunks.pop() ?? this.#chunks.length;
    this.#chunks[number] = chunk;
    this.#current = number;
    return chunk;
  }

  #close(number: number): void {
    this.#chunks[number]!.lease.release();
    this.#chunks[number] = undefined;
    this.#freeChunks.push(number);
    if (this.#current === number) {
      this.#current = 0;
      this.#tailChain = -1;
    }
  }

  /** Appends a chain to `out` as ResourceSpans, its spans in their order; returns how many ResourceSpans. */
  assemble(chain: number, out: ByteWriter): number {
    if (this.spans(chain) === 0) return 0;
    const count = this.#gather(this.#first[chain]);
    const parts = this.#parts;
    let groups = 0;
    for (let at = 0; at < count;) {
      const resource = parts[at + 3];
      let end = at;
      let size = this.#resources.bytes(resource).length;
      while (end < count && parts[end + 3] === resource) {
        const scopeEnd = this.#scopeEnd(end, count);
        const scopeSize = this.#scopeSize(end, scopeEnd);
        size += 1 + varintSize(scopeSize) + scopeSize;
        end = scopeEnd;
      }
      out.byte(groupTag);
      out.varint(size);
      out.bytes(this.#resources.bytes(resource));
      while (at < end) at = this.#assembleScope(at, count, out);
      groups++;
    }
    return groups;
  }

  #assembleScope(at: number, count: number, out: ByteWriter): number {
    const parts = this.#parts;
    const end = this.#scopeEnd(at, count);
    out.byte(childTag);
    out.varint(this.#scopeSize(at, end));
    out.bytes(this.#scopes.bytes(parts[at + 4]));
    for (; at < end; at += 5) {
      const { buffer, view } = this.#chunks[parts[at]]!.writer;
      out.copy(buffer, view, parts[at + 1], parts[at + 1] + parts[at + 2]);
    }
    return end;
  }

  /** Where the parts of the same resource and scope end. */
  #scopeEnd(at: number, count: number): number {
    const parts = this.#parts;
    let end = at + 5;
    while (end < count && parts[end + 3] === parts[at + 3] && parts[end + 4] === parts[at + 4]) end += 5;
    return end;
  }

  #scopeSize(at: number, end: number): number {
    const parts = this.#parts;
    let size = this.#scopes.bytes(parts[at + 4]).length;
    for (; at < end; at += 5) size += parts[at + 2];
    return size;
  }

  #gather(first: number): number {
    let count = 0;
    for (let place = first; place !== 0; count += 5) {
      if (count === this.#parts.length) this.#parts = larger(this.#parts, 2 * count);
      const parts = this.#parts;
      const { words } = this.#chunks[place >>> offsetBits]!;
      const word = (place & offsetMask) << 1;
      parts[count] = place >>> offsetBits;
      parts[count + 1] = 4 * word + recordBytes;
      parts[count + 2] = words[word + lengthWord];
      parts[count + 3] = words[word + resourceWord];
      parts[count + 4] = words[word + scopeWord];
      place = words[word] >>> 0;
    }
    return count;
  }

  /** Forgets the spans of a chain. */
  clear(chain: number): void {
    if (this.spans(chain) === 0) return;
    for (let place = this.#first[chain]; place !== 0;) {
      const number = place >>> offsetBits;
      const chunk = this.#chunks[number]!;
      const word = (place & offsetMask) << 1;
      place = chunk.words[word] >>> 0;
      this.#resources.release(chunk.words[word + resourceWord]);
      this.#scopes.release(chunk.words[word + scopeWord]);
      chunk.live -= recordBytes + chunk.words[word + lengthWord];
      if (chunk.live === 0) this.#close(number);
    }
    this.#first[chain] = this.#last[chain] = this.#spans[chain] = this.#sizes[chain] = 0;
    if (this.#tailChain === chain) this.#tailChain = -1;
  }

  #grow(length: number): void {
    const capacity = Math.max(length, 2 * this.#first.length);
    this.#first = larger(this.#first, capacity);
    this.#last = larger(this.#last, capacity);
    this.#spans = larger(this.#spans, capacity);
    this.#sizes = larger(this.#sizes, capacity);
  }
}
