import { ByteWriter } from '@millrace/wire';

/** Bytes that a symbol takes besides its text, roughly. */
const symbolBytes = 150;

/**
 * Texts by number: the number of a text stays the same, and in each request it has a reference, which it gets when it is used for the first
 * time. Reference 0 is the empty text.
 */
export class SymbolTable {
  keptBytes = 0;
  readonly #ids = new Map<string, number>();
  readonly #texts: Buffer[] = [];
  #refs = new Uint32Array(256);
  /** The request for which the reference holds. */
  #requests = new Uint32Array(256);
  #request = 0;
  #used = 0;
  readonly #bytes = new ByteWriter();

  constructor() {
    this.id('');
  }

  id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#texts.length;
      const bytes = Buffer.from(text);
      this.#ids.set(text, id);
      this.#texts.push(bytes);
      this.keptBytes += bytes.length + symbolBytes;
      if (id === this.#refs.length) {
        this.#refs = grown(this.#refs);
        this.#requests = grown(this.#requests);
      }
    }
    return id;
  }

  /** Starts a request. */
  begin(): void {
    this.#request++;
    this.#used = 0;
    this.#bytes.position = 0;
    this.ref(0);
  }

  ref(id: number): number {
    if (this.#requests[id] === this.#request) return this.#refs[id]!;
    this.#requests[id] = this.#request;
    return (this.#refs[id] = this.#append(this.#texts[id]!));
  }

  /** The reference of a text that is not worth keeping. */
  refOnce(text: string): number {
    return this.#append(Buffer.from(text));
  }

  /** The `symbols` of the request, as fields of the message. Overwritten by the next request. */
  get bytes(): Buffer {
    return this.#bytes.buffer.subarray(0, this.#bytes.position);
  }

  #append(text: Buffer): number {
    const bytes = this.#bytes;
    bytes.byte(0x22);
    bytes.varint(text.length);
    bytes.bytes(text);
    return this.#used++;
  }
}

function grown(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
