/** The share of the memory at which each level begins; it ends a tenth below. */
const begins = [0.7, 0.8, 0.9];
const hysteresis = 0.1;

/**
 * How much detail is given up, by the memory that is used: 0 nothing, 1 exemplars, 2 the resolution of distributions, 3 new series. A level ends only
 * well below where it began, and not before a window has closed since: what was given up frees memory, and must not be the reason to take it back.
 */
export class Pressure {
  level = 0;

  /** Takes the used share of the memory, 1 for all of it; `mayEnd`: a window has closed since the last change. Returns whether the level changed. */
  update(share: number, mayEnd: boolean): boolean {
    const before = this.level;
    while (this.level < begins.length && share >= begins[this.level]!) this.level++;
    if (!mayEnd) return this.level !== before;
    while (this.level > 0 && share < begins[this.level - 1]! - hysteresis) this.level--;
    return this.level !== before;
  }
}
