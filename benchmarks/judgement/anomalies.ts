import { parseArgs } from 'node:util';
import { run } from './anomaly-runs.ts';
import type { RunResult } from './anomaly-runs.ts';

// Prints, as a table in Markdown, what the anomaly processor makes of the demo's traffic. See anomalies.md.
const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: 'judging' },
    count: { type: 'string', default: '20' },
    first: { type: 'string', default: '1' },
    days: { type: 'string', default: '14' },
    thin: { type: 'string', default: '0.04' },
    full: { type: 'string', default: '4' },
    details: { type: 'boolean', default: false },
  },
});
const results: RunResult[] = [];
for (let i = 0; i < Number(flags.count); i++) {
  const seed = `${flags.seeds}-${Number(flags.first) + i}`;
  const result = await run({ seed, days: Number(flags.days), thinPerSecond: Number(flags.thin), fullPerSecond: Number(flags.full) });
  results.push({ ...result, output: '' });
  const { outcomes, falsePositives, requests } = result;
  const promised = outcomes.filter(({ promisedSeconds }) => promisedSeconds !== undefined);
  const late = promised.filter(({ delaySeconds, promisedSeconds }) => !(delaySeconds! <= promisedSeconds!));
  const missed = outcomes.filter(({ delaySeconds }) => delaySeconds === undefined);
  process.stdout.write(
    `${seed}: ${requests} requests, ${outcomes.length} incidents (${missed.length} missed), ${promised.length} with a promise (${late.length} late), ${falsePositives.length} false positives\n`,
  );
  for (const { incident, moved, delaySeconds, promisedSeconds } of flags.details ? outcomes : [...new Set([...late, ...missed])]) {
    const told = promisedSeconds === undefined ? 'no promise' : `promised ${promisedSeconds.toFixed(1)} s`;
    const caught = delaySeconds === undefined ? 'missed' : `${delaySeconds.toFixed(1)} s`;
    process.stdout.write(
      `  ${incident.kind} ${incident.task ?? 'all'} moved ${moved.toFixed(2)}: ${caught}, ${told}, ${new Date(incident.fromMs).toISOString()}\n`,
    );
  }
  for (const { kind, group, text } of falsePositives) process.stdout.write(`  false positive: ${kind} ${group} ${text}\n`);
}

const kinds = [...new Set(results.flatMap(({ outcomes }) => outcomes.map(({ incident }) => incident.kind)))].sort();
process.stdout.write(
  '\n| kind | incidents | caught | promised | kept | delay p50 | p90 | worst |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n',
);
for (const kind of kinds) {
  const outcomes = results.flatMap((result) => result.outcomes.filter(({ incident }) => incident.kind === kind));
  const promised = outcomes.filter(({ promisedSeconds }) => promisedSeconds !== undefined);
  const kept = promised.filter(({ delaySeconds, promisedSeconds }) => delaySeconds! <= promisedSeconds!);
  const delays = promised.map(({ delaySeconds }) => delaySeconds ?? Infinity).sort((a, b) => a - b);
  const at = (share: number): string =>
    delays.length === 0 ? '' : delays[Math.min(delays.length - 1, Math.floor(share * delays.length))]!.toFixed(1);
  const caught = outcomes.filter(({ delaySeconds }) => delaySeconds !== undefined).length;
  process.stdout.write(
    `| ${kind} | ${outcomes.length} | ${caught} | ${promised.length} | ${kept.length} | ${at(0.5)} | ${at(0.9)} | ${at(1)} |\n`,
  );
}
const falsePositives = results.reduce((sum, result) => sum + result.falsePositives.length, 0);
process.stdout.write(`\nFalse positives: ${falsePositives} in ${results.length} seeds.\n`);
