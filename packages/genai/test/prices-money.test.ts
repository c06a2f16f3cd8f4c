import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Call, costKinds, formatMoney, moneyToNumber, parseMoney, PriceList, tokenKinds } from '../src/index.ts';
import type { PriceOverride } from '../src/index.ts';

describe('Money', () => {
  it('is read and written exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (money) => {
        expect(parseMoney(formatMoney(money))).toBe(money);
      }),
    );
  });

  it.each([
    ['0.0123', 12_300_000_000_000n],
    ['.5', 500_000_000_000_000n],
    ['5.', 5_000_000_000_000_000n],
    ['5e-7', 500_000_000n],
    ['1.5E2', 150_000_000_000_000_000n],
    ['-2', -2_000_000_000_000_000n],
    ['+2', 2_000_000_000_000_000n],
    ['0.0000000000000010', 1n],
    ['0e-99', 0n],
  ])('reads %s', (text, money) => {
    expect(parseMoney(text)).toBe(money);
  });

  it.each(['', '.', '-', 'free', '1,5', '1 2', '0x10', 'NaN', 'Infinity', '0.0000000000000001', '1e9999', '1'.repeat(500)])(
    'does not take %j for an amount',
    (text) => {
      expect(parseMoney(text)).toBeUndefined();
    },
  );

  it('becomes the nearest double', () => {
    expect(moneyToNumber(parseMoney('0.1')!)).toBe(0.1);
    expect(moneyToNumber(parseMoney('12345678901.25')!)).toBe(12_345_678_901.25);
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), (money) => {
        expect(moneyToNumber(money)).toBe(Number(formatMoney(money)));
      }),
    );
  });
});

const price = fc.integer({ min: 0, max: 10 ** 9 }).map((units) => formatMoney(BigInt(units) * 10n ** 9n));
const prices = fc.tuple(...tokenKinds.map(() => price)).map((list) => Object.fromEntries(tokenKinds.map((kind, at) => [kind, list[at]!])));
const tokens = fc.array(fc.oneof(fc.constant(0), fc.nat(1_000_000), fc.constant(2 ** 53)), {
  minLength: tokenKinds.length,
  maxLength: tokenKinds.length,
});

const callOf = (counts: readonly number[]): Call => {
  const call = new Call();
  Object.assign(call, { provider: 'acme', responseModel: 'one', level: 'inference' });
  call.usage.known = true;
  for (const [at, count] of counts.entries()) call.usage.tokens[at] = count;
  return call;
};

const listOf = async (override: PriceOverride): Promise<PriceList> =>
  PriceList.load({ catalog: 'none', overrides: [{ provider: 'acme', model: 'one', ...override }] });

describe('A cost', () => {
  it('is the exact sum of its kinds, whatever the numbers', async () => {
    await fc.assert(
      fc.asyncProperty(prices, tokens, async (stated, counts) => {
        const cost = (await listOf(stated)).price(callOf(counts), 0);
        const parts = tokenKinds.map((kind, at) => (BigInt(counts[at]!) * parseMoney(stated[kind]!)!) / 1_000_000n);
        expect(cost.byKind.slice(0, tokenKinds.length)).toEqual(parts);
        expect(cost.byKind.length).toBe(costKinds.length);
        expect(cost.byKind.reduce((sum, part) => sum + part, 0n)).toBe(cost.estimated);
      }),
    );
  });

  it('does not depend on the order of calls, nor on how usage is spread over them', async () => {
    await fc.assert(
      fc.asyncProperty(prices, fc.array(tokens, { minLength: 1, maxLength: 8 }), fc.nat(), async (stated, all, turn) => {
        const list = await listOf(stated);
        const sum = (calls: readonly (readonly number[])[]): bigint =>
          calls.reduce((total, counts) => total + list.price(callOf(counts), 0).amount, 0n);
        const turned = [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)].toReversed();
        expect(sum(turned)).toBe(sum(all));
        const split = all.map((counts) => counts.map((count) => Math.floor(count / 2)));
        const rest = all.map((counts, at) => counts.map((count, kind) => count - split[at]![kind]!));
        expect(sum([...split, ...rest])).toBe(sum(all));
      }),
    );
  });

  it('is the same with a marginal tier whose prices are those before it', async () => {
    await fc.assert(
      fc.asyncProperty(prices, tokens, fc.nat(2_000_000), async (stated, counts, above) => {
        const plain = (await listOf(stated)).price(callOf(counts), 0).estimated;
        const tiered = await listOf({ ...stated, tiers: [{ above, scope: 'marginal', ...stated }] });
        const cost = tiered.price(callOf(counts), 0);
        expect(cost.estimated).toBe(plain);
        expect(cost.byKind.reduce((sum, part) => sum + part, 0n)).toBe(plain);
      }),
    );
  });
});
