// Records what the real Collector makes of golden cases, and prints where millrace differs:
// node --conditions=@millrace/source test/peers/record-golden.ts packages/NAME [case ...]
// Cases whose expectation is millrace's own (`differs`, `reference: semantics`) are written from millrace only when they are named.
import { writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { expectationFile, goldenSuites, millrace, runCases } from '../golden.ts';
import { goldenCollector, recorded } from './golden.ts';

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: record-golden.ts packages/NAME [case ...]');
const [suite] = await goldenSuites(folder.replace(/\/$/, ''));
if (suite === undefined) throw new Error(`${folder} has no golden cases`);
const chosen = suite.cases.filter(({ name }) => names.length === 0 || names.includes(name));
const theirs = chosen.filter(recorded);
const collector = theirs.length === 0 ? undefined : goldenCollector(suite);
const expected = collector === undefined ? new Map<string, unknown>() : await runCases(suite, theirs, collector.program, collector.type);
const ours = await runCases(suite, chosen, millrace, suite.entry.type);
let different = 0;
for (const golden of chosen) {
  const own = ours.get(golden.name);
  const isOurs = !recorded(golden);
  if (isOurs && names.length === 0) continue;
  const output = isOurs ? own : expected.get(golden.name);
  writeFileSync(expectationFile(suite, golden), `${JSON.stringify(output, undefined, 1)}\n`);
  if (isDeepStrictEqual(own, output)) continue;
  different++;
  console.log(`${golden.name} differs.\nCollector: ${JSON.stringify(output)}\nmillrace:  ${JSON.stringify(own)}\n`);
}
console.log(`${chosen.length} cases, ${different} differ`);
