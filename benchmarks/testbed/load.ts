import { setTimeout as delay } from 'node:timers/promises';
import { countItems } from '../load/count-items.ts';
import { freePort } from '../target.ts';
import { startAgent, untilFree } from './agent.ts';
import type { Usage } from './agent.ts';
import { startBackend } from './backend.ts';
import { loadConfiguration } from './configuration.ts';
import type { Part, PartOptions } from './part.ts';
import { scenarios } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { pointsPerMetric } from './payload.ts';
import { startSender } from './sender.ts';

interface Outcome extends Usage {
  readonly problems: readonly string[];
  readonly remarks: readonly string[];
}

/** How long a collector may run before its CPU counts, under the same load. Upstream's testbed allows a minute to come below the limit. */
const warmUpSeconds = 10;
const drainWithinMs = 10_000;
/** Where the generated configuration makes both listen: own metrics, and pprof. */
const fixedPorts = [8888, 1777];

async function run(scenario: Scenario, command: readonly string[], maxSeconds: number): Promise<Outcome> {
  const { load, backend: behaviour, adds } = scenario;
  const seconds = Math.min(scenario.seconds, maxSeconds);
  let received = 0;
  let unchanged = 0;
  const backend = await startBackend(load.protocol === 'http' ? 'http' : 'grpc', (body) => {
    received += countItems(load.signal, body);
    if (adds !== undefined && !body.includes(adds)) unchanged++;
  });
  const port = await freePort();
  const backendPort = behaviour === 'absent' ? await freePort() : backend.port;
  const problems: string[] = [];
  const remarks: string[] = [];
  for (const fixed of fixedPorts) await untilFree(fixed);
  const agent = await startAgent(command, (folder) => loadConfiguration(scenario, port, backendPort, folder), port);
  const began = performance.now();
  const sender = startSender(load, port);
  const { sent } = sender;
  try {
    if (behaviour === 'accepts') {
      await delay(Math.min(warmUpSeconds, maxSeconds) * 1000);
      agent.warm();
    } else if (typeof behaviour === 'object') {
      const until = 'hangsUntil' in behaviour ? behaviour.hangsUntil : behaviour.refusesUntil;
      backend.mode = 'hangsUntil' in behaviour ? 'hang' : 'refuse';
      if (until === undefined) await delay(3000);
      else await agent.says(until, scenario.seconds * 1000);
      backend.mode = 'accept';
    }
    await delay(seconds * 1000);
    const usage = agent.usage();
    await sender.stop();
    const itemsPerSecond = sent.acknowledged / ((performance.now() - began) / 1000) / (load.signal === 'metrics' ? pointsPerMetric : 1);
    if (behaviour === 'accepts' && itemsPerSecond < load.itemsPerSecond * 0.9) remarks.push(`${itemsPerSecond.toFixed(0)} items/s only`);
    const arrives = behaviour !== 'absent';
    const deadline = performance.now() + drainWithinMs;
    if (arrives) while (received < sent.acknowledged && performance.now() < deadline) await delay(50);
    const { exitCode, profileBytes } = await agent.stop();
    if (exitCode !== 0) problems.push(exitCode === -1 ? 'did not end within 10 s of SIGTERM' : `exit code ${exitCode}`);
    if (profileBytes === 0) problems.push('pprof saved nothing');
    const lost = sent.acknowledged - received;
    if (arrives && lost > 0) problems.push(`${lost} of ${sent.acknowledged} acknowledged items did not arrive`);
    if (arrives && load.itemsPerSecond > 0 && sent.acknowledged === 0) problems.push('nothing was accepted');
    if (unchanged > 0) problems.push(`${unchanged} requests arrived without "${adds}"`);
    const { says, doesNotSay } = scenario;
    if (says !== undefined && !agent.log().includes(says)) problems.push(`the log does not say "${says}"`);
    if (doesNotSay !== undefined && agent.log().includes(doesNotSay)) problems.push(`the log says "${doesNotSay}"`);
    return { ...usage, problems, remarks };
  } finally {
    backend.mode = 'accept';
    await sender.stop();
    await backend.close();
  }
}

/** The same, with what is thrown as a problem. */
async function tryRun(...args: Parameters<typeof run>): Promise<Outcome> {
  try {
    return await run(...args);
  } catch (error) {
    const [first] = (error as Error).message.split('\n', 2);
    return { cpuWarmUp: 0, cpuAverage: 0, rssAverage: 0, rssMax: 0, rssFinal: 0, problems: [first!], remarks: [] };
  }
}

/** What millrace may use. */
const cpuLimitOf = ({ cpuAverage }: Usage): number => Math.max(cpuAverage * 1.1, cpuAverage + 1);

const limitsCell = ({ limits: { cpu, rssMiB } }: Scenario): string => (cpu === undefined ? '-' : `${cpu} / ${rssMiB}`);

function usageCell({ cpuWarmUp, cpuAverage, rssAverage, rssMax }: Usage, isSteady: boolean): string {
  const warmUp = isSteady ? ` (${cpuWarmUp.toFixed(1)})` : '';
  return `${cpuAverage.toFixed(1)}${warmUp} % · ${rssAverage.toFixed(0)} / ${rssMax.toFixed(0)}`;
}

/** Runs the load scenarios against otelcol and millrace in turn. */
export async function runLoads({ commands, only, maxSeconds }: PartOptions): Promise<Part> {
  const rows: string[] = [];
  let failures = 0;
  for (const scenario of scenarios.filter(({ name }) => name.includes(only))) {
    const { name, limits, remark, backend } = scenario;
    if (scenario.absent !== undefined) {
      rows.push(`| ${name} | ${limitsCell(scenario)} | | | not run: ${scenario.absent} |`);
      continue;
    }
    const isSteady = backend === 'accepts';
    let [theirs, ours] = [await tryRun(scenario, commands.otelcol, maxSeconds), await tryRun(scenario, commands.millrace, maxSeconds)];
    if (isSteady && ours.cpuAverage > cpuLimitOf(theirs)) {
      // Other programs slow down whoever runs beside them: only what happens twice counts.
      [theirs, ours] = [await tryRun(scenario, commands.otelcol, maxSeconds), await tryRun(scenario, commands.millrace, maxSeconds)];
    }
    const notes = ours.problems.map((text) => `**${text}**`);
    const cpuLimit = cpuLimitOf(theirs);
    if (isSteady && ours.cpuAverage > cpuLimit) notes.push(`**CPU above ${cpuLimit.toFixed(1)}, twice**`);
    failures += notes.length > 0 ? 1 : 0;
    if (limits.cpu !== undefined && ours.cpuAverage > limits.cpu) notes.push(`CPU above ${limits.cpu}`);
    if (limits.rssMiB !== undefined && ours.rssMax > limits.rssMiB) notes.push(`RSS ${ours.rssMax.toFixed(0)} above ${limits.rssMiB}`);
    const { rssFloorMiB } = limits;
    if (rssFloorMiB !== undefined) notes.push(`RSS in the end ${ours.rssFinal.toFixed(0)}, upstream's floor ${rssFloorMiB}`);
    notes.push(...ours.remarks, ...[...theirs.problems, ...theirs.remarks].map((text) => `otelcol: ${text}`));
    if (remark !== undefined) notes.push(remark);
    const row = `| ${name} | ${limitsCell(scenario)} | ${usageCell(theirs, isSteady)} | ${usageCell(ours, isSteady)} | ${notes.join('; ')} |`;
    rows.push(row);
    console.log(row);
  }
  const text = `## Load

The same generated configuration, the same load, one after the other. CPU is the average in percent of one core by the process's own CPU time: of the
run after ${warmUpSeconds} s of the same load, in brackets of those first ${warmUpSeconds} s. RSS in MiB, average / maximum. Limits are upstream's, CPU / RSS. millrace may use as
much CPU as otelcol and a tenth, or one point, more (a row that misses it runs again, and counts when it misses it twice); RSS limits are an aim, and upstream's floors are reported. Sent and received items must agree,
the process must end with 0 within 10 s of SIGTERM, pprof must have saved its profile, and the log must have the lines that upstream looks for.

| scenario | limits | otelcol | millrace | notes |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
  return { text, rows: rows.length, failures };
}
