import type { Verdict, Visitor } from '../visitor.ts';
import type { HeaderVersion } from './header.ts';

/**
 * The resource, scope or metric of the current items with its versions: visitor k sees what it is after its own hook. Hooks run when the
 * first item reaches their visitor, so a visitor that all items are dropped before never hears of the thing.
 */
export class Level<V extends HeaderVersion> {
  /** The version of each visitor whose hook was run. */
  readonly seen: V[];
  /** The version after the last hook that was run. */
  latest: V;
  /** Visitors whose hooks were run. */
  entered = 0;
  /** The visitor that dropped it; the number of visitors when none did. */
  droppedBy = 0;
  /** The visitors that skip it, as bits. */
  skips = 0;
  readonly #make: () => V;
  readonly #hook: (visitor: Visitor, version: V) => Verdict;
  readonly #hooks: number;
  /** Versions are edited by the hooks of items too. */
  readonly #late: boolean;
  readonly #versions: V[];
  #used = 1;

  /** `hooks`: which visitors have the hook, as bits. */
  constructor(make: () => V, seen: V[], hooks: number, hook: (visitor: Visitor, version: V) => Verdict, late: boolean) {
    this.#make = make;
    this.seen = seen;
    this.#hooks = hooks;
    this.#hook = hook;
    this.#late = late;
    this.#versions = [make()];
    this.latest = this.#versions[0];
  }

  /** Starts with the message in `[start, end)`. */
  start(start: number, end: number, visitors: number): void {
    this.#used = 1;
    this.latest = this.#versions[0];
    this.latest.bind(start, end);
    this.entered = 0;
    this.droppedBy = visitors;
    this.skips = 0;
  }

  /** Runs the hook of visitor `i`, the next one. Returns what it threw. */
  enter(i: number, visitor: Visitor, hidden: boolean): { error: unknown } | undefined {
    this.entered = i + 1;
    this.seen[i] = this.latest;
    const isHooked = !hidden && (this.#hooks & (1 << i)) !== 0;
    if (!isHooked && !this.#late) return undefined;
    const version = (this.#versions[this.#used] ??= this.#make());
    version.follow(this.latest);
    version.writable = true;
    this.seen[i] = version;
    let verdict: Verdict = undefined;
    let failure: { error: unknown } | undefined;
    if (isHooked) {
      try {
        verdict = this.#hook(visitor, version);
      } catch (error) {
        failure = { error };
        version.follow(this.latest);
      }
    }
    version.writable = this.#late;
    // A hook of items that fails takes back its own edits, not these.
    if (this.#late) version.commit();
    if (version.isOwn || this.#late) {
      this.latest = version;
      this.#used++;
    } else this.seen[i] = this.latest;
    if (verdict === 'drop') this.droppedBy = i;
    else if (verdict === 'skip') this.skips |= 1 << i;
    return failure;
  }
}
