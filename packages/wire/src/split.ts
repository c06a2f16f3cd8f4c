import { type Batch, createBatch } from './batch.ts';
import { childOf, flags, requestRow, table } from './schema-table.ts';
import { readVarint, skipValue, varintSize, writeVarint } from './varint.ts';

/** Upper bounds for each part; an absent one does not bound. */
export interface SplitLimit {
  /** At least 1. */
  readonly items?: number;
  /** Bytes of the encoded request, at least 1. */
  readonly bytes?: number;
}

/** Bytes of a message with its length and its one-byte tag. */
const fieldBytes = (contentBytes: number): number => 1 + varintSize(contentBytes) + contentBytes;

/**
 * A request as a list of units under containers. A unit is an item, or a message without any item below it: it is never cut. A container is
 * a message with units below it: the request, a resource, a scope, a metric, its data. What is no child of a container is its header and is
 * repeated in every part that the container reaches. Containers are numbered in the order in which they start, the request is 0.
 */
class Units {
  readonly #source: Buffer;
  // By unit.
  readonly start: number[] = [];
  readonly end: number[] = [];
  readonly container: number[] = [];
  readonly isItem: boolean[] = [];
  // By container.
  readonly parent: number[] = [];
  readonly tag: number[] = [];
  readonly headerBytes: number[] = [];
  readonly #headerFrom: number[] = [];
  /** Starts and ends of the ranges of all headers. */
  readonly #headers: number[] = [];

  constructor(batch: Batch) {
    this.#source = batch.bytes;
    this.#read(requestRow[batch.signal], 0, 0, 0, this.#source.length);
  }

  #read(row: number, parent: number, tag: number, start: number, end: number): void {
    const container = this.parent.length;
    this.parent.push(parent);
    this.tag.push(tag);
    this.#headerFrom.push(this.#headers.length);
    this.headerBytes.push(0);
    for (let at = start; at < end;) {
      const next = this.#skip(at);
      if ((this.#entry(row, at) & flags.child) === 0) {
        this.headerBytes[container]! += next - at;
        if (this.#headers.length > this.#headerFrom[container]! && this.#headers.at(-1) === at)
          this.#headers[this.#headers.length - 1] = next;
        else this.#headers.push(at, next);
      }
      at = next;
    }
    for (let at = start; at < end;) {
      const next = this.#skip(at);
      const entry = this.#entry(row, at);
      if ((entry & flags.item) !== 0) this.#unit(container, at, next, true);
      else if ((entry & flags.child) !== 0) {
        const contentAt = next - readVarint(this.#source, at + 1);
        const units = this.start.length;
        const containers = this.parent.length;
        this.#read(childOf(entry), container, this.#source[at]!, contentAt, next);
        if (this.start.length === units) {
          this.#forget(containers);
          this.#unit(container, at, next, false);
        }
      }
      at = next;
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

  #unit(container: number, start: number, end: number, isItem: boolean): void {
    this.container.push(container);
    this.start.push(start);
    this.end.push(end);
    this.isItem.push(isItem);
  }

  #forget(container: number): void {
    this.#headers.length = this.#headerFrom[container]!;
    for (const list of [this.parent, this.tag, this.headerBytes, this.#headerFrom]) list.length = container;
  }

  /** Copies the header of a container to `at` and returns where it ends. */
  copyHeader(container: number, target: Buffer, at: number): number {
    const to = this.#headerFrom[container + 1] ?? this.#headers.length;
    for (let i = this.#headerFrom[container]!; i < to; i += 2) {
      target.set(this.#source.subarray(this.#headers[i], this.#headers[i + 1]), at);
      at += this.#headers[i + 1]! - this.#headers[i]!;
    }
    return at;
  }

  /** Copies the units `[from, to)`, which are neighbours in one container. */
  copy(from: number, to: number, target: Buffer, at: number): number {
    target.set(this.#source.subarray(this.start[from], this.end[to - 1]), at);
    return at + this.end[to - 1]! - this.start[from]!;
  }
}

/** The part that is being filled: which units, and how long each container is in it. */
class Part {
  readonly #units: Units;
  /** By container: bytes of its content in this part; valid when `#part` is this part. */
  readonly #content: number[] = [];
  readonly #partOf: number[] = [];
  #part = 0;
  from = 0;
  items = 0;
  sizeBytes = 0;

  constructor(units: Units) {
    this.#units = units;
  }

  /** Size of the part with one unit more; `commit` adds the unit. */
  sizeWith(unit: number, commit: boolean): number {
    const { parent, headerBytes } = this.#units;
    let more = this.#units.end[unit]! - this.#units.start[unit]!;
    for (let container = this.#units.container[unit]!; ; container = parent[container]!) {
      const here = this.#partOf[container] === this.#part;
      const before = here ? this.#content[container]! : headerBytes[container]!;
      const after = before + more;
      if (commit) {
        this.#partOf[container] = this.#part;
        this.#content[container] = after;
      }
      if (container === 0) return after;
      more = here ? fieldBytes(after) - fieldBytes(before) : fieldBytes(after);
    }
  }

  add(unit: number): void {
    this.sizeBytes = this.sizeWith(unit, true);
    if (this.#units.isItem[unit]) this.items++;
  }

  /** Makes the units from `from` to `to` a batch and starts the next part. */
  finish(to: number, batch: Batch): Batch {
    const units = this.#units;
    const lease = batch.pool.lease(this.sizeBytes);
    const target = lease.buffer;
    let at = units.copyHeader(0, target, 0);
    let opened = 0;
    const open = (container: number): void => {
      if (container <= opened) return;
      open(units.parent[container]!);
      target[at++] = units.tag[container]!;
      at = writeVarint(target, at, this.#content[container]!);
      at = units.copyHeader(container, target, at);
      opened = container;
    };
    for (let unit = this.from; unit < to;) {
      const container = units.container[unit]!;
      open(container);
      let run = unit + 1;
      while (run < to && units.container[run] === container && units.start[run] === units.end[run - 1]) run++;
      at = units.copy(unit, run, target, at);
      unit = run;
    }
    const part = createBatch(batch.signal, lease, 0, at, this.items, batch.client);
    this.#part++;
    this.from = to;
    this.items = 0;
    this.sizeBytes = 0;
    return part;
  }
}

/**
 * Splits a batch at item borders into parts within the limit, items in order. Resource, scope, metric without its points, schema URLs and
 * unknown fields of these are repeated in each part. Only a part that holds one item, or one empty container, may exceed `bytes`. A batch within the limit, and any
 * batch of profiles, comes back as one `hold()`. The parts are the caller's to release, and so is the batch still.
 *
 * @throws RangeError for a limit below 1.
 */
export function split(batch: Batch, limit: SplitLimit): Batch[] {
  const { items = Infinity, bytes = Infinity } = limit;
  if (!(items >= 1 && bytes >= 1)) throw new RangeError(`split limits must be at least 1: ${items} items, ${bytes} bytes`);
  if (batch.signal === 'profiles' || (batch.items <= items && batch.sizeBytes <= bytes)) return [batch.hold()];
  const units = new Units(batch);
  const count = units.start.length;
  const part = new Part(units);
  const parts: Batch[] = [];
  try {
    for (let unit = 0; unit < count; unit++) {
      const full = (units.isItem[unit] && part.items + 1 > items) || (bytes < Infinity && part.sizeWith(unit, false) > bytes);
      if (full && unit > part.from) parts.push(part.finish(unit, batch));
      part.add(unit);
    }
    parts.push(parts.length === 0 ? batch.hold() : part.finish(count, batch));
  } catch (error) {
    for (const done of parts) done.release();
    throw error;
  }
  return parts;
}
