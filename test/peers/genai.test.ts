import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { billed, charged } from '../../packages/genai/test/recordings.ts';
import { instrumentations, lossesOf, versionOf } from './genai/instrumentations.ts';
import { nameOf, record } from './genai/record.ts';
import type { Recording } from './genai/record.ts';
import { peers } from './peers.ts';

const subjects = instrumentations.flatMap((of) =>
  of.vendors.map((vendor) => ({
    of,
    vendor,
    name: `${of.language} ${of.package}@${versionOf(of)}${of.variant === undefined ? '' : ` ${of.variant}`}, ${vendor}`,
  })),
);
/** One call of every sort; all of them are in the recordings that packages/genai/test reads. */
const cases = ['plain', 'stream-with-usage', 'stream', 'cache-read', 'cache-write', 'agent', 'error'];

const folder = join(import.meta.dirname, '..', '..', 'packages', 'genai', 'testdata', 'spans');
const recorded = readdirSync(folder).map((file) => ({
  file,
  recording: JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recording,
}));
const known = JSON.parse(readFileSync(join(import.meta.dirname, 'genai', 'cases.json'), 'utf8')) as { name: string; vendor: string }[];

describe('recordings of AI clients', () => {
  it.each(subjects)('$name: there are some, and each says what is lost', ({ of, vendor }) => {
    const own = recorded.filter(({ file, recording }) => recording.vendor === vendor && file === `${nameOf(of, recording)}.json`);
    expect(own.length).toBeGreaterThan(2);
    for (const { recording } of own) {
      const { instrumentation, version, settings, case: name, bill, lost } = recording;
      expect({ instrumentation, version, settings }).toEqual({ instrumentation: of.package, version: versionOf(of), settings: of.env });
      expect(known).toContainEqual(expect.objectContaining({ vendor, name }));
      expect(lost).toEqual(lossesOf(of, vendor, name, new Set(bill.flatMap(({ usage }) => Object.keys(usage)))));
    }
  });

  it('are all of an instrumentation that is recorded', () => {
    const names = new Set(
      recorded.flatMap(({ recording }) => instrumentations.map((of) => `${nameOf(of, { ...recording, version: versionOf(of) })}.json`)),
    );
    expect(recorded.map(({ file }) => file).filter((file) => !names.has(file))).toEqual([]);
  });

  it('use every case and every environment', () => {
    const used = new Set(recorded.map(({ recording }) => `${recording.vendor} ${recording.case}`));
    expect(known.map(({ vendor, name }) => `${vendor} ${name}`).filter((one) => !used.has(one))).toEqual([]);
    const environments = Object.entries(peers).filter(([, { files }]) => files.startsWith('genai-python'));
    expect(environments.map(([name]) => name).toSorted()).toEqual(
      [
        ...new Set(instrumentations.filter(({ language }) => language === 'python').map(({ recipe }) => recipe ?? 'genaiPython')),
      ].toSorted(),
    );
  });
});

describe('instrumentations of AI clients', () => {
  it.each(subjects)('$name: the spans read as what the vendor charged', async ({ of, vendor }) => {
    const recordings = await record(of, vendor, of.cases ?? cases);
    expect(recordings.length).toBeGreaterThan(2);
    for (const recording of recordings)
      expect({ case: recording.case, calls: billed(recording) }).toEqual({ case: recording.case, calls: charged(recording) });
  });
});
