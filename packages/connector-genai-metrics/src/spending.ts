import { moneyToNumber } from '@millrace/genai';
import type { Cost } from '@millrace/genai';
import { place } from './own-attributes.ts';
import type { OwnAttributes } from './own-attributes.ts';

const priced = Buffer.from('priced');
const dollars = Buffer.from('USD');

/** What one call cost, as numbers: of the attributes that processor `genai` wrote, or of a price list. Reused. */
export class Spending {
  /** '' when nobody knows. */
  status = '';
  currency = '';
  /** NaN where it is not known. */
  amount: number = Number.NaN;
  actual: number = Number.NaN;
  estimated: number = Number.NaN;
  driftPercent: number = Number.NaN;
  cache = 0;
  routing = 0;
  batch = 0;

  /** Reads the attributes; false when no cost was written. */
  read(own: OwnAttributes): boolean {
    if (!own.has(place.status) && !own.has(place.amount)) return false;
    // Texts that occur in every call are not made anew each time.
    this.status = !own.has(place.status) || own.equals(place.status, priced) ? 'priced' : own.text(place.status);
    this.currency = !own.has(place.currency) || own.equals(place.currency, dollars) ? 'USD' : own.text(place.currency);
    this.amount = sane(own.number(place.amount));
    this.actual = sane(own.number(place.actual));
    this.estimated = sane(own.number(place.estimated));
    this.driftPercent = own.number(place.drift);
    this.cache = sane(own.number(place.cache)) || 0;
    this.routing = sane(own.number(place.routing)) || 0;
    this.batch = sane(own.number(place.batch)) || 0;
    return true;
  }

  /** Takes what a price list says. */
  take({ status, currency, amount, actual, estimated, driftPercent, savings }: Cost): void {
    const isKnown = status === 'priced' || status === 'cached';
    this.status = status;
    this.currency = currency;
    this.amount = isKnown || actual !== undefined ? moneyToNumber(amount) : Number.NaN;
    this.actual = actual === undefined ? Number.NaN : moneyToNumber(actual);
    this.estimated = isKnown ? moneyToNumber(estimated) : Number.NaN;
    this.driftPercent = driftPercent;
    this.cache = moneyToNumber(savings.cache);
    this.routing = moneyToNumber(savings.routing);
    this.batch = moneyToNumber(savings.batch);
  }

  /** Nothing is known. */
  clear(): void {
    this.status = this.currency = '';
    this.amount = this.actual = this.estimated = this.driftPercent = Number.NaN;
    this.cache = this.routing = this.batch = 0;
  }

  /** The same, apart from this one. */
  copy(): Spending {
    return Object.assign(new Spending(), this);
  }
}

/** NaN for an amount that would make every sum useless: the same that `moneyOf` refuses. */
function sane(amount: number): number {
  return Math.abs(amount) <= 1e15 ? amount : Number.NaN;
}
