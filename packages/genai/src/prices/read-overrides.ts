import { tokenIndex, tokenKinds } from '../usage.ts';
import { costKinds } from './cost.ts';
import { modelMatcher } from './model-match.ts';
import type { CompileRegex, MatchModel } from './model-match.ts';
import { moneyDecimals, parseDecimal } from './money.ts';
import type { Money } from './money.ts';
import { dateMs, timeOfDayMs } from './price-entry.ts';
import type { PriceEntry } from './price-entry.ts';
import type { PriceOverride, TierPrices, TokenPrices, VariantPrices } from './prices-schema.ts';
import { providerId } from './provider-id.ts';
import type { StatedPrices, StatedRow, StatedTier, StatedVariant } from './rates.ts';

/** Prices that a user states, and the models that they are for. */
export interface OverrideEntry extends PriceEntry {
  /** As `providerId` says it; undefined for every provider. */
  readonly provider: string | undefined;
  readonly matches: MatchModel;
}

/** The settings of a row, by the places of `costKinds`. */
const settings: readonly (keyof TokenPrices)[] = [...tokenKinds, 'web_searches_per_1000', 'requests_per_1000'];

/** What becomes of a problem: it is thrown, or noted and the value left out. */
type Report = (problem: Error) => void;

const raise: Report = (problem) => {
  throw problem;
};

/** Reads prices that a user states. Throws an Error that names the setting below `path` (`overrides::2::input: ...`). */
export function readOverrides(
  overrides: readonly PriceOverride[],
  currency: string,
  compile: CompileRegex,
  path = 'overrides',
): readonly OverrideEntry[] {
  return overrides.map((override, index) => readOverride(override, currency, compile, `${path}::${index}`, raise));
}

/**
 * Everything that is wrong with overrides, for a check that cannot wait: expressions are not looked at. Each begins with its path, as in
 * `readOverrides`.
 */
export function overrideProblems(overrides: readonly PriceOverride[], path = 'overrides'): readonly string[] {
  const problems: string[] = [];
  const note: Report = ({ message }) => problems.push(message);
  overrides.forEach((override, index) => readOverride(override, 'USD', () => /(?:)/, `${path}::${index}`, note));
  return problems;
}

/** What `read` returns; undefined when it throws, which is reported. */
function tried<T>(read: () => T, report: Report): T | undefined {
  try {
    return read();
  } catch (problem) {
    report(problem as Error);
    return undefined;
  }
}

function readOverride(override: PriceOverride, currency: string, compile: CompileRegex, path: string, report: Report): OverrideEntry {
  const { provider, model, from, until, hours } = override;
  const matches = tried(() => readMatch(model, compile, path), report);
  const fromMs = from === undefined ? -Infinity : tried(() => readDate(from, `${path}::from`), report);
  const untilMs = until === undefined ? Infinity : tried(() => readDate(until, `${path}::until`), report);
  if (fromMs !== undefined && untilMs !== undefined && fromMs >= untilMs)
    report(new Error(`${path}::until: ${until} is not after ${from}`));
  const prices: StatedPrices = {
    currency: override.currency ?? currency,
    row: readRow(override, path, report),
    tiers: readTiers(override.tiers, path, report),
    variants: readVariants(override, path, report),
  };
  const complete = override.input !== undefined;
  const hasOutput = tokenKinds.some((kind, place) => place >= tokenIndex.output && override[kind] !== undefined);
  if (!complete && (override.currency !== undefined || hasOutput)) {
    report(new Error(`${path}: prices of output or in a currency need the price of input as well`));
  }
  if (saysNothing(override) && prices.tiers.length === 0 && prices.variants.size === 0) report(new Error(`${path}: has no price`));
  return {
    provider: provider === undefined ? undefined : providerId(provider),
    matches: matches ?? (() => false),
    fromMs: fromMs ?? -Infinity,
    untilMs: untilMs ?? Infinity,
    hours: hours === undefined ? undefined : tried(() => readHours(hours, `${path}::hours`), report),
    complete,
    prices,
  };
}

function saysNothing(prices: TokenPrices): boolean {
  return settings.every((setting) => prices[setting] === undefined);
}

function readMatch(model: PriceOverride['model'], compile: CompileRegex, path: string): MatchModel {
  if (model === undefined) return () => true;
  try {
    return modelMatcher(model, compile, 'written');
  } catch (error) {
    throw new Error(`${path}::model: ${(error as Error).message}`, { cause: error });
  }
}

function readDate(text: string, path: string): number {
  const ms = dateMs(text);
  if (ms === undefined) throw new Error(`${path}: ${JSON.stringify(text)} is no date such as 2026-01-31 or 2026-01-31T12:00:00Z`);
  return ms;
}

function readHours(text: string, path: string): readonly [number, number] {
  const [start, end, more] = text.split('-').map((part) => timeOfDayMs(part.trim()));
  if (start === undefined || end === undefined || more !== undefined || start === end) {
    throw new Error(`${path}: ${JSON.stringify(text)} is no time of the day in UTC such as 16:30-00:30`);
  }
  return [start, end];
}

function readVariants(override: PriceOverride, path: string, report: Report): ReadonlyMap<string, StatedVariant> {
  const variants = new Map<string, StatedVariant>();
  for (const [name, variant] of Object.entries(override.service_tiers ?? {})) {
    variants.set(name.toLowerCase(), readVariant(variant, `${path}::service_tiers::${name}`, report));
  }
  if (override.batch !== undefined) variants.set('batch', readVariant(override.batch, `${path}::batch`, report));
  return variants;
}

function readVariant(variant: VariantPrices, path: string, report: Report): StatedVariant {
  const { percent } = variant;
  if (percent === undefined && saysNothing(variant)) report(new Error(`${path}: has no price`));
  const permille = percent === undefined ? undefined : tried(() => readPrice(percent, 1, `${path}::percent`), report);
  return { permille, row: readRow(variant, path, report), tiers: readTiers(variant.tiers, path, report) };
}

function readTiers(tiers: readonly TierPrices[] = [], path: string, report: Report): readonly StatedTier[] {
  const read = tiers.map((tier, index): StatedTier => {
    const place = `${path}::tiers::${index}`;
    const above = tried(() => readBorder(tier, place), report) ?? Number.NaN;
    return { above, marginal: tier.scope === 'marginal', row: readRow(tier, place, report) };
  });
  if (new Set(read.map(({ marginal }) => marginal)).size > 1) report(new Error(`${path}::tiers: have one scope, request or marginal`));
  const borders = read.map(({ above }) => above).filter((above) => !Number.isNaN(above));
  if (new Set(borders).size < borders.length) report(new Error(`${path}::tiers: two begin at the same length`));
  return read;
}

function readBorder({ above, at_least: atLeast }: TierPrices, place: string): number {
  if ((above === undefined) === (atLeast === undefined)) throw new Error(`${place}: needs one of above and at_least`);
  const border = above ?? atLeast! - 1;
  if (!Number.isSafeInteger(border) || border < -1) throw new Error(`${place}: a length is a whole number of tokens`);
  return border;
}

function readRow(prices: TokenPrices, path: string, report: Report): StatedRow {
  return costKinds.map((_, place) => {
    const setting = settings[place]!;
    const price = prices[setting];
    if (price === undefined) return undefined;
    const decimals = place < tokenKinds.length ? moneyDecimals - 6 : moneyDecimals - 3;
    return tried(() => readPrice(price, decimals, `${path}::${setting}`), report);
  });
}

function readPrice(price: unknown, decimals: number, path: string): Money {
  const units = typeof price === 'string' || typeof price === 'number' ? parseDecimal(String(price).trim(), decimals) : undefined;
  if (units === undefined) {
    throw new Error(
      `${path}: ${JSON.stringify(price) ?? String(price)} is no decimal number with at most ${decimals} digits after the point`,
    );
  }
  if (units < 0n) throw new Error(`${path}: ${String(price)} is negative`);
  return units;
}
