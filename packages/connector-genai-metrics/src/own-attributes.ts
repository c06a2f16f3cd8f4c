import type { AttributesView } from '@millrace/api';
import { added } from '@millrace/genai';
import type { NotedAttributes } from '@millrace/genai';
import type { LabelValue } from '@millrace/instruments';
import { labelAt } from './item-labels.ts';

/** What an operation can tell besides what every dialect tells. */
const keys = {
  status: added.costStatus.text,
  currency: added.costCurrency.text,
  amount: added.costAmount.text,
  actual: added.costActual.text,
  estimated: added.costEstimated.text,
  drift: added.costDrift.text,
  cache: added.savingsCache.text,
  routing: added.savingsRouting.text,
  batch: added.savingsBatch.text,
  strategy: 'millrace.routing.strategy',
  rotation: 'millrace.rotation.strategy',
  retries: 'millrace.retry.count',
  resends: 'http.request.resend_count',
  fallbackFrom: 'millrace.fallback.from',
  failoverFrom: 'millrace.failover.from',
  failoverTo: 'millrace.failover.to',
  batchSize: 'millrace.batch.size',
} as const;

/** The number of each attribute. */
export const place: Readonly<Record<keyof typeof keys, number>> = {
  status: 0,
  currency: 1,
  amount: 2,
  actual: 3,
  estimated: 4,
  drift: 5,
  cache: 6,
  routing: 7,
  batch: 8,
  strategy: 9,
  rotation: 10,
  retries: 11,
  resends: 12,
  fallbackFrom: 13,
  failoverFrom: 14,
  failoverTo: 15,
  batchSize: 16,
};
const firstFact = place.strategy;

/** All of them: what the reader of calls has to note. */
export const ownKeys: readonly string[] = Object.values(keys);

/** Shows these attributes, where a reader of calls noted them: no second look at all that are there. Reused. */
export class OwnAttributes {
  readonly #noted: NotedAttributes;
  readonly #fields: Int32Array;
  #attributes!: AttributesView;

  /** The reader's, which was made with `ownKeys`. */
  constructor(noted: NotedAttributes) {
    this.#noted = noted;
    this.#fields = Int32Array.from(ownKeys, (text) => noted.numberOf(text));
  }

  /** Shows the attributes that were read last. */
  bind(attributes: AttributesView): void {
    this.#attributes = attributes;
  }

  /** Whether there is one of those that tell how a model or endpoint was chosen. */
  get hasFacts(): boolean {
    for (let fact = firstFact; fact < this.#fields.length; fact++) if (this.#slot(fact) >= 0) return true;
    return false;
  }

  #slot(attribute: number): number {
    return this.#noted.placeOf(this.#fields[attribute]!);
  }

  has(attribute: number): boolean {
    return this.#slot(attribute) >= 0;
  }

  /** NaN when it is not there or no number. */
  number(attribute: number): number {
    const slot = this.#slot(attribute);
    return slot < 0 ? Number.NaN : this.#attributes.valueAt(slot).number();
  }

  /** Undefined when it is not there or no single value. */
  label(attribute: number): LabelValue | undefined {
    const slot = this.#slot(attribute);
    return slot < 0 ? undefined : labelAt(this.#attributes, slot);
  }

  /** '' when it is not there or no text. */
  text(attribute: number): string {
    const slot = this.#slot(attribute);
    return slot < 0 ? '' : this.#attributes.valueAt(slot).string();
  }

  /** Whether a text is this one. */
  equals(attribute: number, bytes: Uint8Array): boolean {
    const { buffer, start, end } = this.#attributes.rangeAt(this.#slot(attribute));
    if (end - start !== bytes.length) return false;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buffer[start + i]) return false;
    return true;
  }
}
