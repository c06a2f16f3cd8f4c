/** HTTP/2 frame types that a unary gRPC exchange needs (RFC 9113, section 6). */
export const frameType = { data: 0, headers: 1, resetStream: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;

export const endStreamFlag = 1;
export const endHeadersFlag = 4;
export const ackFlag = 1;
export const clientPreface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** The largest flow-control window. */
export const largestWindow = 0x7fffffff;
/** The window that both sides start with. */
export const initialWindow = 65_535;

/** One whole frame. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  bytes.set(payload, 9);
  return bytes;
}

/** A SETTINGS frame of [identifier, value] pairs. */
export function settingsFrame(...settings: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * 6);
  for (const [i, [identifier, value]] of settings.entries()) {
    payload.writeUInt16BE(identifier, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  }
  return frame(frameType.settings, 0, 0, payload);
}

/** A WINDOW_UPDATE frame. */
export function windowUpdateFrame(streamId: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(frameType.windowUpdate, 0, streamId, payload);
}

/** HPACK: a header that stands whole in the static table. */
export function indexedHeader(index: number): Buffer {
  return Buffer.from([0x80 | index]);
}

/** HPACK: a literal header without indexing or Huffman coding, both texts shorter than 127 bytes. */
export function literalHeader(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);
}

/** What a frame reader calls. Payload pieces are valid during the call only. */
export interface FrameHandler {
  /** A piece of a DATA frame; `last` on its last piece. */
  onData(streamId: number, chunk: Buffer, start: number, end: number, last: boolean, endStream: boolean): void;
  /** Any other frame, whole. */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void;
}

/** Reads frames from the chunks of one connection. DATA is passed on in the pieces that arrive, so that nothing is copied here. */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #header = Buffer.alloc(9);
  #headerFilled = 0;
  #skip: number;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #left = 0;
  #inFrame = false;
  #payload: Buffer = Buffer.alloc(0);

  /** `skip` is the number of bytes before the first frame: 24 for a server, which is sent the preface. */
  constructor(handler: FrameHandler, skip: number) {
    this.#handler = handler;
    this.#skip = skip;
  }

  read(chunk: Buffer): void {
    let position = Math.min(this.#skip, chunk.length);
    this.#skip -= position;
    while (position < chunk.length) {
      if (!this.#inFrame) {
        position += this.#readHeader(chunk, position);
        if (!this.#inFrame) return;
      }
      const size = Math.min(this.#left, chunk.length - position);
      this.#left -= size;
      const last = this.#left === 0;
      if (this.#type === frameType.data) {
        this.#handler.onData(this.#streamId, chunk, position, position + size, last, last && (this.#flags & endStreamFlag) !== 0);
      } else {
        chunk.copy(this.#payload, this.#payload.length - this.#left - size, position, position + size);
        if (last) this.#handler.onFrame(this.#type, this.#flags, this.#streamId, this.#payload);
      }
      position += size;
      if (last) this.#inFrame = false;
    }
  }

  #readHeader(chunk: Buffer, position: number): number {
    const size = Math.min(9 - this.#headerFilled, chunk.length - position);
    chunk.copy(this.#header, this.#headerFilled, position, position + size);
    this.#headerFilled += size;
    if (this.#headerFilled < 9) return size;
    this.#headerFilled = 0;
    this.#left = this.#header.readUIntBE(0, 3);
    this.#type = this.#header[3]!;
    this.#flags = this.#header[4]!;
    this.#streamId = this.#header.readUInt32BE(5) & 0x7fffffff;
    this.#inFrame = true;
    if (this.#type !== frameType.data) this.#payload = Buffer.allocUnsafe(this.#left);
    return size;
  }
}
