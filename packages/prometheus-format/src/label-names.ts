import { labelName } from './names.ts';
import type { LabelNameOptions } from './names.ts';

/** Names that belong to the format: an attribute of such a name is exposed as `exported_NAME`, as Prometheus does with its own. */
const reserved: ReadonlySet<string> = new Set(['le', 'quantile', '__name__']);

/** More names than this are not kept: they are translated again. */
const maxNames = 10_000;

/** Attribute names as label names. */
export class LabelNames {
  readonly #options: LabelNameOptions;
  readonly #known = new Map<string, string>();

  constructor(options: LabelNameOptions) {
    this.#options = options;
  }

  /** The label name of an attribute; `_` for one that nothing is left of. */
  label(attribute: string): string {
    let name = this.#known.get(attribute);
    if (name === undefined) {
      if (this.#known.size >= maxNames) this.#known.clear();
      this.#known.set(attribute, (name = this.#translate(attribute)));
    }
    return name;
  }

  #translate(attribute: string): string {
    let name: string;
    try {
      name = labelName(attribute, this.#options);
    } catch {
      return 'key_';
    }
    return reserved.has(name) ? `exported_${name}` : name;
  }
}
