import type { ByteRange, EventView, LinkView } from '../views.ts';
import { EditablePart } from './item-part.ts';
import type { Tape } from './tape.ts';

/** The reused view of a span's event. */
export class Event extends EditablePart implements EventView {
  constructor(owner: Tape) {
    super(owner, 0x1a, 0x12);
  }

  get name(): string {
    return this.tape.text(0);
  }

  setName(value: string): void {
    this.tape.setText(0, value);
  }

  get timeUnixNano(): bigint {
    return this.uint64(0x09);
  }

  get droppedAttributesCount(): number {
    return this.varint(0x20);
  }
}

/** The reused view of a span's link. */
export class Link extends EditablePart implements LinkView {
  constructor(owner: Tape) {
    super(owner, 0x22);
  }

  traceId(): ByteRange {
    return this.id(0x0a);
  }

  spanId(): ByteRange {
    return this.id(0x12);
  }

  get traceIdHex(): string {
    return this.idHex(0x0a);
  }

  get spanIdHex(): string {
    return this.idHex(0x12);
  }

  get traceState(): string {
    return this.text(0x1a);
  }

  get flags(): number {
    const address = this.address(0x35);
    return address === 0 ? 0 : this.tape.memory.uint32(address);
  }

  get droppedAttributesCount(): number {
    return this.varint(0x28);
  }
}
