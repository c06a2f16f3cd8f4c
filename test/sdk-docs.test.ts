import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFakeVendor } from './fake-vendor.ts';
import type { FakeVendor } from './fake-vendor.ts';
import { temporaryFolder } from './harness.ts';

const root = join(import.meta.dirname, '..');
const folder = temporaryFolder();
const examples = ['docs/sdk.md', 'packages/receiver-sdk/README.md'].flatMap((document) => {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/```js\n([^]*?)```/g)].map(([, code], index) => ({ document, index, code: code! }));
});

let vendor: FakeVendor;
beforeAll(async () => {
  vendor = await startFakeVendor();
  mkdirSync(join(folder, 'node_modules/@millrace'), { recursive: true });
  symlinkSync(join(root, 'packages/sdk'), join(folder, 'node_modules/@millrace/sdk'));
  for (const name of ['openai', 'ai', '@ai-sdk', '@opentelemetry'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
});
afterAll(() => vendor.close());

/** Runs an example as it stands, with the vendor and the collector that it means. */
async function run(code: string): Promise<{ exit: number | null; stdout: string; stderr: string }> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.mjs`);
  // The one thing that is not there: a collector on the usual port.
  writeFileSync(file, code.replaceAll('http://127.0.0.1:4318', `${vendor.url}/collector`));
  const env = { OPENAI_API_KEY: 'key', OPENAI_BASE_URL: `${vendor.url}/v1` };
  const child = spawn(process.execPath, [file], { cwd: folder, env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const exit = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exit, stdout, stderr };
}

describe('The examples of the SDK', () => {
  it.each(examples)('run and print what they say: $document, example $index', async ({ code }) => {
    const { exit, stdout, stderr } = await run(code);
    const expected = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => `${text}\n`).join('');
    // The vendor takes no telemetry: that it is refused is logged.
    expect({ exit, stdout, stderr: stderr.replaceAll(/^.*Exporting failed.*\n/gm, '') }).toEqual({ exit: 0, stdout: expected, stderr: '' });
  });
});
