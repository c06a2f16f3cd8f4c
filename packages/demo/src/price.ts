import type { Attempt } from './traffic.ts';
import { models } from './world.ts';
import type { DemoModel, ModelPrices } from './world.ts';

/** Tokens in disjoint kinds. */
export interface Tokens {
  readonly input: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly output: number;
  readonly reasoning?: number;
}

/**
 * What the vendor's list asks for some tokens, in units of 10^-12 dollars; undefined for a model without prices. By whole numbers alone, so that it
 * can check others.
 */
export function listPrice(model: DemoModel, tokens: Tokens, unixMs: number, batch = false): bigint | undefined {
  const { usdPerMillion: prices } = model.prices.findLast(({ from }) => from === undefined || Date.parse(from) <= unixMs) ?? {};
  if (prices === undefined) return undefined;
  const { input, cacheRead = 0, cacheWrite = 0, output, reasoning = 0 } = tokens;
  const price =
    BigInt(input) * micros(prices.input) +
    BigInt(cacheRead) * micros(prices.cacheRead) +
    BigInt(cacheWrite) * micros(prices.cacheWrite) +
    BigInt(output + reasoning) * micros(prices.output);
  return batch ? (price * BigInt(prices.batchPercent ?? 100)) / 100n : price;
}

/** What the vendor says it charged for a call, as a decimal number of dollars; undefined when it does not say. */
export function chargedUsd(attempt: Attempt): string | undefined {
  const { charged, errorType, model, startMs } = attempt;
  const price = charged === undefined || errorType !== '' ? undefined : listPrice(model, attempt, startMs);
  return price === undefined ? undefined : usd((price * BigInt(Math.round(charged! * 1000))) / 1000n);
}

/** An amount in units of 10^-12 dollars as a decimal number. */
export function usd(amount: bigint): string {
  const digits = amount.toString().padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`;
}

/** The demo's prices for the setting `prices` of millrace. */
export function priceSettings(): { catalog: 'none'; baseline_model: string; overrides: object[] } {
  return { catalog: 'none', baseline_model: 'openai/gpt-4o', overrides: models.flatMap(overridesOf) };
}

function overridesOf({ provider, name, answers, prices }: DemoModel): object[] {
  return prices.map(({ from, usdPerMillion }, index) => ({
    provider,
    model: { or: [answers, name] },
    ...(from !== undefined && { from }),
    ...(index < prices.length - 1 && { until: prices[index + 1]!.from }),
    ...pricesOf(usdPerMillion),
  }));
}

function pricesOf({ input, cacheRead, cacheWrite, output, batchPercent }: ModelPrices): object {
  return {
    input,
    cache_read: cacheRead,
    cache_write: cacheWrite,
    output,
    ...(batchPercent !== undefined && { batch: { percent: batchPercent } }),
  };
}

/** Millionths of a dollar. */
function micros(dollars: string): bigint {
  const [whole = '0', fraction = ''] = dollars.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}
