import type { SummaryDimension } from './summary-bucket.ts';
import type { GroupReport, SummaryReport, TotalsReport } from './summary-report.ts';

/** A summary for people: totals, then a table each for models, cache, errors. */
export function summaryText(report: SummaryReport): string {
  const { totals } = report;
  const money = moneyFormat(report.currency);
  const saved = totals.savings.cache + totals.savings.routing + totals.savings.batch;
  const { latency: t } = totals;
  const lines = [
    `${report.from} to ${report.until}`,
    '',
    `requests   ${whole(totals.requests)}, ${percent(totals.success_rate)} successful`,
    `tokens     ${whole(totals.input_tokens)} in (${percent(share(totals.cached_input_tokens, totals.input_tokens))} from prompt caches), ${whole(totals.output_tokens)} out`,
    `cost       ${money(totals.cost)}${saved === 0 ? '' : `, saved ${money(saved)} (cache ${money(totals.savings.cache)}, routing ${money(totals.savings.routing)}, batch ${money(totals.savings.batch)})`}`,
    ...(report.cost_drift_percent === undefined
      ? []
      : [
          `drift      ${report.cost_drift_percent.toFixed(2)} % (actual ${money(report.actual_cost)}, estimated ${money(report.estimated_cost)})`,
        ]),
    `latency    p50 ${seconds(t.p50)}, p75 ${seconds(t.p75)}, p90 ${seconds(t.p90)}, p95 ${seconds(t.p95)}, p99 ${seconds(t.p99)}`,
    ...(report.time_to_first_chunk.p50 === 0
      ? []
      : [`first      p50 ${seconds(report.time_to_first_chunk.p50)}, p95 ${seconds(report.time_to_first_chunk.p95)} to the first chunk`]),
    ...(totals.quality === undefined ? [] : [`quality    ${totals.quality.toFixed(2)}`]),
    ...warnings(report),
  ];
  if (report.by.model.length > 0) lines.push('', costText(report, 'model'));
  if (report.cache.length > 0) {
    const rows = report.cache.map(({ tier, hits, misses, hit_rate, mean_latency }) => [
      tier,
      whole(hits),
      whole(misses),
      percent(hit_rate),
      mean_latency === undefined ? '' : seconds(mean_latency),
    ]);
    lines.push('', table(['cache tier', 'hits', 'misses', 'hit rate', 'mean'], rows));
  }
  const errors = Object.entries(report.errors);
  if (errors.length > 0)
    lines.push(
      '',
      table(
        ['error', 'count'],
        errors.map(([type, count]) => [type, whole(count)]),
      ),
    );
  const counts = Object.entries(report.counts);
  if (counts.length > 0)
    lines.push(
      '',
      table(
        ['event', 'count'],
        counts.map(([name, count]) => [name, whole(count)]),
      ),
    );
  return `${lines.join('\n')}\n`;
}

/** The cost by model, user, task and so on, as a table. */
export function costText(report: SummaryReport, by: SummaryDimension): string {
  const money = moneyFormat(report.currency);
  const row = (name: string, totals: TotalsReport): string[] => [
    name,
    whole(totals.requests),
    percent(totals.success_rate),
    whole(totals.input_tokens),
    whole(totals.output_tokens),
    money(totals.cost),
    percent(share(totals.cost, report.totals.cost)),
    money(totals.savings.cache + totals.savings.routing + totals.savings.batch),
    seconds(totals.latency.p50),
    seconds(totals.latency.p95),
  ];
  const groups: readonly GroupReport[] = report.by[by];
  return table(
    [by, 'requests', 'success', 'tokens in', 'tokens out', 'cost', 'share', 'saved', 'p50', 'p95'],
    [...groups.map((group) => row(group.name, group)), row('total', report.totals)],
  );
}

function warnings({ totals, other_currencies: others }: SummaryReport): string[] {
  return [
    ...(totals.unpriced > 0 ? [`unpriced   ${whole(totals.unpriced)} requests of models without a price are not in the cost`] : []),
    ...(totals.usage_missing > 0 ? [`unknown    ${whole(totals.usage_missing)} requests said nothing of their usage`] : []),
    ...(others > 0 ? [`currency   ${whole(others)} requests in other currencies are not in the cost`] : []),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function moneyFormat(currency: string): (amount: number) => string {
  return (amount) => {
    const digits = amount !== 0 && Math.abs(amount) < 1 ? 6 : 2;
    return `${amount.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${currency}`;
  };
}

const whole = (count: number): string => count.toLocaleString('en-US');
const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
const share = (part: number, all: number): number => (all === 0 ? 0 : part / all);
const seconds = (value: number): string => (value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(2)} s`);
