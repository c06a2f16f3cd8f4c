import type { ByteRange, LogView, PlainInput, ValueView } from '../views.ts';
import type { Context } from './context.ts';
import { textAt } from './fields.ts';
import { Item } from './item.ts';
import { writeAny, writeInt } from './plain-value.ts';
import { skipField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';
import { noteAttribute, slotSize, slotValue, slotValueLength } from './tape.ts';
import { intType, kvlistType } from './value-types.ts';
import { Value } from './value.ts';

const attributesTag = 0x32;
const flagsTag = 0x45;
const eventNameTag = 0x62;
const droppedAttributesCountTag = 0x38;
const body = 0;
const severityNumber = slotSize;
const severityText = 2 * slotSize;
const fieldTags = [0x2a, 0x10, 0x1a];

/** The reused view of a log record. */
export class Log extends Item implements LogView {
  readonly signal = 'logs';
  readonly #body: Value;
  /** Addresses; 0 for absent. */
  #time = 0;
  #observedTime = 0;
  #traceId = 0;
  #spanId = 0;

  constructor(context: Context) {
    super(context, attributesTag, fieldTags);
    this.#body = new Value(context.memory);
  }

  bind(start: number, end: number): void {
    const { tape } = this;
    tape.begin(start, end);
    let time = 0;
    let observedTime = 0;
    let traceId = 0;
    let spanId = 0;
    const b = this.memory.body as Uint8Array;
    let { slots } = tape;
    let o = tape.head;
    let p = start;
    while (p < end) {
      const at = p;
      const tag = b[p++];
      switch (tag) {
        case 0x32: {
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
        case 0x2a:
        case 0x1a: {
          const length = readVarint(b, p);
          p += varintSize(length);
          tape.field(tag === 0x2a ? body : severityText, at, p, p + length);
          p += length;
          break;
        }
        case 0x10:
          while (b[p++] > 0x7f);
          tape.field(severityNumber, at, at + 1, p);
          break;
        case 0x09:
          time = p;
          p += 8;
          break;
        case 0x59:
          observedTime = p;
          p += 8;
          break;
        case 0x4a:
          traceId = p;
          p += 1 + b[p];
          break;
        case 0x52:
          spanId = p;
          p += 1 + b[p];
          break;
        default:
          p = skipField(b, at);
      }
    }
    tape.count = o;
    this.#time = time;
    this.#observedTime = observedTime;
    this.#traceId = traceId;
    this.#spanId = spanId;
  }

  protected moved(tag: number, address: number): void {
    if (tag === 0x09) this.#time = address;
    else if (tag === 0x59) this.#observedTime = address;
    else if (tag === 0x4a) this.#traceId = address;
    else if (tag === 0x52) this.#spanId = address;
  }

  get body(): ValueView {
    const { slots } = this.tape;
    const address = slots[body + slotValue];
    return this.#body.bindMessage(address, address === 0 ? 0 : slots[body + slotValueLength]);
  }

  setBody(value: PlainInput): void {
    const { scratch } = this.memory;
    const { position } = scratch;
    writeAny(scratch, value);
    this.tape.change(body);
    this.tape.setWritten(body, kvlistType, position);
  }

  get severityNumber(): number {
    const address = this.tape.slots[severityNumber + slotValue];
    return address === 0 ? 0 : this.memory.varintNumber(address);
  }

  get severityText(): string {
    return this.tape.text(severityText);
  }

  setSeverity(number: number, text?: string): void {
    const { scratch } = this.memory;
    const { position } = scratch;
    writeInt(scratch, number);
    this.tape.change(severityNumber);
    this.tape.setWritten(severityNumber, intType, position);
    if (text !== undefined) this.tape.setText(severityText, text);
  }

  setSeverityText(text: string): void {
    this.tape.setText(severityText, text);
  }

  get timeUnixNano(): bigint {
    return this.#time === 0 ? 0n : this.memory.uint64(this.#time);
  }

  get observedTimeUnixNano(): bigint {
    return this.#observedTime === 0 ? 0n : this.memory.uint64(this.#observedTime);
  }

  get eventName(): string {
    return textAt(this.memory, this.address(eventNameTag));
  }

  traceId(): ByteRange {
    return this.id(this.#traceId);
  }

  spanId(): ByteRange {
    return this.id(this.#spanId);
  }

  get traceIdHex(): string {
    return this.idHex(this.#traceId);
  }

  get spanIdHex(): string {
    return this.idHex(this.#spanId);
  }

  get flags(): number {
    const address = this.address(flagsTag);
    return address === 0 ? 0 : this.memory.uint32(address);
  }

  get droppedAttributesCount(): number {
    return this.varint(droppedAttributesCountTag);
  }
}
