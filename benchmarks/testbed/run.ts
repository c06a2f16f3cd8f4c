import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { install } from '../../test/peers/install.ts';
import { peers } from '../../test/peers/peers.ts';
import { runCorrectness } from './correctness.ts';
import { runLoads } from './load.ts';
import type { Part, PartOptions } from './part.ts';

/**
 * The Collector's testbed, run in turn against millrace and a real Collector. `--load` and `--correctness` run one part, `--only TEXT` the rows
 * whose name contains it, `--seconds N` shortens the loads, `--verbose` prints every difference. Without options the report is written to benchmarks/testbed/RESULTS.md. Exits with 1
 * when items are lost or changed, at a wrong exit code, and when a steady load costs more CPU than allowed.
 */
const { values: options } = parseArgs({
  options: {
    load: { type: 'boolean' },
    correctness: { type: 'boolean' },
    only: { type: 'string' },
    seconds: { type: 'string' },
    verbose: { type: 'boolean' },
  },
});
const commands = {
  millrace: [join(import.meta.dirname, '../../packages/cli/bin/millrace'), '--workers', '1'],
  otelcol: [install(peers.otelcol)],
};
const partOptions: PartOptions = {
  commands,
  only: options.only ?? '',
  maxSeconds: Number(options.seconds ?? Infinity),
  verbose: options.verbose === true,
};
const parts: Part[] = [];
if (options.correctness !== true || options.load === true) parts.push(await runLoads(partOptions));
if (options.load !== true || options.correctness === true) parts.push(await runCorrectness(partOptions));
const report = `# Testbed

\`npm run testbed\` rebuilds the load shapes, limits and checks of opentelemetry-collector-contrib/testbed and runs them against millrace
(\`--workers 1\`) and a real otelcol on one machine. It is equivalent to the testbed, not the testbed itself: sender, destination and checks are ours.

${parts.map(({ text }) => text).join('\n')}`;
if (Object.keys(options).length === 0) writeFileSync(join(import.meta.dirname, 'RESULTS.md'), report);
const failures = parts.reduce((sum, part) => sum + part.failures, 0);
console.log(`${parts.reduce((sum, part) => sum + part.rows, 0)} rows, ${failures} failed`);
process.exit(failures > 0 ? 1 : 0);
