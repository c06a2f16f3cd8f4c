import type { Component, Consumer, Context, Host } from '@millrace/api';
import type { PrometheusReceiverConfig } from './config.ts';
import { Job } from './job.ts';
import { scrapeConfigs } from './scrape-configs.ts';

/** Scrapes the targets of every job from its start to its shutdown. */
export class PrometheusReceiver implements Component {
  readonly #config: PrometheusReceiverConfig;
  readonly #next: Consumer;
  readonly #context: Context;
  #jobs: readonly Job[] = [];

  constructor(config: PrometheusReceiverConfig, next: Consumer, context: Context) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
  }

  start({ pool }: Host): void {
    this.#jobs = scrapeConfigs(this.#config).map(
      (job) =>
        new Job(job, {
          context: this.#context,
          pool,
          next: this.#next,
          reportExtra: this.#config.report_extra_scrape_metrics,
          trimSuffixes: this.#config.trim_metric_suffixes,
          keepClassicBuckets: job.always_scrape_classic_histograms,
          programVersion: this.#context.program.version,
        }),
    );
    for (const job of this.#jobs) job.start();
  }

  async shutdown(): Promise<void> {
    const jobs = this.#jobs;
    this.#jobs = [];
    await Promise.all(jobs.map((job) => job.stop()));
  }
}
