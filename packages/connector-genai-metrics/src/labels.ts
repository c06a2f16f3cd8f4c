import { createHmac } from 'node:crypto';
import type { LabelValue } from '@millrace/instruments';

/** Labels by name; one that is absent is left out of a series. */
export type Labels = ReadonlyMap<string, LabelValue | undefined>;

/** The label of series that stand for all beyond a limit; labels with it have no other. */
export const overflowLabel = 'otel.metric.overflow';
/** The labels of what is beyond the limit of combinations. */
export const overflowLabels: Labels = new Map([[overflowLabel, true]]);

const userKey = /^(enduser\.|user\.|langfuse\.user|langsmith\.user|session\.user)|user[._]?id$|\.user$/i;
const maxUsers = 10_000;
const hashDigits = 16;

/** Whether an attribute names a person: it never becomes a label as it is. */
export function isUserKey(key: string): boolean {
  return userKey.test(key);
}

/** Names of users as keyed hashes. */
export class UserHash {
  readonly #key: string;
  readonly #known = new Map<string, string>();

  constructor(key: string) {
    this.#key = key;
  }

  /** 64 bits of an HMAC-SHA256, as hexadecimal digits; '' of ''. */
  of(user: string): string {
    if (user === '') return '';
    let hash = this.#known.get(user);
    if (hash === undefined) {
      hash = createHmac('sha256', this.#key).update(user).digest('hex').slice(0, hashDigits);
      if (this.#known.size >= maxUsers) this.#known.clear();
      this.#known.set(user, hash);
    }
    return hash;
  }
}
