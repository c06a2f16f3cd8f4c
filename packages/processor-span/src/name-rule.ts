import { key } from '@millrace/api';
import type { Key, SpanView } from '@millrace/api';
import { Regex } from '@millrace/regex';

/** An expression whose groups are taken out of the names of spans. */
export class NameRule {
  readonly #regex: Regex;
  readonly #groups: readonly Key[];

  /** Throws what `Regex` throws. */
  constructor(pattern: string) {
    this.#regex = new Regex(pattern);
    this.#groups = this.#regex.groupNames.map((name) => key(name ?? ''));
  }

  /**
   * Sets an attribute for every group when the name matches. Returns the name with `{group}` in the places of the groups; undefined when it
   * does not match. A group that took no part gives an empty attribute, and it and a group inside another one have no place in the name.
   */
  apply(span: SpanView, name: string): string | undefined {
    const ranges = this.#regex.ranges(name);
    if (ranges === undefined) return undefined;
    let renamed = '';
    let at = 0;
    for (const [i, group] of this.#groups.entries()) {
      const start = ranges[2 * i + 2]!;
      const end = ranges[2 * i + 3]!;
      span.attributes.setString(group, start < 0 ? '' : name.slice(start, end));
      if (start < at) continue;
      renamed += `${name.slice(at, start)}{${group.text}}`;
      at = end;
    }
    return renamed + name.slice(at);
  }
}
