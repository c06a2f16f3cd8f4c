import { cutText, maxBytesOf } from './cut-text.ts';

/** JSON with its long texts cut. */
export interface CutJson {
  readonly text: string;
  /** Texts that were cut. */
  readonly parts: number;
  /** Bytes of the texts that were cut and stand in no map, which could say so. */
  readonly looseBytes: number;
}

/** JSON inside of JSON is looked into this deep. */
const deepest = 4;
const sizeMember = 'original_size';

interface Container {
  readonly isMap: boolean;
  /** Bytes of texts in it that were cut, those in lists below included. */
  cutBytes: number;
  hasSize: boolean;
  /** The key that was read last. */
  member: string;
}

/**
 * Cuts every text beyond `maxBytes` of UTF-8 in a JSON document, and adds to the map around it `original_size`, the bytes that its cut texts
 * had. Everything else stays as it is written, to the digit. Texts that hold JSON themselves are looked into. Undefined when it is no JSON.
 */
export function cutJson(json: string, maxBytes: number, depth = 0): CutJson | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
  } catch {
    return undefined;
  }
  return new Cutter(json, maxBytes, depth).run();
}

/** One pass over a document that is known to be JSON. */
class Cutter {
  readonly #json: string;
  readonly #maxBytes: number;
  readonly #depth: number;
  readonly #containers: Container[] = [];
  #output = '';
  #copied = 0;
  #parts = 0;
  #looseBytes = 0;

  constructor(json: string, maxBytes: number, depth: number) {
    this.#json = json;
    this.#maxBytes = maxBytes;
    this.#depth = depth;
  }

  run(): CutJson {
    const json = this.#json;
    for (let at = 0; at < json.length; at++) {
      switch (json[at]) {
        case '{':
        case '[':
          this.#containers.push({ isMap: json[at] === '{', cutBytes: 0, hasSize: false, member: '' });
          break;
        case '}':
        case ']':
          this.#close(at);
          break;
        case '"': {
          const end = endOfText(json, at);
          this.#text(at, end);
          at = end - 1;
          break;
        }
        default:
      }
    }
    return { text: this.#output + json.slice(this.#copied), parts: this.#parts, looseBytes: this.#looseBytes };
  }

  #text(start: number, end: number): void {
    const json = this.#json;
    const around = this.#containers.at(-1)!;
    let next = end;
    while (isSpace(json.charCodeAt(next))) next++;
    if (around.isMap && json[next] === ':') {
      around.member = json.slice(start + 1, end - 1);
      around.hasSize ||= around.member === sizeMember;
      return;
    }
    const maxBytes = around.isMap ? maxBytesOf(around.member, this.#maxBytes) : this.#maxBytes;
    // A character takes at most three bytes, an escape at least two characters.
    if ((end - start - 2) * 3 <= maxBytes) return;
    const text = JSON.parse(json.slice(start, end)) as string;
    const sizeBytes = Buffer.byteLength(text);
    if (sizeBytes <= maxBytes) return;
    const inner =
      this.#depth < deepest && (text[0] === '{' || text[0] === '[') ? cutJson(text, this.#maxBytes, this.#depth + 1) : undefined;
    if (inner !== undefined && inner.parts === 0) return;
    this.#replace(start, end, JSON.stringify(inner?.text ?? cutText(text, maxBytes)));
    this.#parts += inner?.parts ?? 1;
    around.cutBytes += inner === undefined ? sizeBytes : inner.looseBytes;
  }

  #close(at: number): void {
    const { isMap, cutBytes, hasSize } = this.#containers.pop()!;
    if (cutBytes === 0) return;
    if (isMap) {
      if (!hasSize) this.#replace(at, at, `,"${sizeMember}":${cutBytes}`);
      return;
    }
    const around = this.#containers.at(-1);
    if (around === undefined) this.#looseBytes += cutBytes;
    else around.cutBytes += cutBytes;
  }

  #replace(start: number, end: number, by: string): void {
    this.#output += this.#json.slice(this.#copied, start) + by;
    this.#copied = end;
  }
}

function endOfText(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
