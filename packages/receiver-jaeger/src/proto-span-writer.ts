import type { ProtoReader } from '@millrace/trace-format';
import { ByteWriter } from '@millrace/wire';
import { AttributeTable, readSmall } from './attribute-table.ts';
import { kinds } from './jaeger-span.ts';
import { replaced } from './replaced.ts';
import { setSpanStatus, takeText } from './span-status.ts';

const two32 = 2 ** 32;
const nanosInSecond = 1_000_000_000;
/** A reference that was read: trace id, span id, 1 for child-of. */
const referenceBytes = 25;

/** The field `attributes` of a link. */
function refType(name: string): Buffer {
  const fields = [Buffer.from('opentracing.ref_type'), Buffer.from(name)] as const;
  const value = [0x0a, fields[1].length, ...fields[1]];
  const entry = [0x0a, fields[0].length, ...fields[0], 0x12, value.length, ...value];
  return Buffer.from([0x22, entry.length, ...entry]);
}

const childOfType = refType('child_of');
const followsFromType = refType('follows_from');

/** Writes one span after the other as OTLP's bytes, from the fields of an api_v2 Span (contrib's pkg/translator/jaeger). */
export class ProtoSpanWriter {
  /** The tags of the span. */
  readonly tags: AttributeTable = new AttributeTable(0x4a);
  readonly #fields = new AttributeTable(0x1a);
  readonly #events = new ByteWriter();
  readonly #references = new ByteWriter();
  readonly #output = new ByteWriter();
  /** Trace id and span id of the span, then those of a reference. */
  readonly #ids = new Uint8Array(48);
  #nameAt = 0;
  #nameEnd = 0;
  #startHigh = 0;
  #startLow = 0;
  #durationHigh = 0;
  #durationLow = 0;
  #high = 0;
  #low = 0;

  /** Begins a span. */
  clear(): void {
    this.tags.clear();
    this.#events.position = 0;
    this.#references.position = 0;
    this.#ids.fill(0);
    this.#nameAt = this.#nameEnd = 0;
    this.#startHigh = this.#startLow = this.#durationHigh = this.#durationLow = 0;
  }

  /** Reads the field of the span that the reader found; `view` is one of the reader's bytes. */
  readField(reader: ProtoReader, view: DataView): void {
    switch (reader.field) {
      case 1:
        this.#readTraceId(reader, 0);
        break;
      case 2:
        this.#readSpanId(reader, 16);
        break;
      case 3: {
        const outer = reader.enter();
        this.#nameAt = reader.position;
        this.#nameEnd = reader.end;
        reader.leave(outer);
        break;
      }
      case 4:
        this.#readReference(reader);
        break;
      case 6:
        this.#readTime(reader);
        this.#startHigh = this.#high;
        this.#startLow = this.#low;
        break;
      case 7:
        this.#readTime(reader);
        this.#durationHigh = this.#high;
        this.#durationLow = this.#low;
        break;
      case 8:
        this.tags.read(reader, view);
        break;
      case 9:
        this.#readLog(reader, view);
        break;
      default:
        reader.skip();
    }
  }

  /** 16 bytes; the 8 of an old client are the lower half. */
  #readTraceId(reader: ProtoReader, to: number): void {
    const at = reader.position;
    const outer = reader.enter();
    const { position, remaining } = reader;
    reader.leave(outer);
    if (remaining !== 16 && remaining !== 8) reader.fail('invalid length for TraceID', at);
    const ids = this.#ids;
    const blank = 16 - remaining;
    for (let i = 0; i < 16; i++) ids[to + i] = i < blank ? 0 : reader.bytes[position + i - blank]!;
  }

  #readSpanId(reader: ProtoReader, to: number): void {
    const at = reader.position;
    const outer = reader.enter();
    const { position, remaining } = reader;
    reader.leave(outer);
    if (remaining !== 8) reader.fail('invalid length for SpanID', at);
    for (let i = 0; i < 8; i++) this.#ids[to + i] = reader.bytes[position + i]!;
  }

  /** One without content says nothing. */
  #readReference(reader: ProtoReader): void {
    if (reader.bytes[reader.position] === 0) return reader.skip();
    let childOf = true;
    const outer = reader.enter();
    const ids = this.#ids;
    for (let i = 24; i < 48; i++) ids[i] = 0;
    while (reader.next()) {
      if (reader.field === 1) this.#readTraceId(reader, 24);
      else if (reader.field === 2) this.#readSpanId(reader, 40);
      else if (reader.field === 3) childOf = reader.int32() === 0;
      else reader.skip();
    }
    reader.leave(outer);
    appendId(this.#references, ids, 24, 24);
    this.#references.byte(childOf ? 1 : 0);
  }

  /** One without content says nothing. */
  #readLog(reader: ProtoReader, view: DataView): void {
    if (reader.bytes[reader.position] === 0) return reader.skip();
    const fields = this.#fields;
    fields.clear();
    this.#high = this.#low = 0;
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) this.#readTime(reader);
      else if (reader.field === 2) fields.read(reader, view);
      else reader.skip();
    }
    reader.leave(outer);
    const events = this.#events;
    const at = events.begin(0x5a);
    appendTime(events, 0x09, this.#high, this.#low);
    fields.takeTo(events, 0x12, 'event');
    fields.write(events);
    events.end(at);
  }

  /** Reads a google.protobuf.Timestamp or Duration as nanoseconds, modulo 2^64. */
  #readTime(reader: ProtoReader): void {
    let seconds = 0;
    let large = 0n;
    let nanos = 0;
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) {
        const at = reader.position;
        seconds = readSmall(reader);
        if (seconds < 0) {
          reader.position = at;
          large = reader.int64();
        }
      } else if (reader.field === 2) nanos = reader.int32();
      else reader.skip();
    }
    reader.leave(outer);
    if (seconds < 0) {
      const time = BigInt.asUintN(64, large * BigInt(nanosInSecond) + BigInt(nanos));
      this.#high = Number(time >> 32n);
      this.#low = Number(time & 0xffff_ffffn);
      return;
    }
    // Every part stays below 2^53.
    const upper = Math.floor(seconds / 65_536) * nanosInSecond;
    const low = (upper % 65_536) * 65_536 + (seconds % 65_536) * nanosInSecond + nanos;
    const carry = Math.floor(low / two32);
    this.#high = Math.floor(upper / 65_536) + carry;
    this.#low = low - carry * two32;
  }

  /** The span that was read from these bytes, of which `view` is one; valid until the next one begins. */
  finish(bytes: Buffer, view: DataView): ByteWriter {
    const to = this.#output;
    const { tags } = this;
    const ids = this.#ids;
    to.position = 0;
    if (!isZero(ids, 0, 16)) appendIdField(to, 0x0a, ids, 0, 16);
    if (!isZero(ids, 16, 8)) appendIdField(to, 0x12, ids, 16, 8);
    tags.takeTo(to, 0x1a, 'w3c.tracestate');
    const references = this.#references;
    const parent = this.#parent();
    if (parent >= 0) appendIdField(to, 0x22, references.buffer, parent, 8);
    this.#writeName(to, bytes, view);
    const kind = kinds.get(takeText(tags, 'span.kind') ?? '') ?? 0;
    if (kind > 0) {
      to.byte(0x30);
      to.byte(kind);
    }
    const status = setSpanStatus(tags, kind);
    appendTime(to, 0x39, this.#startHigh, this.#startLow);
    const low = this.#startLow + this.#durationLow;
    appendTime(to, 0x41, this.#startHigh + this.#durationHigh + (low >= two32 ? 1 : 0), low);
    tags.write(to);
    to.copy(this.#events.buffer, this.#events.view, 0, this.#events.position);
    for (let at = 0; at < references.position; at += referenceBytes) this.#writeLink(to, at, parent);
    if (status !== undefined) {
      const at = to.begin(0x7a);
      if (status.message !== '') {
        const messageAt = to.begin(0x12);
        to.text(status.message);
        to.end(messageAt);
      }
      if (status.code > 0) {
        to.byte(0x18);
        to.byte(status.code);
      }
      to.end(at);
    }
    return to;
  }

  #writeName(to: ByteWriter, bytes: Buffer, view: DataView): void {
    const at = this.#nameAt;
    const end = this.#nameEnd;
    if (at === end) return;
    const other = replaced(bytes, at, end);
    to.byte(0x2a);
    to.varint(other === undefined ? end - at : other.length);
    if (other === undefined) to.copy(bytes, view, at, end);
    else to.bytes(other);
  }

  /**
   * Where the parent's id is in the references, or -1: that of the first child-of reference inside of the trace, else of the first
   * follows-from one.
   */
  #parent(): number {
    const { buffer, position } = this.#references;
    const ids = this.#ids;
    let found = -1;
    for (let at = 0; at < position; at += referenceBytes) {
      let i = 0;
      while (i < 16 && buffer[at + i] === ids[i]) i++;
      if (i < 16) continue;
      if (buffer[at + 24] === 1) {
        found = at + 16;
        break;
      }
      if (found < 0) found = at + 16;
    }
    return found < 0 || isZero(buffer, found, 8) ? -1 : found;
  }

  /** A reference is a link unless it is the child-of one to the parent. */
  #writeLink(to: ByteWriter, reference: number, parent: number): void {
    const { buffer } = this.#references;
    const childOf = buffer[reference + 24] === 1;
    const spanId = reference + 16;
    if (childOf) {
      let i = 0;
      while (i < 8 && buffer[spanId + i] === (parent < 0 ? 0 : buffer[parent + i])) i++;
      if (i === 8) return;
    }
    const at = to.begin(0x6a);
    if (!isZero(buffer, reference, 16)) appendIdField(to, 0x0a, buffer, reference, 16);
    if (!isZero(buffer, spanId, 8)) appendIdField(to, 0x12, buffer, spanId, 8);
    to.bytes(childOf ? childOfType : followsFromType);
    to.end(at);
  }
}

function isZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

function appendId(to: ByteWriter, ids: Uint8Array, at: number, length: number): void {
  to.room(length);
  const { buffer } = to;
  let p = to.position;
  for (let i = 0; i < length; i++) buffer[p++] = ids[at + i]!;
  to.position = p;
}

function appendIdField(to: ByteWriter, tag: number, ids: Uint8Array, at: number, length: number): void {
  to.byte(tag);
  to.byte(length);
  appendId(to, ids, at, length);
}

/** Writes a fixed64, unless it is 0; each half modulo 2^32. */
function appendTime(to: ByteWriter, tag: number, high: number, low: number): void {
  if ((high | low) === 0) return;
  to.byte(tag);
  to.fixed32(low);
  to.fixed32(high);
}
