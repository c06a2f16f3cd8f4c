import type { FamilyType } from '@millrace/prometheus-format';

/** What an exposition says about a family. */
export interface Metadata {
  type: FamilyType;
  help: string;
  unit: string;
}

const gauge = (help: string, unit = ''): Metadata => ({ type: 'gauge', help, unit });

/** What every scrape says of itself, in the words of the Collector. */
const reports: ReadonlyMap<string, Metadata> = new Map([
  ['up', gauge('The scraping was successful')],
  ['scrape_duration_seconds', gauge('Duration of the scrape', 's')],
  ['scrape_samples_scraped', gauge('The number of samples the target exposed')],
  ['scrape_samples_post_metric_relabeling', gauge('The number of samples remaining after metric relabeling was applied')],
  ['scrape_series_added', gauge('The approximate number of new series in this scrape')],
  ['scrape_timeout_seconds', gauge('The time after which a scrape has failed', 's')],
  ['scrape_sample_limit', gauge('The most samples that a scrape may have; 0 for any number')],
  ['scrape_body_size_bytes', gauge('The size of the answer after decompression; -1 when the scrape failed', 'By')],
]);

const suffixes = ['_bucket', '_count', '_sum', '_total', '_info', '_created', '_gsum', '_gcount'];

/** What is known about families by the names in the exposition; what an answer does not mention is as in the one before. */
export class MetadataStore {
  readonly #byName = new Map<string, Metadata>();
  readonly #before: ReadonlyMap<string, Metadata>;

  constructor(before?: MetadataStore) {
    this.#before = before === undefined ? new Map<string, Metadata>() : before.#byName;
  }

  of(name: string): Metadata {
    let metadata = this.#byName.get(name);
    if (metadata === undefined) this.#byName.set(name, (metadata = { type: 'unknown', help: '', unit: '' }));
    return metadata;
  }

  /**
   * The family of a sample and what is known about it: by its own name, or without a suffix. Counters keep the name of the sample. Without
   * metadata a sample is a family of its own.
   */
  family(sampleName: string): { readonly name: string; readonly metadata: Metadata } {
    const own = reports.get(sampleName) ?? this.#get(sampleName);
    if (own !== undefined) return { name: sampleName, metadata: own };
    const suffix = suffixes.find((end) => sampleName.endsWith(end) && sampleName.length > end.length);
    if (suffix !== undefined) {
      const base = sampleName.slice(0, -suffix.length);
      const metadata = this.#get(base);
      if (metadata !== undefined) return { name: metadata.type === 'counter' ? sampleName : base, metadata };
    }
    return { name: sampleName, metadata: { type: 'unknown', help: '', unit: '' } };
  }

  #get(name: string): Metadata | undefined {
    return this.#byName.get(name) ?? this.#before.get(name);
  }
}
