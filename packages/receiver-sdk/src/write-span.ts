import type { ByteWriter } from '@millrace/wire';
import { writeAttributes, writeId, writeNumber, writeText, writeTime } from './write-attributes.ts';
import type { Attributes, HrTime, Resource, Scope, SpanIds } from './write-attributes.ts';

/** A span that has ended: `ReadableSpan` of @opentelemetry/sdk-trace and sdk-trace-base. */
export interface EndedSpan {
  readonly name: string;
  readonly kind: number;
  spanContext(): SpanIds;
  readonly parentSpanContext?: SpanIds | undefined;
  /** Before 2.0, instead of `parentSpanContext`. */
  readonly parentSpanId?: string | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: { readonly code: number; readonly message?: string | undefined };
  readonly attributes: Attributes;
  readonly links: readonly {
    readonly context: SpanIds;
    readonly attributes?: Attributes | undefined;
    readonly droppedAttributesCount?: number | undefined;
  }[];
  readonly events: readonly {
    readonly name: string;
    readonly time: HrTime;
    readonly attributes?: Attributes | undefined;
    readonly droppedAttributesCount?: number | undefined;
  }[];
  readonly resource: Resource;
  readonly instrumentationScope?: Scope | undefined;
  /** Before 2.0, instead of `instrumentationScope`. */
  readonly instrumentationLibrary?: Scope | undefined;
  readonly droppedAttributesCount?: number | undefined;
  readonly droppedEventsCount?: number | undefined;
  readonly droppedLinksCount?: number | undefined;
}

/** SpanFlags of OTLP: whether the parent is known to be remote or not, and whether it is. */
const hasIsRemote = 0x100;
const isRemote = 0x200;

/** Writes a span as the content of an OTLP `Span` message (opentelemetry/proto/trace/v1). Throws on ids that are none. */
export function writeSpan(writer: ByteWriter, span: EndedSpan): void {
  const ids = span.spanContext();
  const parent = span.parentSpanContext;
  writeId(writer, 0x0a, ids.traceId, 16);
  writeId(writer, 0x12, ids.spanId, 8);
  writeState(writer, 0x1a, ids);
  writeId(writer, 0x22, parent?.spanId ?? span.parentSpanId, 8);
  if (span.name !== '') writeText(writer, 0x2a, span.name);
  writeNumber(writer, 0x30, span.kind + 1);
  writeTime(writer, 0x39, span.startTime);
  writeTime(writer, 0x41, span.endTime);
  writeAttributes(writer, 0x4a, span.attributes);
  writeNumber(writer, 0x50, span.droppedAttributesCount);
  for (const event of span.events) {
    const at = writer.begin(0x5a);
    writeTime(writer, 0x09, event.time);
    if (event.name !== '') writeText(writer, 0x12, event.name);
    if (event.attributes !== undefined) writeAttributes(writer, 0x1a, event.attributes);
    writeNumber(writer, 0x20, event.droppedAttributesCount);
    writer.end(at);
  }
  writeNumber(writer, 0x60, span.droppedEventsCount);
  for (const link of span.links) {
    const at = writer.begin(0x6a);
    writeId(writer, 0x0a, link.context.traceId, 16);
    writeId(writer, 0x12, link.context.spanId, 8);
    writeState(writer, 0x1a, link.context);
    if (link.attributes !== undefined) writeAttributes(writer, 0x22, link.attributes);
    writeNumber(writer, 0x28, link.droppedAttributesCount);
    writer.byte(0x35);
    writer.fixed32(flagsOf(link.context, link.context));
    writer.end(at);
  }
  writeNumber(writer, 0x70, span.droppedLinksCount);
  const { code, message } = span.status;
  if (code !== 0 || message !== undefined) {
    const at = writer.begin(0x7a);
    if (message !== undefined && message !== '') writeText(writer, 0x12, message);
    writeNumber(writer, 0x18, code);
    writer.end(at);
  }
  // Field 16, fixed32.
  writer.varint((16 << 3) | 5);
  writer.fixed32(flagsOf(ids, parent));
}

function flagsOf({ traceFlags }: SpanIds, parent: SpanIds | undefined): number {
  return (traceFlags & 0xff) | hasIsRemote | (parent?.isRemote === true ? isRemote : 0);
}

function writeState(writer: ByteWriter, tag: number, { traceState }: SpanIds): void {
  const text = traceState?.serialize() ?? '';
  if (text !== '') writeText(writer, tag, text);
}
