import { prometheusDurationMs } from './prometheus-duration.ts';
import type { Labels, RelabelRule } from './relabel.ts';
import type { FilledScrapeConfig } from './scrape-configs.ts';

/** Something to scrape. */
export interface Target {
  /** Labels that its samples get: those that do not start with `__`. */
  readonly labels: ReadonlyMap<string, string>;
  readonly url: URL;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Equal for equal targets. */
  readonly key: string;
}

/**
 * Makes a target of the labels that were discovered: fills in what the job says, applies the rules, and reads address, path and times from the
 * result, as Prometheus does. Undefined when a rule drops it. Throws an Error when nothing can be scraped there.
 */
export function makeTarget(
  discovered: Readonly<Record<string, string>>,
  config: FilledScrapeConfig,
  rules: readonly RelabelRule[],
): Target | undefined {
  const labels: Labels = new Map(Object.entries(discovered).filter(([, value]) => value !== ''));
  const preset: [string, string][] = [
    ['job', config.job_name],
    ['__scrape_interval__', config.scrape_interval],
    ['__scrape_timeout__', config.scrape_timeout],
    ['__metrics_path__', config.metrics_path],
    ['__scheme__', config.scheme],
    ...Object.entries(config.params).map(([name, values]): [string, string] => [`__param_${name}`, values[0] ?? '']),
  ];
  for (const [name, value] of preset) if (!labels.has(name) && value !== '') labels.set(name, value);
  for (const rule of rules) if (!rule(labels)) return undefined;

  const address = labels.get('__address__');
  if (address === undefined) throw new Error('no address');
  const scheme = labels.get('__scheme__') ?? 'http';
  if (/[/]/.test(address)) throw new Error(`${JSON.stringify(address)} is not a valid hostname`);
  const url = new URL(`${scheme}://${address}`);
  url.pathname = labels.get('__metrics_path__') ?? '/metrics';
  // A label of its own replaces the first value of a parameter.
  const params = new Map(Object.entries(config.params).map(([name, values]) => [name, [...values]]));
  for (const [name, value] of labels) {
    if (name.startsWith('__param_'))
      params.set(name.slice('__param_'.length), [value, ...(params.get(name.slice('__param_'.length)) ?? []).slice(1)]);
  }
  for (const [name, values] of params) for (const value of values) url.searchParams.append(name, value);
  const intervalMs = prometheusDurationMs(labels.get('__scrape_interval__') ?? '') ?? 0;
  const timeoutMs = prometheusDurationMs(labels.get('__scrape_timeout__') ?? '') ?? 0;
  if (intervalMs === 0) throw new Error('scrape interval cannot be 0');
  if (timeoutMs === 0) throw new Error('scrape timeout cannot be 0');
  if (timeoutMs > intervalMs) throw new Error(`scrape timeout cannot be greater than scrape interval`);
  if (!labels.has('instance')) labels.set('instance', address);
  for (const name of labels.keys()) if (name.startsWith('__')) labels.delete(name);
  const key = JSON.stringify([url.href, intervalMs, timeoutMs, ...[...labels].toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  return { labels, url, intervalMs, timeoutMs, key };
}
