import type { ProtoReader } from '@millrace/trace-format';
import type { BatchBuilder, NewResource, NewScope } from '@millrace/wire';
import { type Attributes, resourceAttributes } from './jaeger-span.ts';
import { ProtoSpanWriter } from './proto-span-writer.ts';
import { takeText } from './span-status.ts';

/** Of a request up to this size the memory for writing a span is kept for the next one. */
const spareLimitBytes = 1 << 20;
let spare: ProtoSpanWriter | undefined;

interface Process {
  readonly serviceName: string;
  readonly tags: Attributes;
}

/**
 * Reads an api_v2.PostSpansRequest and adds its spans (jaeger-idl, proto/api_v2; contrib's pkg/translator/jaeger). A span's own process
 * goes before that of the batch.
 *
 * @throws WireError with the byte's offset when the bytes are none.
 */
export function readPostSpans(reader: ProtoReader, builder: BatchBuilder): void {
  const { position } = reader;
  let process: Process | undefined;
  forEachField(reader, 2, () => (process = readProcess(reader)));
  // The process stands behind the spans. Those are read one by one: a payload of tiny ones must not become a heap of objects.
  reader.position = position;
  const shared = resourceOf(builder, process);
  let scope: NewScope | undefined;
  let scopeKey = '';
  const { bytes } = reader;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const writer = spare ?? new ProtoSpanWriter();
  spare = undefined;
  forEachField(reader, 1, () => {
    let own: Process | undefined;
    writer.clear();
    const outer = reader.enter();
    const empty = reader.remaining === 0;
    while (reader.next()) {
      if (reader.field === 10) own = readProcess(reader);
      else writer.readField(reader, view);
    }
    reader.leave(outer);
    if (empty) return;
    const name = takeText(writer.tags, 'otel.scope.name');
    const version = name === undefined ? '' : (takeText(writer.tags, 'otel.scope.version') ?? '');
    const span = writer.finish(bytes, view);
    if (own !== undefined) resourceOf(builder, own).scope(name, version).spanBytes(span);
    else {
      const key = name === undefined ? '\n' : `${name}\n${version}`;
      if (scope === undefined || key !== scopeKey) scope = shared.scope(name, version);
      scopeKey = key;
      scope.spanBytes(span);
    }
  });
  if (bytes.length <= spareLimitBytes) spare = writer;
}

/** Calls `read` for every value of one field of the batches; it reads the value. */
function forEachField(reader: ProtoReader, field: number, read: () => void): void {
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === field) read();
      else reader.skip();
    }
    reader.leave(outer);
  }
}

function resourceOf(builder: BatchBuilder, process: Process | undefined): NewResource {
  return builder.resource(process === undefined ? {} : resourceAttributes(process.serviceName, process.tags));
}

function readProcess(reader: ProtoReader): Process {
  let serviceName = '';
  const tags = Object.create(null) as Attributes;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) serviceName = reader.string();
    else if (reader.field === 2) readTag(reader, tags);
    else reader.skip();
  }
  reader.leave(outer);
  return { serviceName, tags };
}

const noBytes = Buffer.alloc(0);

/** api_v2 ValueType. */
const valueType = { string: 0, bool: 1, int64: 2, float64: 3, binary: 4 } as const;

function readTag(reader: ProtoReader, tags: Attributes): void {
  let name = '';
  let type = 0;
  let text = '';
  let flag = false;
  let integer = 0n;
  let number = 0;
  let bytes: Uint8Array = noBytes;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.string();
        break;
      case 2:
        type = reader.int32();
        break;
      case 3:
        text = reader.string();
        break;
      case 4:
        flag = reader.bool();
        break;
      case 5:
        integer = reader.int64();
        break;
      case 6:
        number = reader.double();
        break;
      case 7:
        bytes = reader.delimited();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  switch (type) {
    case valueType.string:
      tags[name] = text;
      break;
    case valueType.bool:
      tags[name] = flag;
      break;
    case valueType.int64:
      tags[name] = integer;
      break;
    case valueType.float64:
      tags[name] = number;
      break;
    case valueType.binary:
      tags[name] = bytes;
      break;
    default:
      tags[name] = `<Unknown Jaeger TagType "${type}">`;
  }
}
