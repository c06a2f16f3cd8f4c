import './buffer-methods.ts';
/** Size of the chunks of a sink that nobody chose another for. */
const defaultChunkBytes = 256 * 1024;

/** Where writers put bytes: a list of chunks of which the last one is being filled. Taken chunks that come back are used again. */
export class ByteSink {
  /** Bytes are handed on in chunks of about this size. */
  readonly chunkBytes: number;
  buffer: Buffer;
  length = 0;
  #chunks: Buffer[] = [];
  #chunksBytes = 0;
  readonly #free: Buffer[] = [];
  /** Memory that several chunks share: not used again. */
  readonly #shared = new WeakSet<ArrayBufferLike>();
  #heldFrom = -1;
  #heldBytes = 0;

  constructor(chunkBytes: number = defaultChunkBytes) {
    this.chunkBytes = chunkBytes;
    this.buffer = Buffer.allocUnsafeSlow(chunkBytes);
  }

  /** Makes room for `sizeBytes` more bytes in one piece. */
  reserve(sizeBytes: number): void {
    if (this.length + sizeBytes <= this.buffer.length) return;
    this.#close();
    const fresh = sizeBytes <= this.chunkBytes ? this.#free.pop() : undefined;
    this.buffer = fresh ?? Buffer.allocUnsafeSlow(Math.max(this.chunkBytes, sizeBytes));
  }

  /** Writes text as UTF-8. */
  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.buffer.utf8Write(text, this.length);
  }

  /** Bytes that can be taken. */
  get ready(): number {
    return this.#heldFrom >= 0 ? 0 : this.#chunksBytes + this.length;
  }

  /** From here on nothing can be taken until `release`. */
  hold(): void {
    this.#cut();
    this.#heldFrom = this.#chunks.length;
    this.#heldBytes = this.#chunksBytes;
  }

  /** Puts what `header` makes of the number of bytes written since `hold` before them. */
  release(header: (sizeBytes: number) => Buffer): void {
    this.#cut();
    const bytes = header(this.#chunksBytes - this.#heldBytes);
    this.#chunks.splice(this.#heldFrom, 0, bytes);
    this.#chunksBytes += bytes.length;
    this.#heldFrom = -1;
  }

  /** Takes all that is ready; it is the caller's until `recycle`. */
  take(): Buffer[] {
    if (this.#heldFrom >= 0) return [];
    this.#close();
    this.buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.chunkBytes);
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#chunksBytes = 0;
    return chunks;
  }

  /** Gives a taken chunk back. */
  recycle(chunk: Buffer): void {
    const { buffer } = chunk;
    if (buffer.byteLength === this.chunkBytes && this.#free.length < 4 && !this.#shared.has(buffer)) this.#free.push(Buffer.from(buffer));
  }

  #close(): void {
    if (this.length > 0) {
      this.#chunks.push(this.buffer.subarray(0, this.length));
      this.#chunksBytes += this.length;
    }
    this.length = 0;
  }

  /** Ends the chunk in the middle of its buffer. */
  #cut(): void {
    if (this.length === 0) return;
    const rest = this.buffer.subarray(this.length);
    this.#shared.add(rest.buffer);
    this.#close();
    this.buffer = rest;
  }
}
