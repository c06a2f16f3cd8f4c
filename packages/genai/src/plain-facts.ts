import { Facts } from './facts.ts';
import { fieldNumber } from './field.ts';
import { numberOf, parseJson } from './json.ts';

/** The facts in a plain object. A place is the number of a member. */
export class PlainFacts extends Facts {
  readonly #values: unknown[] = [];

  /** Shows other attributes; members that are undefined or null are absent. */
  bind(attributes: Readonly<Record<string, unknown>>): void {
    this.forget();
    this.#values.length = 0;
    for (const name of Object.keys(attributes)) {
      const value = attributes[name];
      const number = fieldNumber(name);
      if (number >= 0 && value !== undefined && value !== null) this.note(number, this.#values.push(value) - 1);
    }
  }

  protected textAt(place: number, maxBytes: number): string {
    const given = this.#values[place];
    const value = Array.isArray(given) ? (given[0] as unknown) : given;
    if (typeof value === 'string') return value.length > maxBytes ? Buffer.from(value.slice(0, maxBytes)).toString() : value;
    if (Array.isArray(given)) return '';
    return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : '';
  }

  protected numberAt(place: number): number {
    return numberOf(this.#values[place]);
  }

  protected flagAt(place: number): boolean {
    const value = this.#values[place];
    return value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
  }

  protected jsonAt(place: number): unknown {
    const value = this.#values[place];
    if (typeof value === 'string') return parseJson(value);
    return typeof value === 'object' ? value : undefined;
  }
}
