import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { billed, charged } from './recordings.ts';
import type { Recording } from './recordings.ts';

const folder = join(import.meta.dirname, '..', 'testdata', 'spans');

describe('spans recorded of real instrumentations', () => {
  it.each(readdirSync(folder).map((file) => file.slice(0, -'.json'.length)))('%s reads as what the vendor charged', (name) => {
    const recording = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Recording;
    expect(recording.bill.length).toBeGreaterThan(0);
    expect(billed(recording)).toEqual(charged(recording));
  });
});
