import { messagesPayload, type Payload } from '../payload.ts';
import { ProtoWriter } from '../proto-writer.ts';

/** Encodes messages one after the other into bodies of bounded size. */
export class MessageList {
  readonly #maxBytes: number;
  readonly #maxMessages: number;
  readonly #payloads: Payload[] = [];
  #writer: ProtoWriter = new ProtoWriter(64 * 1024);
  #ends: number[] = [];
  #items: number[] = [];
  #count = 0;

  constructor(maxBytes: number, maxMessages: number = Infinity) {
    this.#maxBytes = maxBytes;
    this.#maxMessages = maxMessages;
  }

  /** Appends a message; `items` are those that it is the first sign of. */
  append(items: number, write: (writer: ProtoWriter) => void): void {
    const before = this.#writer.length;
    write(this.#writer);
    if ((this.#writer.length > this.#maxBytes || this.#ends.length >= this.#maxMessages) && before > 0) {
      this.#writer.truncate(before);
      this.#close();
      write(this.#writer);
    }
    this.#count += items;
    this.#ends.push(this.#writer.length);
    this.#items.push(this.#count);
  }

  finish(): Payload[] {
    if (this.#ends.length > 0) this.#close();
    return this.#payloads;
  }

  #close(): void {
    this.#payloads.push(messagesPayload(this.#writer.bytes, this.#ends, this.#items));
    this.#writer = new ProtoWriter(64 * 1024);
    this.#ends = [];
    this.#items = [];
    this.#count = 0;
  }
}
