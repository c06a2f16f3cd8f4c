import type { Logger } from '@millrace/api';
import { discoverByDns, discoverByHttp, discoverInFiles, foundIn } from './discovery.ts';
import type { Discovery, Found } from './discovery.ts';
import { createAccess } from './http-get.ts';
import type { HttpAccess } from './http-get.ts';
import { relabelRule } from './relabel.ts';
import type { RelabelRule } from './relabel.ts';
import type { FilledScrapeConfig } from './scrape-configs.ts';
import { ScrapeLoop } from './scrape-loop.ts';
import type { Surroundings } from './scrape-loop.ts';
import { makeTarget } from './target.ts';
import type { Target } from './target.ts';

/** One job: finds its targets and scrapes each of them. */
export class Job {
  readonly #config: FilledScrapeConfig;
  readonly #surroundings: Surroundings;
  readonly #logger: Logger;
  readonly #access: HttpAccess;
  readonly #rules: readonly RelabelRule[];
  readonly #loops = new Map<string, ScrapeLoop>();
  readonly #found = new Map<number, readonly Found[]>();
  readonly #discoveries: Discovery[] = [];
  readonly #discoveryAccesses: HttpAccess[] = [];
  readonly #ending = new Set<Promise<void>>();
  #stopped = false;

  constructor(config: FilledScrapeConfig, surroundings: Surroundings) {
    this.#config = config;
    this.#surroundings = surroundings;
    this.#logger = surroundings.context.logger;
    this.#access = createAccess(config);
    this.#rules = config.relabel_configs.map(relabelRule);
  }

  /** Starts to look for targets. */
  start(): void {
    const { clock, logger } = this.#surroundings.context;
    let source = 0;
    const around = () => {
      const own = source++;
      return { clock, logger, found: (targets: readonly Found[]) => this.#update(own, targets) };
    };
    for (const config of this.#config.file_sd_configs) this.#discoveries.push(discoverInFiles(config, around()));
    for (const config of this.#config.dns_sd_configs) this.#discoveries.push(discoverByDns(config, around()));
    for (const config of this.#config.http_sd_configs) {
      const access = createAccess(config);
      this.#discoveryAccesses.push(access);
      this.#discoveries.push(discoverByHttp(config, access, around()));
    }
    this.#update(
      source,
      this.#config.static_configs.flatMap((group) => foundIn(group)),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const discovery of this.#discoveries) discovery.stop();
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop(false)));
    await Promise.all(this.#ending);
    this.#access.close();
    for (const access of this.#discoveryAccesses) access.close();
  }

  #update(source: number, found: readonly Found[]): void {
    if (this.#stopped) return;
    this.#found.set(source, found);
    const targets = this.#targets([...this.#found.values()].flat());
    for (const [key, loop] of this.#loops) {
      if (targets.has(key)) continue;
      this.#loops.delete(key);
      const ending = loop.stop(true).finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
    }
    for (const [key, target] of targets) {
      if (!this.#loops.has(key)) this.#loops.set(key, new ScrapeLoop(target, this.#config, this.#access, this.#surroundings));
    }
  }

  /** The targets to scrape, each once. None when there are more than `target_limit`. */
  #targets(found: readonly Found[]): Map<string, Target> {
    const targets = new Map<string, Target>();
    for (const labels of found) {
      try {
        const target = makeTarget(labels, this.#config, this.#rules);
        if (target !== undefined) targets.set(target.key, target);
      } catch (error) {
        this.#logger.error('Creating target failed', { job: this.#config.job_name, error: (error as Error).message });
      }
    }
    const { target_limit: limit } = this.#config;
    if (limit > 0 && targets.size > limit) {
      this.#logger.error('target_limit exceeded', { job: this.#config.job_name, targets: targets.size, limit });
      targets.clear();
    }
    return targets;
  }
}
