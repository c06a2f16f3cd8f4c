import type { NewScope, Plain } from '@millrace/wire';
import { PlainTags, setSpanStatus, takeText } from './span-status.ts';

/** Attributes by name, in their order; an object without a prototype, so that every name is a name. */
export type Attributes = Record<string, Plain>;

/** A causal reference to a span. */
export interface JaegerReference {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  /** Child-of; otherwise follows-from. */
  readonly childOf: boolean;
}

/** A span of Jaeger's model, whichever way it came. Ids are 16 and 8 bytes. */
export interface JaegerSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  /** The parent that the span names itself; only Thrift has it. */
  readonly parentSpanId?: Buffer | undefined;
  readonly name: string;
  readonly references: readonly JaegerReference[];
  readonly startUnixNano: bigint;
  readonly durationNanos: bigint;
  readonly tags: Attributes;
  readonly logs: readonly { readonly timeUnixNano: bigint; readonly fields: Attributes }[];
}

/** The name of the service of spans that have none, in the Collector's exporters. */
const noServiceName = 'OTLPResourceNoServiceName';

/** The kinds of spans by the value of the tag `span.kind`. */
export const kinds: ReadonlyMap<string, number> = new Map([
  ['internal', 1],
  ['server', 2],
  ['client', 3],
  ['producer', 4],
  ['consumer', 5],
]);

/** The attributes of the resource that a Jaeger process describes. */
export function resourceAttributes(serviceName: string, tags: Attributes): Attributes {
  const attributes = Object.create(null) as Attributes;
  if (serviceName === noServiceName) return attributes;
  if (serviceName !== '') attributes['service.name'] = serviceName;
  for (const name of Object.keys(tags)) attributes[name] = tags[name];
  rename(attributes, 'hostname', 'host.name', (value) => value);
  rename(attributes, 'jaeger.version', 'opencensus.exporterversion', (value) => `Jaeger-${typeof value === 'string' ? value : ''}`);
  return attributes;
}

function rename(attributes: Attributes, from: string, to: string, change: (value: Plain) => Plain): void {
  if (!(from in attributes) || to in attributes) return;
  attributes[to] = change(attributes[from]);
  delete attributes[from];
}

/** Adds the span as OTLP has it (contrib's pkg/translator/jaeger); its tags are used up. */
export function addSpan(scope: NewScope, span: JaegerSpan): void {
  const { references } = span;
  const tags = new PlainTags(span.tags);
  const parent = parentOf(span);
  const kind = kinds.get(takeText(tags, 'span.kind') ?? '') ?? 0;
  const status = setSpanStatus(tags, kind);
  scope.span({
    traceId: orNone(span.traceId),
    spanId: orNone(span.spanId),
    parentSpanId: parent === undefined ? '' : parent,
    name: span.name,
    kind,
    startTimeUnixNano: BigInt.asUintN(64, span.startUnixNano),
    endTimeUnixNano: BigInt.asUintN(64, span.startUnixNano + span.durationNanos),
    attributes: span.tags,
    ...(status !== undefined && { status }),
    events: span.logs.map(({ timeUnixNano, fields }) => ({
      timeUnixNano: BigInt.asUintN(64, timeUnixNano),
      name: takeText(new PlainTags(fields), 'event') ?? '',
      attributes: fields,
    })),
    links: references
      .filter(({ childOf, spanId }) => !(childOf && (parent === undefined ? isZero(spanId) : parent.equals(spanId))))
      .map(({ traceId, spanId, childOf }) => ({
        traceId: orNone(traceId),
        spanId: orNone(spanId),
        attributes: { 'opentracing.ref_type': childOf ? 'child_of' : 'follows_from' },
      })),
  });
}

/** The parent: the one that is named, else the first child-of reference inside of the trace, else the first follows-from one. */
function parentOf({ traceId, parentSpanId, references }: JaegerSpan): Buffer | undefined {
  if (parentSpanId !== undefined && !isZero(parentSpanId)) return parentSpanId;
  let found: Buffer | undefined;
  for (const reference of references) {
    if (!reference.traceId.equals(traceId)) continue;
    if (reference.childOf) return isZero(reference.spanId) ? undefined : reference.spanId;
    found ??= reference.spanId;
  }
  return found === undefined || isZero(found) ? undefined : found;
}

function isZero(id: Buffer): boolean {
  for (let i = 0; i < id.length; i++) if (id[i] !== 0) return false;
  return true;
}

/** OTLP leaves an id of zeros out. */
function orNone(id: Buffer): Buffer | '' {
  return isZero(id) ? '' : id;
}
