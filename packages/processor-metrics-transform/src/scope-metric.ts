import { decodeMetric, encodeMetric } from '@millrace/timeseries';
import type { PlainMetric } from '@millrace/timeseries';
import { ByteWriter, skipField } from '@millrace/wire';

const nameTag = 0x0a;

/** A metric of a scope. It stays as its bytes as long as only its name is asked for and changed. */
export class ScopeMetric {
  #bytes: Uint8Array;
  #name: string;
  #metric: PlainMetric | undefined;
  #isChanged = false;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  /** A metric that was made. */
  static of(metric: PlainMetric): ScopeMetric {
    const made = new ScopeMetric(new Uint8Array(), '');
    made.metric = metric;
    return made;
  }

  get isChanged(): boolean {
    return this.#isChanged;
  }

  get name(): string {
    return this.#metric === undefined ? this.#name : (this.#metric.name ?? '');
  }

  /** Its object form: set it when something was changed in it. */
  get metric(): PlainMetric {
    return (this.#metric ??= decodeMetric(this.#bytes));
  }

  set metric(value: PlainMetric) {
    this.#metric = value;
    this.#isChanged = true;
  }

  rename(name: string): void {
    this.#isChanged = true;
    if (this.#metric !== undefined) {
      this.#metric.name = name;
      return;
    }
    this.#bytes = withName(Buffer.from(this.#bytes), name);
    this.#name = name;
  }

  encoded(): Uint8Array {
    return this.#metric !== undefined && this.#isChanged ? encodeMetric(this.#metric) : this.#bytes;
  }
}

function withName(metric: Buffer, name: string): Uint8Array {
  const writer = new ByteWriter();
  const at = writer.begin(nameTag);
  writer.bytes(Buffer.from(name));
  writer.end(at);
  for (let p = 0; p < metric.length;) {
    const next = skipField(metric, p);
    if (metric[p] !== nameTag) writer.bytes(metric.subarray(p, next));
    p = next;
  }
  return writer.buffer.subarray(0, writer.position);
}
