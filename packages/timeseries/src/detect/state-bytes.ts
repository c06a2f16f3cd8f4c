const damaged = 'the state of the detector is cut or damaged';

/** Writes arrays of numbers one after the other into bytes that `StateReader` reads back exactly. */
export class StateWriter {
  readonly #parts: Uint8Array[] = [];

  array(values: Float64Array | Float32Array | Uint8Array): void {
    this.#parts.push(
      new Uint8Array(Uint16Array.of(values.length).buffer),
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

/** Reads what `StateWriter` wrote. Every method throws an Error when the bytes end too early or an array is longer than it may be. */
export class StateReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Reads as many numbers as the array has. */
  fill(into: Float64Array | Float32Array): void {
    const values = into instanceof Float64Array ? this.float64(into.length) : this.float32(into.length);
    if (values.length !== into.length) throw new Error(damaged);
    into.set(values);
  }

  float64(maxLength: number): Float64Array {
    return new Float64Array(this.#copy(8, maxLength));
  }

  float32(maxLength: number): Float32Array {
    return new Float32Array(this.#copy(4, maxLength));
  }

  uint8(maxLength: number): Uint8Array {
    return new Uint8Array(this.#copy(1, maxLength));
  }

  /** That nothing is left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new Error(damaged);
  }

  #copy(elementBytes: number, maxLength: number): ArrayBuffer {
    const length = this.#bytes[this.#at] | (this.#bytes[this.#at + 1] << 8);
    const start = this.#at + 2;
    this.#at = start + length * elementBytes;
    if (length > maxLength || this.#at > this.#bytes.length) throw new Error(damaged);
    return this.#bytes.slice(start, this.#at).buffer;
  }
}
