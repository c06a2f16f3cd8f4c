/** An amount of money in 30 days, and the range in which it probably is. */
export interface Saving {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** A piece of advice. */
export interface Recommendation {
  /** The same for the same advice about the same thing. */
  readonly id: string;
  readonly category: 'cache' | 'routing' | 'token' | 'model' | 'capacity';
  readonly title: string;
  /** What was found. */
  readonly description: string;
  /** Absent when the facts do not say what it would save. */
  readonly saving?: Saving;
  /** By the share of all cost that it would save: high from 10 %, medium from 3 %. */
  readonly priority: 'low' | 'medium' | 'high';
  readonly action: string;
  /** How it is done, step by step. */
  readonly howToApply: string;
  /** The numbers that it follows from, with the threshold among them. Shares are 0 to 1. */
  readonly evidence: Readonly<Record<string, number | string>>;
  /** 0 to 1: how far it does not hang on single days. */
  readonly confidence: number;
}

/** Advice before it has a priority. */
export type Finding = Omit<Recommendation, 'priority'> & { readonly priority?: Recommendation['priority'] };
