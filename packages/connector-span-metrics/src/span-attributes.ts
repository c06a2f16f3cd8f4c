import type { AttributesView, SpanView } from '@millrace/api';
import { ByteWriter } from '@millrace/wire';
import type { SpanMetricsConfig } from './config.ts';
import type { Dimensions } from './dimensions.ts';
import type { Gates } from './gates.ts';
import { numberPoint } from './point-bytes.ts';

const tag = numberPoint.attributes;
const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map((kind) => `SPAN_KIND_${kind}`);
const statuses = ['UNSET', 'OK', 'ERROR'];

/** Writes the attributes of a new series: what the span is, then its dimensions, each name once. */
export class SpanAttributes {
  readonly #excluded: ReadonlySet<string>;
  readonly #scopes: ReadonlySet<string>;
  readonly #hasSamplingMethod: boolean;
  readonly #usesOtelPrefix: boolean;
  readonly #instanceId: string | undefined;
  readonly #out = new ByteWriter();
  readonly #scratch = new ByteWriter();

  constructor(config: SpanMetricsConfig, gates: Gates, instanceId: string) {
    this.#excluded = new Set(config.exclude_dimensions);
    this.#scopes = new Set(config.include_instrumentation_scope);
    this.#hasSamplingMethod = config.enable_metrics_sampling_method;
    this.#usesOtelPrefix = gates.useOtelPrefix;
    this.#instanceId = gates.includeCollectorInstanceId ? instanceId : undefined;
  }

  /** The encoded attributes; the writer is reused. */
  of(service: string, span: SpanView, others: readonly AttributesView[], isAdjusted: boolean, lists: readonly Dimensions[]): ByteWriter {
    const attributes = new Map<string, Buffer>();
    const put = (name: string, value: Buffer): void => void attributes.set(name, value);
    const putText = (name: string, value: string): void => {
      if (!this.#excluded.has(name)) put(name, this.#encoded(name, Buffer.from(value)));
    };
    putText('service.name', service);
    if (!this.#excluded.has('span.name')) {
      const { buffer, start, end } = span.nameRange();
      put('span.name', this.#encoded('span.name', buffer.subarray(start, end)));
    }
    putText('span.kind', kinds[span.kind] ?? '');
    const status = statuses[span.statusCode];
    if (!this.#usesOtelPrefix) putText('status.code', status === undefined ? '' : `STATUS_CODE_${status}`);
    else if (status !== undefined && status !== 'UNSET') putText('otel.status_code', status);
    if (this.#instanceId !== undefined) putText('collector.instance.id', this.#instanceId);
    const { name: scope, version } = span.scope;
    if (scope !== '' && this.#scopes.has(scope)) {
      put('span.instrumentation.scope.name', this.#encoded('span.instrumentation.scope.name', Buffer.from(scope)));
      if (version !== '')
        put('span.instrumentation.scope.version', this.#encoded('span.instrumentation.scope.version', Buffer.from(version)));
    }
    if (this.#hasSamplingMethod) {
      put('sampling.method', this.#encoded('sampling.method', Buffer.from(isAdjusted ? 'extrapolated' : 'counted')));
    }
    for (const list of lists) {
      list.each(span.attributes, others, (name, from, slot, fallback) => {
        put(name, from === undefined ? this.#encoded(name, fallback!) : this.#copied(from, slot));
      });
    }
    const out = this.#out;
    out.position = 0;
    for (const encoded of attributes.values()) out.bytes(encoded);
    return out;
  }

  /** The one attribute of a series that stands for all beyond the limit. */
  overflow(): ByteWriter {
    const out = this.#out;
    out.position = 0;
    const at = out.begin(tag);
    const keyAt = out.begin(0x0a);
    out.text('otel.metric.overflow');
    out.end(keyAt);
    const valueAt = out.begin(0x12);
    out.byte(0x10);
    out.byte(1);
    out.end(valueAt);
    out.end(at);
    return out;
  }

  #encoded(name: string, text: Uint8Array): Buffer {
    const scratch = this.#scratch;
    scratch.position = 0;
    const at = scratch.begin(tag);
    const keyAt = scratch.begin(0x0a);
    scratch.text(name);
    scratch.end(keyAt);
    const valueAt = scratch.begin(0x12);
    const textAt = scratch.begin(0x0a);
    scratch.bytes(text);
    scratch.end(textAt);
    scratch.end(valueAt);
    scratch.end(at);
    return this.#taken();
  }

  #copied(from: AttributesView, slot: number): Buffer {
    this.#scratch.position = 0;
    from.copyAt(slot, this.#scratch, tag);
    return this.#taken();
  }

  #taken(): Buffer {
    return Buffer.from(this.#scratch.buffer.subarray(0, this.#scratch.position));
  }
}
