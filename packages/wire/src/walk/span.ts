import type { Key, KeySet } from '../key.ts';
import type { ByteRange, EditableListView, EventView, LinkView, SpanView } from '../views.ts';
import type { Context } from './context.ts';
import { textField, varintField } from './fields.ts';
import { Item } from './item.ts';
import { List } from './list.ts';
import { writeInt } from './plain-value.ts';
import { skipField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';
import { Event, Link } from './span-parts.ts';
import { noteAttribute, slotSize, slotValue, slotValueLength } from './tape.ts';

const attributesTag = 0x4a;
const eventsTag = 0x5a;
const linksTag = 0x6a;
const nameTag = 0x2a;
const traceStateTag = 0x1a;
const statusTag = 0x7a;
const name = 0;
const traceState = slotSize;
const status = 2 * slotSize;
const fieldTags = [nameTag, traceStateTag, statusTag];
const statusMessageTag = 0x12;
const statusCodeTag = 0x18;

/** The reused view of a span. */
export class Span extends Item implements SpanView {
  readonly signal = 'traces';
  readonly #events: List<Event>;
  readonly #links: List<Link>;
  /** Addresses; 0 for absent. */
  #traceId = 0;
  #spanId = 0;
  #parentSpanId = 0;
  #kind = 0;
  #start = 0;
  #end = 0;
  #flags = 0;

  constructor(context: Context) {
    super(context, attributesTag, fieldTags);
    this.#events = new List(this.tape, eventsTag, new Event(this.tape));
    this.#links = new List(this.tape, linksTag, new Link(this.tape));
    this.tape.parts.push(this.#events, this.#links);
  }

  bind(start: number, end: number): void {
    const { tape } = this;
    tape.begin(start, end);
    let traceId = 0;
    let spanId = 0;
    let parentSpanId = 0;
    let kind = 0;
    let startTime = 0;
    let endTime = 0;
    let flags = 0;
    let hasEvents = false;
    let hasLinks = false;
    const b = this.memory.body as Uint8Array;
    let { slots } = tape;
    let o = tape.head;
    let p = start;
    while (p < end) {
      const at = p;
      const tag = b[p++];
      switch (tag) {
        case 0x4a: {
          let length = b[p++];
          if (length > 0x7f) {
            length = readVarint(b, p - 1);
            p += varintSize(length) - 1;
          }
          if (o + 8 > slots.length) slots = tape.grow();
          noteAttribute(slots, o, at, p, p + length);
          o += 8;
          p += length;
          break;
        }
        case 0x0a:
          traceId = p;
          p += 1 + b[p];
          break;
        case 0x12:
          spanId = p;
          p += 1 + b[p];
          break;
        case 0x22:
          parentSpanId = p;
          p += 1 + b[p];
          break;
        case 0x30:
          kind = p;
          while (b[p++] > 0x7f);
          break;
        case 0x39:
          startTime = p;
          p += 8;
          break;
        case 0x41:
          endTime = p;
          p += 8;
          break;
        case 0x2a:
        case 0x1a:
        case 0x7a: {
          let length = b[p++];
          if (length > 0x7f) {
            length = readVarint(b, p - 1);
            p += varintSize(length) - 1;
          }
          tape.field(tag === 0x2a ? name : tag === 0x7a ? status : traceState, at, p, p + length);
          p += length;
          break;
        }
        default:
          if (tag === 0x85 && b[p] === 0x01) {
            flags = p + 1;
            p += 5;
          } else {
            hasEvents ||= tag === eventsTag;
            hasLinks ||= tag === linksTag;
            p = skipField(b, at);
          }
      }
    }
    tape.count = o;
    this.#events.isAbsent = !hasEvents;
    this.#links.isAbsent = !hasLinks;
    this.#traceId = traceId;
    this.#spanId = spanId;
    this.#parentSpanId = parentSpanId;
    this.#kind = kind;
    this.#start = startTime;
    this.#end = endTime;
    this.#flags = flags;
  }

  protected moved(tag: number, address: number): void {
    switch (tag) {
      case 0x0a:
        this.#traceId = address;
        break;
      case 0x12:
        this.#spanId = address;
        break;
      case 0x22:
        this.#parentSpanId = address;
        break;
      case 0x30:
        this.#kind = address;
        break;
      case 0x39:
        this.#start = address;
        break;
      case 0x41:
        this.#end = address;
        break;
      case 0x85:
        this.#flags = address;
        break;
    }
  }

  protected override flush(): void {
    this.#events.flush();
    this.#links.flush();
  }

  override commit(): void {
    if (this.tape.hasPartEdits) {
      this.#events.commit();
      this.#links.commit();
    }
    super.commit();
  }

  override rollback(edits: number): void {
    this.#events.rollback();
    this.#links.rollback();
    super.rollback(edits);
  }

  get name(): string {
    return this.tape.text(name);
  }

  nameRange(): ByteRange {
    const { slots } = this.tape;
    return this.idRange.set(this.memory, slots[name + slotValue], slots[name + slotValue] === 0 ? 0 : slots[name + slotValueLength]);
  }

  nameEquals(literal: Key): boolean {
    return this.tape.valueEquals(name, literal.bytes);
  }

  nameIn(names: KeySet): boolean {
    return this.tape.valueIn(name, names);
  }

  setName(value: string): void {
    this.tape.setText(name, value);
  }

  get kind(): number {
    return this.#kind === 0 ? 0 : this.memory.varintNumber(this.#kind);
  }

  traceId(): ByteRange {
    return this.id(this.#traceId);
  }

  spanId(): ByteRange {
    return this.id(this.#spanId);
  }

  parentSpanId(): ByteRange {
    return this.id(this.#parentSpanId);
  }

  get traceIdHex(): string {
    return this.idHex(this.#traceId);
  }

  get spanIdHex(): string {
    return this.idHex(this.#spanId);
  }

  get parentSpanIdHex(): string {
    return this.idHex(this.#parentSpanId);
  }

  get traceState(): string {
    return this.tape.text(traceState);
  }

  setTraceState(value: string): void {
    this.tape.setText(traceState, value);
  }

  get flags(): number {
    return this.#flags === 0 ? 0 : this.memory.uint32(this.#flags);
  }

  get startTimeUnixNano(): bigint {
    return this.#start === 0 ? 0n : this.memory.uint64(this.#start);
  }

  get endTimeUnixNano(): bigint {
    return this.#end === 0 ? 0n : this.memory.uint64(this.#end);
  }

  get durationNanos(): number {
    const { memory } = this;
    const startLow = this.#start === 0 ? 0 : memory.uint32(this.#start);
    const startHigh = this.#start === 0 ? 0 : memory.uint32(this.#start + 4);
    const endLow = this.#end === 0 ? 0 : memory.uint32(this.#end);
    const endHigh = this.#end === 0 ? 0 : memory.uint32(this.#end + 4);
    return (endHigh - startHigh) * 0x1_0000_0000 + (endLow - startLow);
  }

  get statusCode(): number {
    const { slots } = this.tape;
    if (slots[status + slotValue] === 0) return 0;
    const start = slots[status + slotValue];
    return varintField(this.memory, start, start + slots[status + slotValueLength], statusCodeTag);
  }

  get statusMessage(): string {
    const { slots } = this.tape;
    if (slots[status + slotValue] === 0) return '';
    const start = slots[status + slotValue];
    return textField(this.memory, start, start + slots[status + slotValueLength], statusMessageTag);
  }

  /** The new status keeps fields of the old one that we do not know, and the message when none is given. */
  setStatus(code: number, message?: string): void {
    const { tape } = this;
    const { scratch, length } = this.memory;
    tape.change(status);
    const address = tape.slots[status + slotValue];
    let p = address - this.memory.base(address);
    const end = p + tape.slots[status + slotValueLength];
    const { position } = scratch;
    if (message !== undefined) {
      const at = scratch.begin(statusMessageTag);
      scratch.text(message);
      scratch.end(at);
    }
    scratch.byte(statusCodeTag);
    writeInt(scratch, code);
    const old = address < length ? this.memory.body : scratch.buffer;
    const view = this.memory.view(address);
    while (p < end) {
      const next = skipField(old, p);
      if (old[p] !== statusCodeTag && (old[p] !== statusMessageTag || message === undefined)) scratch.copy(old, view, p, next);
      p = next;
    }
    tape.setWritten(status, 2, position);
  }

  get events(): EditableListView<EventView> {
    return this.#events;
  }

  get links(): EditableListView<LinkView> {
    return this.#links;
  }

  get droppedAttributesCount(): number {
    return this.varint(0x50);
  }

  get droppedEventsCount(): number {
    return this.varint(0x60);
  }

  get droppedLinksCount(): number {
    return this.varint(0x70);
  }
}
