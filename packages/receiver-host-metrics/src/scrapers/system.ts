import { text, words } from '../host-files.ts';
import { gauge } from '../scraper.ts';
import type { MetricTable, ScraperType } from '../scraper.ts';

const metrics: MetricTable = {
  'system.uptime': gauge('double', 's', 'The time the system has been running'),
};

/** How long the host has been running, from /proc/uptime, in whole seconds. */
export const system: ScraperType = {
  metrics,
  make: (_config, files) => ({
    scrape: (out) => {
      const seconds = Number(words(text(files.proc('uptime')))[0]);
      if (Number.isNaN(seconds)) throw new Error(`unexpected content in ${files.proc('uptime')}`);
      out.record('system.uptime', Math.floor(seconds));
    },
  }),
};
