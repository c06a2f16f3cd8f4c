import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { listPrice, modelOf, priceSettings } from '../src/index.ts';

describe("The demo's prices", () => {
  it('stand in the file of its pipeline', () => {
    expect(parse(readFileSync(join(import.meta.dirname, '../prices.yaml'), 'utf8'))).toEqual({ overrides: priceSettings().overrides });
  });

  it('change when the demo says so', () => {
    const tokens = { input: 1_000_000, output: 0 };
    const haiku = modelOf('claude-haiku-4-5');
    const at = (day: number): bigint | undefined => listPrice(haiku, tokens, Date.UTC(2026, 10, day));
    expect([at(8), at(9)]).toEqual([10n ** 12n, 8n * 10n ** 11n]);
    expect(listPrice(modelOf('house-llm'), tokens, Date.UTC(2026, 10, 8))).toBeUndefined();
  });
});
