import { key } from '@millrace/api';
import type { AttributesView, DataPointView, Key, LogView, ResourceEdit, ScopeEdit, SpanView, ValueView, Visitor } from '@millrace/api';
import { isContentEvent, isContentKey, isEventContentKey } from '@millrace/redaction';
import { bucketsText } from './buckets-text.ts';
import { jsonText, timeText } from './cell-text.ts';
import type { CsvConfig } from './config.ts';
import { CsvWriter } from './csv-writer.ts';

const serviceName = key('service.name');
const eventName = key('event.name');
const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const statusCodes = ['unset', 'ok', 'error'];
const temporalities = ['', 'delta', 'cumulative'];

/** A column for an attribute. */
interface Column {
  readonly key: Key;
  /** What never appears in it, or not in the row of an event with content. */
  readonly isContent: boolean;
  readonly isEventContent: boolean;
}

/** Writes a row for every span, data point and log record of a walk. */
export class Rows implements Visitor {
  readonly #columns: readonly Column[];
  readonly #resourceColumns: readonly Column[];
  readonly #dropsContent: boolean;
  #out: CsvWriter = new CsvWriter();
  #rowAt = 0;
  #rows = 0;
  /** The cells of the current resource and scope. */
  #resource: Uint8Array = new Uint8Array();
  #scope: Uint8Array = new Uint8Array();
  readonly #scratch = new CsvWriter();

  constructor({ attributes, resource_attributes, content }: CsvConfig) {
    this.#dropsContent = content === 'drop';
    const column = (name: string): Column => ({
      key: key(name),
      isContent: this.#dropsContent && isContentKey(name),
      isEventContent: this.#dropsContent && isEventContentKey(name),
    });
    this.#columns = attributes.map(column);
    this.#resourceColumns = resource_attributes.map(column);
  }

  /** Rows since the start. */
  get rows(): number {
    return this.#rows;
  }

  /** The next rows go to this writer. */
  start(out: CsvWriter): void {
    this.#out = out;
    this.#rows = 0;
  }

  /** A hook failed in the middle of its row. */
  takeBack(): void {
    this.#out.rewind(this.#rowAt);
  }

  onResource({ attributes }: ResourceEdit): void {
    const out = this.#scratch;
    out.rewind(0);
    this.#attribute(out, attributes, attributes.find(serviceName));
    for (const column of this.#resourceColumns) this.#attribute(out, attributes, column.isContent ? -1 : attributes.find(column.key));
    this.#resource = Uint8Array.from(out.out.buffer.subarray(0, out.out.position));
  }

  onScope({ name, version }: ScopeEdit): void {
    const out = this.#scratch;
    out.rewind(0);
    out.text(name);
    out.text(version);
    this.#scope = Uint8Array.from(out.out.buffer.subarray(0, out.out.position));
  }

  onSpan(span: SpanView): void {
    const out = this.#begin();
    out.plain(timeText(span.startTimeUnixNano));
    out.plain(timeText(span.endTimeUnixNano));
    out.plain(String(span.endTimeUnixNano - span.startTimeUnixNano));
    out.plain(span.traceIdHex);
    out.plain(span.spanIdHex);
    out.plain(span.parentSpanIdHex);
    out.text(span.name);
    out.plain(kinds[span.kind] ?? String(span.kind));
    out.plain(statusCodes[span.statusCode] ?? String(span.statusCode));
    out.text(span.statusMessage);
    this.#end(span.attributes, false);
  }

  onLog(log: LogView): void {
    const out = this.#begin();
    const name = log.eventName === '' ? (log.attributes.string(eventName) ?? '') : log.eventName;
    const isContent = this.#dropsContent && isContentEvent(name);
    out.plain(timeText(log.timeUnixNano));
    out.plain(timeText(log.observedTimeUnixNano));
    out.plain(log.severityNumber === 0 ? '' : String(log.severityNumber));
    out.text(log.severityText);
    out.text(name);
    out.plain(log.traceIdHex);
    out.plain(log.spanIdHex);
    if (isContent) out.empty();
    else this.#value(out, log.body);
    this.#end(log.attributes, isContent);
  }

  onDataPoint(point: DataPointView): void {
    const out = this.#begin();
    const { metric } = point;
    const { type } = metric;
    const isNumber = type === 'gauge' || type === 'sum';
    out.plain(timeText(point.timeUnixNano));
    out.plain(timeText(point.startTimeUnixNano));
    out.text(metric.name);
    out.plain(type);
    out.text(metric.unit);
    out.plain(temporalities[metric.temporality] ?? '');
    out.plain(type === 'sum' ? String(metric.isMonotonic) : '');
    out.plain(isNumber && point.hasValue ? String(point.isInt ? point.int : point.number) : '');
    out.plain(isNumber ? '' : String(point.count));
    for (const value of [point.sum, point.min, point.max]) out.plain(isNumber || value === undefined ? '' : String(value));
    out.text(bucketsText(point));
    this.#end(point.attributes, false);
  }

  #begin(): CsvWriter {
    this.#rowAt = this.#out.out.position;
    return this.#out;
  }

  /** The cells of scope and resource, and the chosen attributes. */
  #end(attributes: AttributesView, isContentEvent: boolean): void {
    const out = this.#out;
    out.cells(this.#scope);
    out.cells(this.#resource);
    for (const column of this.#columns) {
      const isDropped = column.isContent || (isContentEvent && column.isEventContent);
      this.#attribute(out, attributes, isDropped ? -1 : attributes.find(column.key));
    }
    out.endRow();
    this.#rows++;
  }

  #attribute(out: CsvWriter, attributes: AttributesView, slot: number): void {
    if (slot < 0) out.empty();
    else if (attributes.typeAt(slot) === 'string') out.bytes(attributes.rangeAt(slot));
    else this.#value(out, attributes.valueAt(slot));
  }

  #value(out: CsvWriter, value: ValueView): void {
    switch (value.type) {
      case 'empty':
        out.empty();
        break;
      case 'string':
        out.bytes(value.range());
        break;
      case 'bool':
        out.plain(String(value.boolean()));
        break;
      case 'int':
        out.plain(String(value.bigint()));
        break;
      case 'double':
        out.plain(String(value.number()));
        break;
      case 'bytes': {
        const { buffer, start, end } = value.range();
        out.text(buffer.toString('base64', start, end));
        break;
      }
      default:
        out.text(jsonText(value.toPlain(), this.#dropsContent));
    }
  }
}
