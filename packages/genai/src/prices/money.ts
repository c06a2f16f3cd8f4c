/**
 * An amount of money, exact: a whole number of 10^-15 of the currency. A price of $0.000000001 per million tokens is one unit a token, and
 * bigints have no largest value, so sums of amounts never round and never overflow.
 */
export type Money = bigint;

/** Digits after the decimal point that an amount can have. */
export const moneyDecimals = 15;

const unitsPerOne = 1e15;
const safe = BigInt(Number.MAX_SAFE_INTEGER);
const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;
const longestText = 400;
const powers: readonly bigint[] = Array.from({ length: 64 }, (_, exponent) => 10n ** BigInt(exponent));

/**
 * Reads a decimal number such as `0.0123`, `5e-7` or `-2` exactly, as units of 10^-`decimals`. Undefined when the text is no number or has
 * digits beyond the unit.
 */
export function parseDecimal(text: string, decimals: number): bigint | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = text.length > longestText ? [] : (decimal.exec(text) ?? []);
  if (sign === undefined || whole.length + fraction.length === 0) return undefined;
  const digits = whole + fraction;
  const shift = decimals - fraction.length + Number(exponent);
  if (shift >= 0) return signed(sign, BigInt(digits) * (powers[shift] ?? 10n ** BigInt(shift)));
  const kept = digits.length + shift;
  if (/[1-9]/.test(digits.slice(Math.max(kept, 0)))) return undefined;
  return kept > 0 ? signed(sign, BigInt(digits.slice(0, kept))) : 0n;
}

function signed(sign: string, units: bigint): bigint {
  return sign === '-' ? -units : units;
}

/** Reads an amount such as `0.0123`; undefined when the text is no decimal number or finer than 10^-15. */
export function parseMoney(text: string): Money | undefined {
  return parseDecimal(text, moneyDecimals);
}

const mostReported = 10n ** 30n;
const reportedUnit = 10n ** BigInt(2 * moneyDecimals);

/**
 * Reads what somebody reports as a cost: doubles are often written with more digits than money has, so it is rounded to 10^-15. Undefined when
 * it is no number, negative, or beyond 10^15 of the currency.
 */
export function parseReported(text: string): Money | undefined {
  const money = parseDecimal(text, moneyDecimals) ?? rounded(parseDecimal(text.trim(), 3 * moneyDecimals));
  return money === undefined || money < 0n || money > mostReported ? undefined : money;
}

function rounded(fine: bigint | undefined): Money | undefined {
  return fine === undefined ? undefined : (fine + reportedUnit / 2n) / reportedUnit;
}

const mostWritten = 1e15;

/**
 * Reads an amount that was written as a double: its shortest decimal digits, rounded where they are finer than 10^-15. Undefined when it is no
 * number, or beyond 10^15 of the currency, which would make every sum useless.
 */
export function moneyOf(amount: number): Money | undefined {
  return Math.abs(amount) <= mostWritten ? (parseMoney(String(amount)) ?? parseMoney(amount.toFixed(moneyDecimals))) : undefined;
}

/** Writes an amount as an exact decimal number without trailing zeros: `0.0123`. */
export function formatMoney(money: Money): string {
  const digits = (money < 0n ? -money : money).toString().padStart(moneyDecimals + 1, '0');
  const fraction = digits.slice(-moneyDecimals).replace(/0+$/, '');
  return `${money < 0n ? '-' : ''}${digits.slice(0, -moneyDecimals)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The double nearest to an amount, for an attribute or a metric. Sums are made of `Money`, not of these. */
export function moneyToNumber(money: Money): number {
  // A quotient of two exact doubles is rounded once.
  return money <= safe && money >= -safe ? Number(money) / unitsPerOne : Number(formatMoney(money));
}
