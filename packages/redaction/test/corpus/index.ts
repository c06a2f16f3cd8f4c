import { heldOutLayouts, tuningLayouts } from './layouts.ts';
import { negatives } from './negatives.ts';
import type { Negative } from './negatives.ts';
import { Random } from './random.ts';
import { credentialTexts, secrets } from './values.ts';

/** A text with one secret. */
export interface Positive {
  readonly detector: string;
  readonly layout: string;
  readonly key: string;
  readonly text: string;
  /** The text as it should come out: `****` in place of the secret. */
  readonly expected: string;
}

export interface Corpus {
  readonly positives: readonly Positive[];
  readonly negatives: readonly Negative[];
}

/** The labelled corpus of a set: other values, other layouts and other kinds of negatives in each. */
export function corpusOf(set: 'tuning' | 'held out'): Corpus {
  const random = new Random(set === 'tuning' ? 11 : 97);
  const layouts = Object.entries(set === 'tuning' ? tuningLayouts : heldOutLayouts);
  const positives: Positive[] = [];
  for (const [detector, make] of Object.entries(secrets)) {
    for (const [layout, put] of layouts) {
      for (let i = 0; i < 20; i++) {
        const value = make(random);
        // Both texts from the same numbers.
        const [key, text] = put(value, random);
        positives.push({ detector, layout, key, text, expected: put('****', random)[1] });
      }
    }
  }
  credentialTexts
    .filter((_, i) => (set === 'tuning' ? i !== 4 && i !== 8 : true))
    .forEach((make, i) => {
      for (let n = 0; n < 30; n++) {
        const marked = make(random);
        positives.push({
          detector: 'credentials',
          layout: `credentials ${i}`,
          key: '',
          text: marked.replace(/[‹›]/g, ''),
          expected: marked.replace(/‹[^›]*›/, '****'),
        });
      }
    });
  return { positives, negatives: negatives(random, set, 5000) };
}
