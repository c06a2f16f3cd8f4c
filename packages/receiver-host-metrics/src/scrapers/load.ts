import { cpus } from 'node:os';
import { text, words } from '../host-files.ts';
import type { HostFiles } from '../host-files.ts';
import type { Recorder } from '../recorder.ts';
import { gauge } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperConfig, ScraperType } from '../scraper.ts';

const metrics: MetricTable = {
  'system.cpu.load_average.15m': gauge('double', '{thread}', 'Average CPU Load over 15 minutes.'),
  'system.cpu.load_average.1m': gauge('double', '{thread}', 'Average CPU Load over 1 minute.'),
  'system.cpu.load_average.5m': gauge('double', '{thread}', 'Average CPU Load over 5 minutes.'),
};

interface LoadConfig extends ScraperConfig {
  readonly cpu_average: boolean;
}

class LoadScraper implements Scraper {
  readonly #files: HostFiles;
  readonly #divisor: number;

  constructor(config: LoadConfig, files: HostFiles) {
    this.#files = files;
    this.#divisor = config.cpu_average ? cpus().length : 1;
  }

  scrape(out: Recorder): void {
    const averages = words(text(this.#files.proc('loadavg')));
    for (const [i, minutes] of ['1m', '5m', '15m'].entries()) {
      const average = Number(averages[i]);
      if (Number.isNaN(average)) throw new Error(`unexpected content in ${this.#files.proc('loadavg')}`);
      out.record(`system.cpu.load_average.${minutes}`, average / this.#divisor);
    }
  }
}

/** Load averages, from /proc/loadavg. */
export const load: ScraperType<LoadConfig> = {
  metrics,
  settings: {
    cpu_average: { type: 'boolean', default: false, description: 'Whether the load is divided by the number of logical CPUs.' },
  },
  make: (config, files) => new LoadScraper(config, files),
};
