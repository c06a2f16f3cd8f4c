import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { admitJson, noClient } from '@millrace/wire';
import type { Signal } from '@millrace/wire';
import { configOf, testContext, testHost } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const testdata = join(import.meta.dirname, '..', 'testdata');
const inputs = readdirSync(testdata).filter((name) => name.endsWith('.json'));

/** What the exporter logs for an OTLP/JSON file: the counts and the dump. */
async function logged(input: string, verbosity: string): Promise<string> {
  const signal = input.split(/[-.]/)[0] as Signal;
  const context = testContext({ kind: 'exporter', signal });
  const host = testHost();
  const stage = factory.create(configOf(factory, { verbosity }), context);
  const json = readFileSync(join(testdata, input));
  const lease = host.pool.lease(json.length);
  json.copy(lease.buffer);
  using batch = admitJson(signal, lease, 0, json.length, noClient);
  await stage.start?.(host);
  await stage.consume(batch);
  await stage.shutdown?.(AbortSignal.abort());
  return context.lines
    .map(({ message, attributes }) => `${message}${attributes === undefined ? '' : ` ${JSON.stringify(attributes)}`}\n`)
    .join('');
}

// The golden texts were compared with the Collector's, line by line. UPDATE_GOLDEN=1 writes them anew.
describe.each(inputs)('debug, with %s', (input) => {
  it.each(['normal', 'detailed'])('writes the golden text with verbosity %s', async (verbosity) => {
    const golden = join(testdata, `${input.replace('.json', '')}.${verbosity}.txt`);
    const text = await logged(input, verbosity);
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(golden, text);
    // Bounds of exponential histograms are compared to 14 digits: the last one depends on the machine.
    const rounded = (all: string): string => all.replace(/\d\.\d{14,}/g, (digits) => String(Number(Number(digits).toPrecision(14))));
    expect(rounded(text)).toBe(rounded(readFileSync(golden, 'utf8')));
  });
});
