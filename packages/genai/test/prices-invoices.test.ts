import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readYaml } from '@millrace/config';
import { Call, formatMoney, parseMoney, PriceList, readUsageBody } from '../src/index.ts';
import type { CacheResult, CostStatus, Level, PriceOverride, TokenKind } from '../src/index.ts';

/** A call that was billed, and how its amount comes about, worked by hand. */
interface Invoice {
  readonly shows: string;
  /** Where the prices are from, with the prices. */
  readonly prices: string;
  readonly provider: string;
  readonly model: string;
  readonly date: string;
  readonly level?: Level;
  readonly serviceTier?: string;
  readonly batch?: boolean;
  readonly cacheResult?: CacheResult;
  readonly reportedCost?: string;
  readonly reportedCurrency?: string;
  readonly baseline?: string;
  /** Prices stated in the invoice; those of the catalogue otherwise. */
  readonly overrides?: readonly PriceOverride[];
  /** What the vendor answered, or the usage itself. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly usage?: Readonly<Record<string, number>>;
  /** Line by line: `what: count × price / 1M = amount`, or a sum. */
  readonly arithmetic: readonly string[];
  readonly currency?: string;
  readonly status?: CostStatus;
  readonly amount: string;
  readonly estimated?: string;
  readonly promptCacheSavings?: string;
  readonly driftPercent?: number;
  readonly tier?: string;
  readonly tierAssumed?: boolean;
  readonly savings?: { readonly cache?: string; readonly routing?: string; readonly batch?: string };
}

const folder = join(import.meta.dirname, '../testdata/invoices');
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -5));
const read = (name: string): Invoice => readYaml(readFileSync(join(folder, `${name}.yaml`), 'utf8'), name, {}).value as Invoice;
const money = (text: string): bigint => parseMoney(text)!;

/** What is wrong with a line of arithmetic; undefined when it is right. */
function fault(line: string): string | undefined {
  const product = /: ([\d,]+) × ([\d.]+) \/ (1M|1k) = ([\d.]+)$/.exec(line);
  if (product !== null) {
    const [, count, price, unit, amount] = product;
    const exact = BigInt(count!.replaceAll(',', '')) * money(price!);
    return exact === money(amount!) * (unit === '1M' ? 1_000_000n : 1000n) ? undefined : line;
  }
  const sum = /: ([-+ \d.]+) = (-?[\d.]+)$/.exec(line);
  if (sum === null) return `${line} is no arithmetic`;
  const terms = [...sum[1]!.matchAll(/(?:^|([-+]) )([\d.]+)/g)];
  const exact = terms.reduce((all, [, sign, term]) => (sign === '-' ? all - money(term!) : all + money(term!)), 0n);
  return exact === money(sum[2]!) ? undefined : line;
}

describe('An invoice', () => {
  it('is there for every tier, time to live and modality', () => {
    expect(names.length).toBeGreaterThanOrEqual(30);
    const lines = names.flatMap((name) => read(name).arithmetic).join('\n');
    for (const kind of [
      'cache_read',
      'cache_read_audio',
      'cache_read_video',
      'cache_write',
      'cache_write_5m',
      'cache_write_1h',
      'reasoning',
    ]) {
      expect(lines).toMatch(new RegExp(`^${kind}\\b`, 'm'));
    }
    for (const kind of [
      'input_audio',
      'input_image',
      'input_video',
      'output_audio',
      'output_image',
      'output_video',
      'web_search',
      'request',
    ]) {
      expect(lines).toMatch(new RegExp(`^${kind}\\b`, 'm'));
    }
  });

  it.each(names)('%s is worked without a mistake', (name) => {
    const { arithmetic } = read(name);
    expect(arithmetic.map(fault).filter(Boolean)).toEqual([]);
  });

  it.each(names)('%s costs what was worked by hand', async (name) => {
    const invoice = read(name);
    const list = await PriceList.load({
      ...(invoice.overrides === undefined ? {} : { overrides: invoice.overrides, catalog: 'none' }),
      ...(invoice.baseline === undefined ? {} : { baseline_model: invoice.baseline }),
    });
    const call = new Call();
    call.level = invoice.level ?? 'inference';
    call.provider = invoice.provider;
    call.responseModel = invoice.model;
    call.serviceTier = invoice.serviceTier ?? '';
    call.batch = invoice.batch ?? false;
    call.cacheResult = invoice.cacheResult ?? '';
    call.reportedCost = invoice.reportedCost ?? '';
    call.reportedCurrency = invoice.reportedCurrency ?? '';
    if (invoice.body === undefined) {
      call.usage.known = true;
      for (const [kind, tokens] of Object.entries(invoice.usage!)) call.usage.set(kind as TokenKind, tokens);
    } else {
      expect(readUsageBody(invoice.body, invoice.provider, call.usage)).toBe(true);
    }
    const cost = list.price(call, Date.parse(invoice.date));
    expect({ status: cost.status, currency: cost.currency, amount: formatMoney(cost.amount) }).toEqual({
      status: invoice.status ?? 'priced',
      currency: invoice.currency ?? 'USD',
      amount: invoice.amount,
    });
    if (invoice.status === undefined) expect(formatMoney(cost.estimated)).toBe(invoice.estimated ?? invoice.amount);
    expect(cost.byKind.reduce((sum, part) => sum + part, 0n)).toBe(cost.estimated);
    const { cache = '0', routing = '0', batch = '0' } = invoice.savings ?? {};
    expect({
      cache: formatMoney(cost.savings.cache),
      routing: formatMoney(cost.savings.routing),
      batch: formatMoney(cost.savings.batch),
    }).toEqual({ cache, routing, batch });
    if (invoice.promptCacheSavings !== undefined) expect(formatMoney(cost.promptCacheSavings)).toBe(invoice.promptCacheSavings);
    if (invoice.driftPercent === undefined) expect(cost.driftPercent).toBeNaN();
    else expect(cost.driftPercent).toBeCloseTo(invoice.driftPercent, 9);
    expect(cost.tierAssumed).toBe(invoice.tierAssumed ?? false);
    if (invoice.tier !== undefined) expect(cost.tier).toBe(invoice.tier);
  });
});
