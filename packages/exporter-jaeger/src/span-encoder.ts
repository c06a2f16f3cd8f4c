import { valueText } from '@millrace/trace-format';
import {
  type AttributesView,
  type ByteRange,
  type ByteWriter,
  key,
  type ResourceView,
  type SpanView,
  type ValueType,
  type Visitor,
} from '@millrace/wire';
import { writeBytes, writeId, writeText, writeTime, writeType } from './write-fields.ts';

/** Requests stay below 4 MiB, the largest message that Jaeger takes by default; a larger span goes alone. */
const maxRequestBytes = 4_000_000;

const noServiceName = 'OTLPResourceNoServiceName';
const serviceName = key('service.name');
const eventName = key('event');
const refType = key('opentracing.ref_type');
const childOf = key('child_of');
/** api_v2 ValueType; strings are 0. */
const valueType = { bool: 1, int64: 2, float64: 3, binary: 4 } as const;
const followsFrom = 1;
const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer'];
const statusCodes = ['', 'OK', 'ERROR'];
const error = 2;

/** Spans of one process, up to the size of a request: ranges of what has been written. */
export interface Group {
  readonly processStart: number;
  readonly processEnd: number;
  /** Starts and ends, in turn. */
  readonly spans: number[];
  sizeBytes: number;
}

/** Writes the spans of a batch as fields of an api_v2 Batch (contrib's pkg/translator/jaeger). */
export class SpanEncoder implements Visitor {
  readonly groups: Group[] = [];
  readonly groupOf: Uint32Array;
  readonly #writer: ByteWriter;
  readonly #byProcess = new Map<string, number>();
  #group = 0;
  #process = '';
  #span = 0;

  constructor(writer: ByteWriter, items: number) {
    this.#writer = writer;
    this.groupOf = new Uint32Array(items);
  }

  onResource(resource: ResourceView): void {
    const writer = this.#writer;
    const start = writer.position;
    const at = writer.begin(0x12);
    const { attributes } = resource;
    const name = attributes.size === 0 ? noServiceName : (attributes.string(serviceName) ?? '');
    writeText(writer, 0x0a, name);
    this.#attributes(0x12, attributes, attributes.find(serviceName));
    writer.end(at);
    this.#process = writer.buffer.latin1Slice(start, writer.position);
    const known = this.#byProcess.get(this.#process);
    if (known === undefined) this.#begin(start, writer.position);
    else {
      writer.position = start;
      this.#group = known;
    }
  }

  #begin(processStart: number, processEnd: number): void {
    this.#group = this.groups.length;
    this.groups.push({ processStart, processEnd, spans: [], sizeBytes: processEnd - processStart });
    this.#byProcess.set(this.#process, this.#group);
  }

  onSpan(span: SpanView): void {
    const writer = this.#writer;
    const start = writer.position;
    const at = writer.begin(0x0a);
    this.#fields(span);
    writer.end(at);
    let group = this.groups[this.#group]!;
    const sizeBytes = writer.position - start;
    if (group.spans.length > 0 && group.sizeBytes + sizeBytes > maxRequestBytes) {
      this.#begin(group.processStart, group.processEnd);
      group = this.groups[this.#group]!;
    }
    group.spans.push(start, writer.position);
    group.sizeBytes += sizeBytes;
    this.groupOf[this.#span++] = this.#group;
  }

  #fields(span: SpanView): void {
    const writer = this.#writer;
    const { scope, startTimeUnixNano } = span;
    writeId(writer, 0x0a, 16, span.traceId());
    writeId(writer, 0x12, 8, span.spanId());
    writeText(writer, 0x1a, span.name);
    this.#references(span);
    writeTime(writer, 0x32, BigInt.asIntN(64, startTimeUnixNano));
    writeTime(writer, 0x3a, BigInt.asIntN(64, span.endTimeUnixNano - startTimeUnixNano));
    this.#textTag('otel.scope.name', scope.name);
    this.#textTag('otel.scope.version', scope.version);
    this.#attributes(0x42, span.attributes, -1);
    const { statusCode } = span;
    this.#textTag('span.kind', kinds[span.kind] ?? '');
    this.#textTag('otel.status_code', statusCodes[statusCode] ?? '');
    if (statusCode === error) this.#errorTag();
    this.#textTag('otel.status_description', span.statusMessage);
    this.#textTag('w3c.tracestate', span.traceState);
    this.#logs(span);
  }

  /** The parent comes first, where Jaeger looks for it; a link to the parent says what kind of reference it is. */
  #references(span: SpanView): void {
    const { links } = span;
    const { size } = links;
    const parent = size === 0 ? '' : span.parentSpanIdHex;
    const traceId = size === 0 ? '' : span.traceIdHex;
    const isParent = (index: number): boolean => {
      const link = links.at(index);
      return parent !== '' && link.spanIdHex === parent && link.traceIdHex === traceId;
    };
    const typeOf = (index: number): number => (links.at(index).attributes.equals(refType, childOf) ? 0 : followsFrom);
    const { start, end } = span.parentSpanId();
    if (end > start) {
      let type = 0;
      for (let i = 0; i < size; i++) if (isParent(i)) type = typeOf(i);
      const at = this.#beginReference(span.traceId());
      this.#endReference(at, span.parentSpanId(), type);
    }
    for (let i = 0; i < size; i++) {
      if (isParent(i)) continue;
      const at = this.#beginReference(links.at(i).traceId());
      this.#endReference(at, links.at(i).spanId(), typeOf(i));
    }
  }

  #beginReference(traceId: ByteRange): number {
    const at = this.#writer.begin(0x22);
    writeId(this.#writer, 0x0a, 16, traceId);
    return at;
  }

  #endReference(at: number, spanId: ByteRange, type: number): void {
    const writer = this.#writer;
    writeId(writer, 0x12, 8, spanId);
    if (type !== 0) {
      writer.byte(0x18);
      writer.byte(type);
    }
    writer.end(at);
  }

  #logs({ events }: SpanView): void {
    const writer = this.#writer;
    for (let i = 0; i < events.size; i++) {
      const event = events.at(i);
      const at = writer.begin(0x4a);
      writeTime(writer, 0x0a, BigInt.asIntN(64, event.timeUnixNano));
      const { name, attributes } = event;
      if (name !== '' && !attributes.has(eventName)) this.#textField(0x12, 'event', name);
      this.#attributes(0x12, attributes, -1);
      writer.end(at);
    }
  }

  #textTag(name: string, value: string): void {
    if (value !== '') this.#textField(0x42, name, value);
  }

  #textField(tag: number, name: string, value: string): void {
    const writer = this.#writer;
    const at = writer.begin(tag);
    writeText(writer, 0x0a, name);
    writeText(writer, 0x1a, value);
    writer.end(at);
  }

  #errorTag(): void {
    const writer = this.#writer;
    const at = writer.begin(0x42);
    writeText(writer, 0x0a, 'error');
    writeType(writer, valueType.bool);
    writer.byte(0x20);
    writer.byte(1);
    writer.end(at);
  }

  /** Every attribute but one as a KeyValue field. */
  #attributes(tag: number, attributes: AttributesView, except: number): void {
    const writer = this.#writer;
    for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
      if (slot === except) continue;
      const at = writer.begin(tag);
      const name = attributes.keyRangeAt(slot);
      writeBytes(writer, 0x0a, name.buffer, name.start, name.end);
      this.#value(attributes, slot, attributes.typeAt(slot));
      writer.end(at);
    }
  }

  #value(attributes: AttributesView, slot: number, type: ValueType): void {
    const writer = this.#writer;
    switch (type) {
      case 'string':
      case 'bytes': {
        const { buffer, start, end } = attributes.rangeAt(slot);
        if (type === 'bytes') writeType(writer, valueType.binary);
        writeBytes(writer, type === 'bytes' ? 0x3a : 0x1a, buffer, start, end);
        break;
      }
      case 'bool':
        writeType(writer, valueType.bool);
        writer.byte(0x20);
        writer.byte(attributes.valueAt(slot).boolean() ? 1 : 0);
        break;
      case 'int':
        writeType(writer, valueType.int64);
        writer.byte(0x28);
        writer.varint64(attributes.valueAt(slot).bigint());
        break;
      case 'double':
        writeType(writer, valueType.float64);
        writer.byte(0x31);
        writer.double(attributes.valueAt(slot).number());
        break;
      default:
        writeText(writer, 0x1a, valueText(attributes.valueAt(slot).toPlain()));
    }
  }
}
