import { positionText } from './query-error.ts';

const shownMax = 10;

interface Place {
  readonly index: number;
  /** Added to the text when it is shown. */
  readonly detail?: () => string;
}

/** Warnings and infos of one query: each text once, with the last place in the query that it is about. */
export class Annotations {
  readonly #warnings = new Map<string, Place>();
  readonly #infos = new Map<string, Place>();

  warn(message: string, index: number): void {
    this.#warnings.set(message, { index });
  }

  info(message: string, index: number): void {
    this.#infos.set(message, { index });
  }

  /** An info with details that are known only at the end. */
  detail(message: string, detail: () => string, index: number): void {
    this.#infos.set(message, { index, detail });
  }

  warnings(query: string): string[] {
    return texts(query, 'PromQL warning', 'warning', this.#warnings);
  }

  infos(query: string): string[] {
    return texts(query, 'PromQL info', 'info', this.#infos);
  }
}

function texts(query: string, prefix: string, name: string, messages: ReadonlyMap<string, Place>): string[] {
  const all = [...messages].map(
    ([message, { index, detail }]) => `${prefix}: ${message}${detail?.() ?? ''} (${positionText(query, index)})`,
  );
  const more = all.length - shownMax;
  return more > 0 ? [...all.slice(0, shownMax), `${more} more ${name} annotations omitted`] : all;
}
